/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What aempctl is told: docs/attach.md, section 5. Time stands at 1700000001.
 */

#include <stdlib.h>

#include "rig-client.h"
#include "tests/unit/test.h"

static void certificate(NodeConfig *config) {
        config->certificate_starts = 1700000001 + 86400;
        config->certificate_expires = 1700000001 + 86400 * 3 / 2;
}

static void old_certificate(NodeConfig *config) {
        config->certificate_starts = 1600000000;
        config->certificate_expires = 1700000001 - 86400;
}

TEST(own_certificate) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *a = rig_client(rig, "first");

        check(strstr(rig_ask(a, "\"aempd::status\""), "\"certificate\":null"));
        rig_free(rig);

        rig = rig_new_with("host1", NULL, certificate);
        a = rig_client(rig, "first");
        check(strstr(rig_ask(a, "\"aempd::status\""),
                "\"certificate\":{\"starts\":1700086401,\"expires\":1700129601,\"days\":1.5}"));
        rig_free(rig);

        rig = rig_new_with("host1", NULL, old_certificate);
        a = rig_client(rig, "first");
        check(strstr(rig_ask(a, "\"aempd::status\""),
                "\"certificate\":{\"starts\":1600000000,\"expires\":1699913601,\"days\":-1}"));
        rig_free(rig);
}

TEST(link_without_tls) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *a = rig_client(rig, "first"), *peer = rig_peer(rig, "host2");

        check(strstr(rig_ask(a, "\"aempd::nodes\""),
                "\"tls\":null,\"cipher\":null,\"certificate\":null,\"auth\":\"hmac_sha3_512\","
                "\"auth_sent\":\"hmac_sha3_512\",\"framing\":\"cbor\",\"framing_sent\":"));
        rig_close(peer, "x");
        check(strstr(rig_ask(a, "\"aempd::nodes\""),
                "\"auth\":null,\"auth_sent\":null,\"framing\":null,\"framing_sent\":null}"));
        rig_free(rig);
}

TEST(only_for_administrators) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *user = rig_client_of(rig, "user", 1000, ""), *own = rig_client_of(rig, "own", 7, "");

        rig_say(user, "[\"\",\"aempd::status\",\"host1#%sx\"]", user->prefix);
        check(strstr(rig_heard(user), "\"refused\",\"aempd::status\",\"denied\""));
        check(strstr(rig_ask(own, "\"aempd::status\""), "\"node\":\"host1\""));
        rig_free(rig);
}
