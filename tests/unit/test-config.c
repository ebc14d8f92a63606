/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration: keys and their values
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "daemon/config/keys.h"
#include "tests/unit/config-rig.h"
#include "tests/unit/test.h"
#include "wire/id.h"

TEST(defaults) {
        Rig rig;
        struct utsname host;

        uname(&host);
        rig_init(&rig);
        check_int(rig_load_text(&rig, NULL, ""), ==, 0);
        check_str(rig.problems, "");
        check_str(rig.config->nodeid, host.nodename);
        check(!rig.config->binds[0]);
        check(!rig.config->seeds[0]);
        check_int(rig.config->n_secrets, ==, 0);
        check(!rig.config->cert);
        check(!rig.config->certificate);
        check_str(rig.config->auth_offer[0], "tls_sha3_512");
        check_str(rig.config->auth_offer[1], "hmac_sha3_512");
        check(!rig.config->auth_offer[2]);
        check_str(rig.config->auth_accept[1], "hmac_sha3_512");
        check(!rig.config->auth_accept[2]);
        check_str(rig.config->framing_format[0], "cbor");
        check_str(rig.config->framing_format[1], "json");
        check(!rig.config->admins[0]);
        check_int(rig.config->n_admins, ==, 0);
        check_str(rig.config->socket, "/run/aempd/aempd.sock");
        check_int(rig.config->socket_mode, ==, 0660);
        check_int(rig.config->monitor_timeout, ==, 30 * 1000000);
        check_int(rig.config->max_message, ==, 16 << 20);
        check_int(rig.config->client_high, ==, 1 << 20);
        check_int(rig.config->peer_hard, ==, 256 << 20);
        check_int(rig.config->max_clients, ==, 8000);
        check_int(rig.config->max_names, ==, 10000);
        check_int(rig.config->max_spawned, ==, 100000);
        check(rig.config->nodelay);
        check(!rig.config->socket_group_must);
        rig_deinit(&rig);
}

TEST(every_key_has_a_line_of_help) {
        for (size_t i = 0; i < CONFIG_KEYS; i++) {
                check(config_keys[i].help[0]);
                check(!strpbrk(config_keys[i].help, "\n\t"));
        }
}

TEST(values) {
        Rig rig;

        rig_init(&rig);
        check_int(
                rig_load_keys(&rig,
                        "nodeid = \"a/b:c\"; binds = [ \"127.0.0.1:4040\", \"[::1]:*\" ]; seeds = [ "
                        "\"hub:1\" ];\n"
                        "secret = \"geheim\"; monitor_timeout = 12.5; connect_interval = 1; max_message = "
                        "1048576;\n"
                        "client_high = \"2 MiB\"; client_hard = \"8MiB\"; peer_high = \"1048576\"; "
                        "peer_hard = 5000000000L;\n"
                        "nodelay = false; autocork = 1; log_level = 9; socket = \"/x\"; socket_mode = "
                        "\"0666\";\n"
                        "socket_group = \"0\"; admins = ( \"root\", 1000 ); max_clients = 5; max_names = 7;"
                        "max_spawned = 0x10; framing_format = [ \"json\" ];\n"),
                ==, 0);
        check_str(rig.problems, "");
        check_str(rig.config->nodeid, "a/b:c");
        check_str(rig.config->binds[1], "[::1]:*");
        check_str(rig.config->seeds[0], "hub:1");
        check_int(rig.config->monitor_timeout, ==, 12500000);
        check_int(rig.config->client_high, ==, 2 << 20);
        check_int(rig.config->client_hard, ==, 8 << 20);
        check_int(rig.config->peer_hard, ==, 5000000000);
        check(!rig.config->nodelay);
        check_int(rig.config->socket_mode, ==, 0666);
        check_int(rig.config->socket_gid, ==, 0);
        check(rig.config->socket_group_must);
        check_int(rig.config->n_admins, ==, 2);
        check_int(rig.config->admin_uids[0], ==, 0);
        check_int(rig.config->admin_uids[1], ==, 1000);
        check_int(rig.config->max_clients, ==, 5);
        check_int(rig.config->max_names, ==, 7);
        check_int(rig.config->max_spawned, ==, 16);
        check_str(rig.config->framing_format[0], "json");
        check(!rig.config->framing_format[1]);
        rig_deinit(&rig);
}

TEST(no_group) {
        Rig rig;

        rig_init(&rig);
        check_int(rig_load_keys(&rig, "socket_group = \"\";"), ==, 0);
        check_int(rig.config->socket_gid, ==, (gid_t) -1);
        check(!rig.config->socket_group_must);
        rig_deinit(&rig);
}

