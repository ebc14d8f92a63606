/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/config-keys.h"
#include "daemon/log.h"
#include "tests/unit/test.h"
#include "wire/id.h"

#define PATH_MAX_HERE 64

/* A file for one test, and what was said of it: problems with its name cut off, one a line. */
typedef struct Rig {
        char path[PATH_MAX_HERE];
        char secret_path[PATH_MAX_HERE];
        char problems[4096];
        Config *config;
} Rig;

static void on_problem(void *userdata, int level, const char *text) {
        Rig *rig = userdata;
        size_t n = strlen(rig->path), used = strlen(rig->problems);

        if (strncmp(text, rig->path, n) == 0)
                text += n;

        snprintf(rig->problems + used, sizeof(rig->problems) - used, "%s%s\n",
                level == LEVEL_WARN ? "W" : "", text);
}

static void write_file(char *path, const char *text, mode_t mode) {
        int fd = mkstemp(path);

        check(fd >= 0);
        check_int(write(fd, text, strlen(text)), ==, (ssize_t) strlen(text));
        check_int(fchmod(fd, mode), ==, 0);
        check_int(close(fd), ==, 0);
}

static int load(Rig *rig, const char *profile, const char *text) {
        ConfigSource source = {
                .file = rig->path, .profile = profile, .problem = on_problem, .userdata = rig};
        int r;

        strcpy(rig->path, "/tmp/test-config-XXXXXX");
        rig->problems[0] = '\0';
        rig->config = NULL;
        write_file(rig->path, text, 0600);
        r = config_load(&rig->config, &source);
        check_int(unlink(rig->path), ==, 0);
        return r;
}

/* In `default`. */
__attribute__((format(printf, 2, 3))) static int load_keys(Rig *rig, const char *format, ...) {
        char keys[4096], text[8192];
        va_list ap;

        va_start(ap, format);
        vsnprintf(keys, sizeof(keys), format, ap);
        va_end(ap);
        snprintf(text, sizeof(text), "default = {\n%s\n};\n", keys);
        return load(rig, NULL, text);
}

static void done(Rig *rig) {
        rig->config = config_free(rig->config);
}

static void check_problem(const char *keys, const char *problems) {
        Rig rig;

        check_int(load_keys(&rig, "%s", keys), ==, -EINVAL);
        check_str(rig.problems, problems);
}

static void check_fine(const char *keys) {
        Rig rig;

        if (load_keys(&rig, "%s", keys) != 0)
                test_fail(__FILE__, __LINE__, "%s: %s", keys, rig.problems);
        done(&rig);
}

TEST(defaults) {
        Rig rig;
        struct utsname host;

        uname(&host);
        check_int(load(&rig, NULL, ""), ==, 0);
        check_str(rig.problems, "");
        check_str(rig.config->nodeid, host.nodename);
        check(!rig.config->binds[0]);
        check(!rig.config->seeds[0]);
        check(!rig.config->secret);
        check(!rig.config->admins[0]);
        check_int(rig.config->n_admins, ==, 0);
        check_str(rig.config->socket, "/run/aempd/aempd.sock");
        check_int(rig.config->socket_mode, ==, 0660);
        check_int(rig.config->monitor_timeout, ==, 30 * 1000000);
        check_int(rig.config->max_message, ==, 16 << 20);
        check_int(rig.config->client_high, ==, 1 << 20);
        check_int(rig.config->peer_hard, ==, 256 << 20);
        check_int(rig.config->max_clients, ==, 8000);
        check(rig.config->nodelay);
        check(!rig.config->socket_group_must);
        done(&rig);
}

TEST(every_key_has_a_line_of_help) {
        for (size_t i = 0; i < CONFIG_KEYS; i++) {
                check(config_keys[i].help[0]);
                check(!strchr(config_keys[i].help, '\n'));
        }
}

TEST(values) {
        Rig rig;

        check_int(load_keys(&rig,
                          "nodeid = \"a/b:c\"; binds = [ \"127.0.0.1:4040\", \"[::1]:*\" ]; seeds = [ "
                          "\"hub:1\" ];\n"
                          "secret = \"geheim\"; monitor_timeout = 12.5; connect_interval = 1; max_message = "
                          "1048576;\n"
                          "client_high = \"2 MiB\"; client_hard = \"8MiB\"; peer_high = \"1048576\"; "
                          "peer_hard = 5000000000L;\n"
                          "nodelay = false; autocork = 1; log_level = 9; socket = \"/x\"; socket_mode = "
                          "\"0666\";\n"
                          "socket_group = \"0\"; admins = ( \"root\", 1000 ); max_clients = 5;"),
                ==, 0);
        check_str(rig.problems, "");
        check_str(rig.config->nodeid, "a/b:c");
        check_str(rig.config->binds[1], "[::1]:*");
        check_str(rig.config->seeds[0], "hub:1");
        check_mem(rig.config->secret, rig.config->secret_len, "geheim", 6);
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
        done(&rig);
}

