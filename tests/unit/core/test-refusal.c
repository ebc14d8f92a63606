/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/refusal.h"

#include <stdio.h>

#include "rig-client.h"
#include "tests/unit/test.h"
#include "wire/json.h"

static const char *text(const Refusals *refusals) {
        static Buf json;
        _cleanup_buf_ Buf cbor = BUF_INIT;

        refusals_describe(refusals, &cbor);
        buf_deinit(&json);
        check_int(json_from_cbor(cbor.data, cbor.len, &json), ==, 0);
        buf_putc(&json, '\0');
        return (const char *) json.data;
}

TEST(nodes_and_sources) {
        Refusals refusals = {};

        check_str(text(&refusals), "[]");
        refusals_add(&refusals, NULL, "192.0.2.1:1", "what it sent is no AEMP greeting", 1000000);
        refusals_add(&refusals, "a", "192.0.2.1:2", "wrong", 2000000);
        refusals_add(&refusals, NULL, "192.0.2.1:3", "too long", 3000000);
        refusals_add(&refusals, "a", "192.0.2.2:4", "still wrong", 3000000);
        check_str(text(&refusals),
                "[{\"node\":null,\"address\":\"192.0.2.1:3\",\"reason\":\"too "
                "long\",\"times\":2,\"last\":3},"
                "{\"node\":\"a\",\"address\":\"192.0.2.2:4\",\"reason\":\"still "
                "wrong\",\"times\":2,\"last\":3}]");
        refusals_deinit(&refusals);
}

TEST(the_latest_stay) {
        Refusals refusals = {};
        char node[16];

        for (unsigned i = 0; i < 3 * REFUSALS_MAX; i++) {
                snprintf(node, sizeof(node), "n%u", i);
                refusals_add(&refusals, node, "192.0.2.1:1", "no", i + 1);
        }

        for (unsigned i = 0; i < 3 * REFUSALS_MAX; i++) {
                snprintf(node, sizeof(node), "\"n%u\"", i);
                check_int(!!strstr(text(&refusals), node), ==, i >= 2 * REFUSALS_MAX);
        }
        check_int(strncmp(text(&refusals), "[{\"node\":\"n23\"", 14), ==, 0);
        refusals_deinit(&refusals);
}

/* aempd::status has them. */
TEST(told) {
        Rig *rig = rig_new("host1", NULL);
        RigEnd *a = rig_client(rig, "first"), *end = rig_accept(rig);

        check(strstr(rig_ask(a, "\"aempd::status\""), "\"refused\":[]"));
        rig_octets(end, "GET / HTTP/1.1\n\n", 16);
        check(strstr(rig_ask(a, "\"aempd::status\""),
                "\"reason\":\"what it sent is no AEMP greeting\",\"times\":1,\"last\":1700000001}]"));
        rig_free(rig);
}

/* ...and why a seed is not connected: not reached, refused, not found. */
TEST(of_seeds) {
        static const char *const seeds[] = {"hub.example:4040", NULL};
        static const char *const address[] = {"192.0.2.2:4040"};
        Rig *rig = rig_new("host1", seeds);
        RigEnd *a = rig_client(rig, "first");

        check(strstr(rig_ask(a, "\"aempd::status\""),
                "[{\"address\":\"hub.example:4040\",\"node\":null,\"connected\":false,\"reason\":null}]"));
        node_resolved(rig->node, rig->lookups[0].id, NULL, 0, "Domain name not found");
        rig_turn(rig);
        check(strstr(rig_ask(a, "\"aempd::status\""), "\"reason\":\"Domain name not found\"}]"));

        rig->n_lookups = 0;
        while (rig->n_lookups == 0)
                rig_sleep(rig, USEC_PER_SEC);
        node_resolved(rig->node, rig->lookups[0].id, address, 1, NULL);
        rig_turn(rig);
        rig_close(rig->connects[0], "Connection refused");
        check(strstr(rig_ask(a, "\"aempd::status\""),
                "[{\"address\":\"192.0.2.2:4040\",\"node\":null,\"connected\":false,\"reason\":\"Connection "
                "refused\"}]"));
        rig_free(rig);
}
