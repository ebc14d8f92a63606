/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration: who proves what to whom
 */

#include "tests/unit/config-rig.h"
#include "tests/unit/test.h"

TEST(words) {
        check_problem("auth_offer = [ \"hmac_sha3\" ];",
                ":2: auth_offer: unknown \"hmac_sha3\", did you mean \"hmac_sha3_512\"?\n");
        check_problem("secret = \"x\"; auth_accept = [ \"hmac_sha3_512\",\n\"hmac_sha3_512\" ];",
                ":3: auth_accept: \"hmac_sha3_512\" is there twice\n");
        check_problem("secret = \"x\"; auth_accept = [ \"password\" ];",
                ":2: auth_accept: unknown \"password\", it must be a list of \"tls_sha3_512\", "
                "\"hmac_sha3_512\", "
                "\"tls_anon\", \"cleartext\"\n");
        check_fine(
                "secret = \"x\"; auth_accept = [ \"hmac_sha3_512\" ]; auth_offer = [ \"hmac_sha3_512\" ];");
}

TEST(binds_beyond_this_host) {
        check_problem("binds = [ \"4040\" ];",
                ":2: \"4040\" can be reached from other hosts: that needs a secret, secret_file or cert\n");
        check_problem("binds = [ \"127.0.0.1\", \"hub\" ];",
                ":2: \"hub\" can be reached from other hosts: that needs a secret, secret_file or cert\n");
        check_fine("binds = [ \"127.0.0.1:1\", \"[::1]\", \"localhost:*\" ];");
        check_fine("binds = [ \"*:1\" ]; secret = \"x\";");
}

TEST(seeds) {
        check_problem("seeds = [ \"hub:1\" ];",
                ":2: \"hub:1\" would not accept this node: that needs a secret, secret_file or cert\n");
        check_fine("seeds = [ \"hub:1\" ]; secret = \"x\";");
}

/* The default lists have methods for all that may be configured, those don't count. */
TEST(methods_that_can_not_work) {
        check_warning("secret = \"x\"; auth_accept = [ \"tls_sha3_512\", \"hmac_sha3_512\" ];",
                "W:2: auth_accept: \"tls_sha3_512\" can't work without a cert\n");
        check_warning("secret = \"x\";\nauth_offer = [ \"tls_anon\", \"hmac_sha3_512\" ];",
                "W:3: auth_offer: \"tls_anon\" can't work without a cert\n");
        check_fine("auth_accept = [ \"tls_sha3_512\", \"hmac_sha3_512\" ];");
        check_fine("auth_offer = [ ];");
}

TEST(nothing_works) {
        check_problem("secret = \"x\"; binds = [ \"*:1\" ]; seeds = [ \"hub:1\" ];\nauth_offer = [ "
                      "\"tls_sha3_512\" ];",
                "W:3: auth_offer: \"tls_sha3_512\" can't work without a cert\n"
                ":2: \"*:1\" can be reached from other hosts: no method in auth_offer works with what is "
                "configured\n"
                ":2: \"hub:1\" would not accept this node: no method in auth_offer works with what is "
                "configured\n");
        check_problem("secret = \"x\"; binds = [ \"*:1\" ]; auth_accept = [ ];",
                ":2: \"*:1\" can be reached from other hosts: no method in auth_accept works with what is "
                "configured\n");
}

TEST(weak_methods) {
        check_warning("secret = \"x\"; auth_accept = [ \"hmac_sha3_512\", \"cleartext\" ];",
                "W:2: auth_accept has \"cleartext\": nodes that use it send the secret as it is, for "
                "everybody on "
                "the way to read\n");
        check_warning("secret = \"x\";\nauth_offer = [ \"hmac_sha3_512\", \"cleartext\" ];",
                "W:3: auth_offer has \"cleartext\": whoever answers at an address of another node can have "
                "the "
                "secret by asking for it\n");
        check_warning("secret = \"x\"; auth_accept = [ \"hmac_sha3_512\", \"tls_anon\" ];",
                "W:2: auth_accept: \"tls_anon\" can't work without a cert\n"
                "W:2: auth_accept has \"tls_anon\": who is on the way can change what nodes that use it say "
                "before "
                "TLS begins, their names too\n");
}