TEST(octets_of_a_secret) {
        Rig rig;

        check_int(load_keys(&rig, "secret = \"\xc3\xa4\xff\\x01\";"), ==, 0);
        check_mem(rig.config->secret, rig.config->secret_len, "\xc3\xa4\xff\x01", 4);
        done(&rig);
}

TEST(no_group) {
        Rig rig;

        check_int(load_keys(&rig, "socket_group = \"\";"), ==, 0);
        check_int(rig.config->socket_gid, ==, (gid_t) -1);
        check(!rig.config->socket_group_must);
        done(&rig);
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
        check_problem("max_clients = \"many\";", ":2: max_clients must be a number\n");
        check_problem("admins = [ true ];",
                ":2: admins must be a list of user names, or a list in parentheses with user numbers\n");
}

TEST(out_of_range) {
        check_problem("log_level = 0;", ":2: log_level must be from 1 to 9\n");
        check_problem("log_level = -1;", ":2: log_level must be from 1 to 9\n");
        check_problem("connect_interval = 0.01;", ":2: connect_interval must be from 0.1 to 60\n");
        check_problem("max_message = \"2 GiB\";", ":2: max_message must be from 1 KiB to 1 GiB\n");
        check_problem(
                "max_message = \"99999999999999999999\";", ":2: max_message must be from 1 KiB to 1 GiB\n");
        check_problem("max_message = \"99999999999 GiB\";", ":2: max_message must be from 1 KiB to 1 GiB\n");
        check_problem("max_clients = 0;", ":2: max_clients must be from 1 to 1000000\n");
        check_problem("socket_mode = \"1777\";", ":2: socket_mode must be from 0000 to 0777\n");
}

TEST(all_problems_at_once) {
        check_problem("nodeid = \"a b\";\nlog_level = 10;\nsekret = \"x\";\nbinds = [ \"*:4040\" ];",
                ":3: log_level must be from 1 to 9\n"
                ":4: unknown key \"sekret\", did you mean \"secret\"?\n"
                ":2: \"a b\" is no node ID: 1 to 255 of A-Z a-z 0-9 _ - . : /\n"
                ":5: \"*:4040\" can be reached from other hosts: that needs a secret or secret_file\n");
}

TEST(values_that_do_not_fit) {
        check_problem("monitor_timeout = 5;\nheartbeat_interval = 5;",
                ":3: heartbeat_interval (5 s) must be less than monitor_timeout (5 s)\n");
        check_problem(
                "client_high = \"65 MiB\";", ": client_hard must not be less than client_high (68157440)\n");
        check_problem("peer_high = 1024;\npeer_hard = \"15 MiB\";",
                ":3: peer_hard must not be less than max_message (16777216)\n");
        check_problem("socket = \"aempd.sock\";", ":2: socket must be an absolute path\n");
        check_problem("socket = \"\";", ":2: socket must be an absolute path\n");
        check_problem("socket_group = \"no-such-group\";", ":2: there is no group \"no-such-group\"\n");
        check_problem("admins = [ \"no-such-user\", \"root\" ];", ":2: there is no user \"no-such-user\"\n");
}

TEST(binds_beyond_this_host_need_a_secret) {
        check_problem("binds = [ \"4040\" ];",
                ":2: \"4040\" can be reached from other hosts: that needs a secret or secret_file\n");
        check_problem("binds = [ \"127.0.0.1\", \"hub\" ];",
                ":2: \"hub\" can be reached from other hosts: that needs a secret or secret_file\n");
        check_fine("binds = [ \"127.0.0.1:1\", \"[::1]\", \"localhost:*\" ];");
        check_fine("binds = [ \"*:1\" ]; secret = \"x\";");
}

TEST(seeds) {
        Rig rig;

        check_problem("secret = \"x\"; seeds = [ \"hub\" ];",
                ":2: \"hub\" is no seed: \"host:port\", \"ip:port\" or \"[v6]:port\"\n");
        check_problem("secret = \"x\"; seeds = [ \"*:1\" ];",
                ":2: \"*:1\" is no seed: \"host:port\", \"ip:port\" or \"[v6]:port\"\n");

        check_int(load_keys(&rig, "seeds = [ \"hub:1\" ];"), ==, 0);
        check_str(rig.problems, "W:2: without a secret or secret_file no seed will accept this node\n");
        done(&rig);
}