TEST(unknown_keys) {
        check_problem("monitor_timout = 3;",
                ":2: unknown key \"monitor_timout\", did you mean \"monitor_timeout\"?\n");
        check_problem("Secret = \"x\";", ":2: unknown key \"Secret\", did you mean \"secret\"?\n");
        check_problem("\n\nfrobnication = 3;", ":4: unknown key \"frobnication\"\n");
        check_problem("an_extraordinarily_long_name_of_a_key = 3;",
                ":2: unknown key \"an_extraordinarily_long_name_of_a_key\"\n");
}

TEST(wrong_types) {
        check_problem("nodeid = 3;", ":2: nodeid must be a string\n");
        check_problem("binds = \"*:1\";",
                ":2: binds must be a list of \"host:port\", \"[v6]:port\" and the like\n");
        check_problem(
                "binds = [ 1 ];", ":2: binds must be a list of \"host:port\", \"[v6]:port\" and the like\n");
        check_problem("monitor_timeout = \"3\";", ":2: monitor_timeout must be a time in seconds\n");
        check_problem("max_message = 1.5;",
                ":2: max_message must be a size in octets, or a string like \"16 MiB\"\n");
        check_problem("max_message = \"16 MB\";",
                ":2: max_message must be a size in octets, or a string like \"16 MiB\"\n");
        check_problem(
                "socket_mode = 0660;", ":2: socket_mode must be a string of octal digits like \"0660\"\n");
        check_problem("socket_mode = \"0888\";",
                ":2: socket_mode must be a string of octal digits like \"0660\"\n");
        check_problem("nodelay = 2;", ":2: nodelay must be true or false\n");
        check_problem("max_clients = \"many\";", ":2: max_clients must be a whole number\n");
        check_problem("admins = [ true ];",
                ":2: admins must be a list of user names, or a list in parentheses with user numbers\n");
        check_problem("secret = 7;", ":2: secret must be a string, or a list of strings\n");
        check_problem("secret = [ \"\" ];", ":2: secret: one in the list is empty\n");
        check_problem("secret = [ \"a\",\n\"\" ];", ":3: secret: one in the list is empty\n");
        check_problem("admins = ( 5, \"\" );", ":2: admins: one in the list is empty\n");
        check_problem("parent = \"a\";", ":2: parent is for profiles\n");
        check_problem("secret = { };", ":2: secret must be a string, or a list of strings\n");
        check_problem(
                "framing_format = \"cbor\";", ":2: framing_format must be a list of \"cbor\", \"json\"\n");
        check_problem("auth_offer = \"cleartext\";",
                ":2: auth_offer must be a list of \"tls_sha3_512\", \"hmac_sha3_512\", \"tls_anon\", "
                "\"cleartext\"\n");
}

TEST(entries_that_are_no_addresses) {
        check_problem("binds = [ \"127.0.0.1:1\",\n \"127.0.0.1:99999\" ];",
                ":3: binds: \"127.0.0.1:99999\" is no address: \"host:port\", \"[v6]:port\" and the "
                "like\n");
}

TEST(out_of_range) {
        check_problem("log_level = 0;", ":2: log_level must be from 1 to 9\n");
        check_problem("log_level = -1;", ":2: log_level must be from 1 to 9\n");
        check_problem("connect_interval = 0.01;", ":2: connect_interval must be from 0.1 to 60\n");
        check_problem("connect_interval = 1e400;", ":2: connect_interval must be from 0.1 to 60\n");
        check_problem("max_message = \"2 GiB\";", ":2: max_message must be from 1 KiB to 1 GiB\n");
        check_problem(
                "max_message = \"99999999999999999999\";", ":2: max_message must be from 1 KiB to 1 GiB\n");
        check_problem("max_message = \"99999999999 GiB\";", ":2: max_message must be from 1 KiB to 1 GiB\n");
        check_problem("max_clients = 0;", ":2: max_clients must be from 1 to 1000000\n");
        check_problem("max_clients = 4294967297L;", ":2: max_clients must be from 1 to 1000000\n");
        check_problem("max_names = 0;", ":2: max_names must be from 1 to 100000000\n");
        check_problem("socket_mode = \"1777\";", ":2: socket_mode must be from 0000 to 0777\n");
}