static bool is_random(const char *text) {
        return strlen(text) == 11 &&
                strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == 11;
}

TEST(node_ids) {
        Rig rig;
        struct utsname host;
        char *first;
        size_t n;

        uname(&host);
        n = strlen(host.nodename);

        check_int(load_keys(&rig, "nodeid = \"%s\";", "x%n-%u"), ==, 0);
        check_int(strncmp(rig.config->nodeid + 1, host.nodename, n), ==, 0);
        check(is_random(rig.config->nodeid + n + 2));
        done(&rig);

        check_int(load_keys(&rig, "nodeid = \"anon/\";"), ==, 0);
        check(is_random(rig.config->nodeid + 5));
        first = strdup(rig.config->nodeid);
        done(&rig);

        check_int(load_keys(&rig, "nodeid = \"anon/\";"), ==, 0);
        check(strcmp(first, rig.config->nodeid) != 0);
        free(first);
        done(&rig);

        check_problem("nodeid = \"\";", ":2: \"\" is no node ID: 1 to 255 of A-Z a-z 0-9 _ - . : /\n");
        check_problem("nodeid = \"a#b\";", ":2: \"a#b\" is no node ID: 1 to 255 of A-Z a-z 0-9 _ - . : /\n");
        check_problem("nodeid = \"%x\";", ":2: \"%x\" is no node ID: 1 to 255 of A-Z a-z 0-9 _ - . : /\n");
}

/* "FILE" for each occurrence of the path. */
static void hide_path(char *text, const char *path) {
        size_t n = strlen(path);

        for (char *p; (p = strstr(text, path));) {
                memcpy(p, "FILE", 4);
                memmove(p + 4, p + n, strlen(p + n) + 1);
        }
}

static void check_secret_file(const char *text, mode_t mode, const char *secret, const char *problem) {
        char path[] = "/tmp/test-secret-XXXXXX";
        Rig rig;
        int r;

        write_file(path, text, mode);
        r = load_keys(&rig, "secret_file = \"%s\";", path);
        hide_path(rig.problems, path);
        check_str(rig.problems, problem);
        check_int(r, ==, problem[0] ? -EINVAL : 0);
        if (secret)
                check_mem(rig.config->secret, rig.config->secret_len, secret, strlen(secret));
        done(&rig);
        check_int(unlink(path), ==, 0);
}

TEST(secret_files) {
        char *large = malloc(5000);

        check_secret_file("geheim\n", 0640, "geheim", "");
        check_secret_file("geheim\r\n", 0600, "geheim", "");
        check_secret_file("geheim", 0600, "geheim", "");
        check_secret_file(" ge\nheim\n\n", 0600, " ge\nheim\n", "");
        check_secret_file("geheim\n", 0644, NULL, ":2: everybody may read FILE: chmod o-r FILE\n");
        check_secret_file("", 0600, NULL, ":2: FILE: there is no secret in it\n");
        check_secret_file("\n", 0600, NULL, ":2: FILE: there is no secret in it\n");

        memset(large, 'x', 4999);
        large[4999] = '\0';
        check_secret_file(large, 0600, NULL, ":2: FILE: File too large\n");
        large[4097] = '\0';
        large[4096] = '\n';
        check_secret_file(large, 0600, NULL, "");
        free(large);

        check_problem("secret_file = \"/no/such\";", ":2: /no/such: No such file or directory\n");
        check_problem("secret_file = \"/tmp\";", ":2: everybody may read /tmp: chmod o-r /tmp\n");
        check_problem("secret = \"x\"; secret_file = \"/no/such\";",
                ":2: there is a secret already: secret and secret_file exclude each other\n");
}

TEST(a_secret_that_everybody_may_read) {
        Rig rig = {.path = "/tmp/test-config-XXXXXX"};
        ConfigSource source = {.file = rig.path, .problem = on_problem, .userdata = &rig};
        char expected[256];

        write_file(rig.path, "default = { secret = \"x\"; };", 0644);
        check_int(config_load(&rig.config, &source), ==, 0);
        check_int(unlink(rig.path), ==, 0);
        snprintf(expected, sizeof(expected),
                "W:1: everybody may read this secret: chmod o-r %s, or use secret_file\n", rig.path);
        check_str(rig.problems, expected);
        done(&rig);
}