TEST(all_problems_at_once) {
        check_problem("nodeid = \"a b\";\nlog_level = 10;\nsekret = \"x\";\nbinds = [ \"*:4040\" ];",
                ":3: log_level must be from 1 to 9\n"
                ":4: unknown key \"sekret\", did you mean \"secret\"?\n"
                ":2: \"a b\" is no node ID: 1 to 255 of A-Z a-z 0-9 _ - . : /\n"
                ":5: \"*:4040\" can be reached from other hosts: that needs a secret, secret_file or "
                "cert\n");
}

TEST(a_node_id_that_is_too_long) {
        char text[320], problem[128];

        (void) snprintf(text, sizeof(text), "nodeid = \"%0*d\";", NODE_ID_MAX, 0);
        check_warning(text, "");
        (void) snprintf(text, sizeof(text), "nodeid = \"%0*d\";", NODE_ID_MAX + 1, 0);
        (void) snprintf(
                problem, sizeof(problem), ":2: \"%040d...\" is too long: at most %d\n", 0, NODE_ID_MAX);
        check_problem(text, problem);
}

/* What the daemon can't bind has to be told by --check, too. */
TEST(a_socket_that_is_too_long) {
        char text[160];

        (void) snprintf(text, sizeof(text), "socket = \"/%0107d\";", 0);
        check_problem(text, ":2: the path of socket is too long: at most 107 octets\n");
        (void) snprintf(text, sizeof(text), "socket = \"/%0106d\"; log_level = 0;", 0);
        check_problem(text, ":2: log_level must be from 1 to 9\n");
}

TEST(values_that_do_not_fit) {
        check_problem("monitor_timeout = 5;\nheartbeat_interval = 5;",
                ":3: heartbeat_interval (5 s) must be less than monitor_timeout (5 s)\n");
        check_problem(
                "client_high = \"65 MiB\";", ": client_hard must not be less than client_high (65 MiB)\n");
        check_problem("peer_high = 1024;\npeer_hard = \"15 MiB\";",
                ":3: peer_hard must not be less than max_message (16 MiB)\n");
        check_problem("socket = \"aempd.sock\";", ":2: socket must be an absolute path\n");
        check_problem("socket = \"\";", ":2: socket must be an absolute path\n");
        check_problem("socket_group = \"no-such-group\";", ":2: there is no group \"no-such-group\"\n");
        check_problem("admins = [ \"no-such-user\", \"root\" ];", ":2: there is no user \"no-such-user\"\n");
}

TEST(seeds) {
        check_problem("secret = \"x\"; seeds = [ \"hub\" ];",
                ":2: \"hub\" is no seed: \"host:port\", \"ip:port\" or \"[v6]:port\"\n");
        check_problem("secret = \"x\"; seeds = [ \"*:1\" ];",
                ":2: \"*:1\" is no seed: \"host:port\", \"ip:port\" or \"[v6]:port\"\n");
}

TEST(framings) {
        Rig rig;

        check_warning("framing_format = [ \"storable\", \"json\" ];",
                "W:2: framing_format: \"storable\" is for Perl only and left out\n");
        check_problem("framing_format = [ \"storable\" ];",
                "W:2: framing_format: \"storable\" is for Perl only and left out\n"
                ":2: framing_format must have \"cbor\", \"json\" or both\n");
        check_problem("framing_format = [ ];", ":2: framing_format must have \"cbor\", \"json\" or both\n");
        check_problem("framing_format = [ \"jsn\",\n\"json\",\n\"json\" ];",
                ":2: framing_format: unknown \"jsn\", did you mean \"json\"?\n"
                ":4: framing_format: \"json\" is there twice\n");
        check_problem("framing_format = [ \"protobuf\" ];",
                ":2: framing_format: unknown \"protobuf\", it must be a list of \"cbor\", \"json\"\n");

        rig_init(&rig);
        check_int(rig_load_keys(&rig, "framing_format = [ \"json\", \"storable\", \"cbor\" ];"), ==, 0);
        check_str(rig.config->framing_format[0], "json");
        check_str(rig.config->framing_format[1], "cbor");
        check(!rig.config->framing_format[2]);
        rig_deinit(&rig);
}

TEST(likeness) {
        check_str(config_key_like("seed")->name, "seeds");
        check_str(config_key_like("bind")->name, "binds");
        check_str(config_key_like("max_client")->name, "max_clients");
        check_str(config_key_like("secretfile")->name, "secret_file");
        check_str(config_key_like("certificate") ? config_key_like("certificate")->name : "", "");
        check(!config_key_like("x"));
        check(!config_key_like(""));
}