static const char profiles[] = "default = { nodeid = \"d\"; log_level = 1; };\n"
                               "profiles = {\n"
                               "  base = { log_level = 5; secret = \"x\"; };\n"
                               "  lab = { parent = \"base\"; nodeid = \"lab\"; };\n"
                               "  deep = { parent = \"lab\"; secret = \"y\"; };\n"
                               "};\n";

static void check_profile(const char *profile, const char *nodeid, unsigned log_level, const char *secret) {
        Rig rig;

        check_int(load(&rig, profile, profiles), ==, 0);
        check_str(rig.problems, "");
        check_str(rig.config->nodeid, nodeid);
        check_int(rig.config->log_level, ==, log_level);
        check_str(rig.config->secret, secret);
        done(&rig);
}

TEST(profiles) {
        Rig rig;

        check_profile(NULL, "d", 1, NULL);
        check_profile("base", "d", 5, "x");
        check_profile("lab", "lab", 5, "x");
        check_profile("deep", "lab", 5, "y");

        check_int(load(&rig, "none", profiles), ==, -EINVAL);
        check_str(rig.problems, ": there is no profile \"none\"\n");
}

TEST(the_host_has_a_profile) {
        struct utsname host;
        char text[256];
        Rig rig;

        uname(&host);
        snprintf(text, sizeof(text), "profiles = { %s = { nodeid = \"me\"; }; };", host.nodename);
        check_int(load(&rig, NULL, text), ==, 0);
        check_str(rig.config->nodeid, "me");
        done(&rig);
}

TEST(profiles_that_are_not_selected_are_checked) {
        Rig rig;

        check_int(load(&rig, NULL,
                          "profiles = {\n a = { parent = \"b\"; };\n c = { log_level = 0; };\n"
                          " d = { parent = 3; };\n e = 3;\n};"),
                ==, -EINVAL);
        check_str(rig.problems,
                ":2: there is no profile \"b\"\n"
                ":3: log_level must be from 1 to 9\n"
                ":4: parent must be a string\n"
                ":5: \"e\" must be a group: { ... }\n");
}

TEST(problems_of_the_selected_profile_come_once) {
        Rig rig;

        check_int(load(&rig, "a", "profiles = { a = { log_level = 0; }; };"), ==, -EINVAL);
        check_str(rig.problems, ":1: log_level must be from 1 to 9\n");
}

TEST(profiles_in_a_circle) {
        Rig rig;

        check_int(load(&rig, "a", "profiles = {\n a = { parent = \"b\"; };\n b = { parent = \"a\"; };\n};"),
                ==, -EINVAL);
        check_str(rig.problems,
                ":2: the parents of \"a\" go in a circle\n"
                ":3: the parents of \"b\" go in a circle\n");

        check_int(load(&rig, NULL, "profiles = { a = { parent = \"a\"; }; };"), ==, -EINVAL);
        check_str(rig.problems, ":1: the parents of \"a\" go in a circle\n");
}

TEST(top_level) {
        Rig rig;

        check_int(load(&rig, NULL, "secret = \"x\";\ndefaults = { };\ndefault = 3;\nprofiles = 4;"), ==,
                -EINVAL);
        check_str(rig.problems,
                ":1: secret belongs into default = { ... };\n"
                ":2: unknown \"defaults\": here stand \"default\" and \"profiles\"\n"
                ":3: \"default\" must be a group: { ... }\n"
                ":4: \"profiles\" must be a group: { NAME = { ... }; }\n");
}

TEST(syntax) {
        check_problem("log_level 3;", ":2: syntax error\n");
        check_problem("log_level = 3;\nlog_level = 4;", ":3: duplicate setting name\n");
}

TEST(files_that_are_none) {
        Rig rig = {.path = "/no/such/file"};
        ConfigSource source = {.file = rig.path, .problem = on_problem, .userdata = &rig};

        check_int(config_load(&rig.config, &source), ==, -EINVAL);
        check_str(rig.problems, ": No such file or directory\n");

        strcpy(rig.path, "/tmp");
        rig.problems[0] = '\0';
        check_int(config_load(&rig.config, &source), ==, -EINVAL);
        check_str(rig.problems, ": not a regular file\n");
}

TEST(likeness) {
        check_str(config_key_like("seed")->name, "seeds");
        check_str(config_key_like("bind")->name, "binds");
        check_str(config_key_like("max_client")->name, "max_clients");
        check_str(config_key_like("secretfile")->name, "secret_file");
        check(!config_key_like("x"));
        check(!config_key_like(""));
}
