/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration: profiles
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "tests/unit/config-rig.h"
#include "tests/unit/test.h"

static const char profiles[] = "default = { nodeid = \"d\"; log_level = 1; };\n"
                               "profiles = {\n"
                               "  base = { log_level = 5; secret = \"x\"; };\n"
                               "  lab = { parent = \"base\"; nodeid = \"lab\"; };\n"
                               "  deep = { parent = \"lab\"; secret = \"y\"; };\n"
                               "};\n";

static void check_profile(const char *profile, const char *nodeid, unsigned log_level, const char *secret) {
        Rig rig;

        rig_init(&rig);
        check_int(rig_load_text(&rig, profile, profiles), ==, 0);
        check_str(rig.problems, "");
        check_str(rig.config->nodeid, nodeid);
        check_int(rig.config->log_level, ==, log_level);
        check_str(rig.config->n_secrets ? rig.config->secrets[0].octets : NULL, secret);
        rig_deinit(&rig);
}

static void check_problems(const char *profile, const char *text, const char *problems) {
        Rig rig;

        rig_init(&rig);
        check_int(rig_load_text(&rig, profile, text), ==, -EINVAL);
        check_str(rig.problems, problems);
        rig_deinit(&rig);
}

TEST(profiles) {
        check_profile(NULL, "d", 1, NULL);
        check_profile("base", "d", 5, "x");
        check_profile("lab", "lab", 5, "x");
        check_profile("deep", "lab", 5, "y");
        check_problems("none", profiles, "aempd.conf: there is no profile \"none\"\n");
        check_problems("x", profiles, "aempd.conf: there is no profile \"x\"\n");
        check_problems("lap", profiles, "aempd.conf: there is no profile \"lap\", did you mean \"lab\"?\n");
}

TEST(the_host_has_a_profile) {
        struct utsname host;
        char text[256];
        Rig rig;

        uname(&host);
        snprintf(text, sizeof(text), "profiles = { %s = { nodeid = \"me\"; }; };", host.nodename);
        rig_init(&rig);
        check_int(rig_load_text(&rig, NULL, text), ==, 0);
        check_str(rig.config->nodeid, "me");
        rig_deinit(&rig);
}

TEST(profiles_that_are_not_selected_are_checked) {
        check_problems(NULL,
                "profiles = {\n a = { parent = \"missing\"; };\n c = { log_level = 0; };\n"
                " d = { parent = 3; };\n e = 3;\n};",
                "aempd.conf:2: there is no profile \"missing\"\n"
                "aempd.conf:3: log_level must be from 1 to 9\n"
                "aempd.conf:4: parent must be a string\n"
                "aempd.conf:5: \"e\" must be a group: { ... }\n");
}

TEST(problems_of_the_selected_profile_come_once) {
        check_problems("a", "profiles = { a = { log_level = 0; }; };",
                "aempd.conf:1: log_level must be from 1 to 9\n");
}

TEST(profiles_in_a_circle) {
        check_problems("a", "profiles = {\n a = { parent = \"b\"; };\n b = { parent = \"a\"; };\n};",
                "aempd.conf:2: the parents of \"a\" go in a circle\n"
                "aempd.conf:3: the parents of \"b\" go in a circle\n");
        check_problems(NULL, "profiles = { a = { parent = \"a\"; }; };",
                "aempd.conf:1: the parents of \"a\" go in a circle\n");
        check_problems("x",
                "profiles = {\n x = { parent = \"a\"; };\n a = { parent = \"b\"; };\n b = { parent = \"a\"; "
                "};\n};",
                "aempd.conf:2: the parents of \"x\" go in a circle\n"
                "aempd.conf:3: the parents of \"a\" go in a circle\n"
                "aempd.conf:4: the parents of \"b\" go in a circle\n");
}

/* p0 has the parent p1, and so on; the last one has the log level 3. */
static void make_chain(char *text, size_t size, unsigned n) {
        size_t used = (size_t) snprintf(text, size, "profiles = {\n");

        for (unsigned i = 0; i < n; i++)
                used += (size_t) snprintf(
                        text + used, size - used, "p%u = { parent = \"p%u\"; };\n", i, i + 1);
        snprintf(text + used, size - used, "p%u = { log_level = 3; };\n};", n);
}

TEST(many_parents) {
        char text[4096];
        Rig rig;

        make_chain(text, sizeof(text), 16);
        rig_init(&rig);
        check_int(rig_load_text(&rig, "p0", text), ==, 0);
        check_int(rig.config->log_level, ==, 3);
        rig_deinit(&rig);

        make_chain(text, sizeof(text), 17);
        check_problems("p0", text, "aempd.conf:2: \"p0\" has more than 16 parents\n");
}

TEST(parents_in_other_files) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600, "profiles = { a = { parent = \"b\"; }; };");
        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "profiles = { b = { log_level = 3; }; };");
        check_int(rig_load(&rig, "a"), ==, 0);
        check_str(rig.problems, "");
        check_int(rig.config->log_level, ==, 3);

        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "profiles = { b = {\n parent = \"a\"; }; };");
        check_int(rig_load(&rig, "a"), ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf:1: the parents of \"a\" go in a circle\n"
                "aempd.conf.d/x.conf:2: the parents of \"b\" go in a circle\n");
        rig_deinit(&rig);
}

/* What would be a circle with the parent that it replaces. */
TEST(a_later_file_names_another_parent) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600,
                "profiles = { a = { parent = \"b\"; }; b = { parent = \"a\"; }; c = { log_level = 3; }; };");
        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "profiles = { a = { parent = \"c\"; }; };");
        check_int(rig_load(&rig, "b"), ==, 0);
        check_str(rig.problems, "");
        check_int(rig.config->log_level, ==, 3);
        rig_deinit(&rig);
}

TEST(a_circle_is_told_where_it_was_closed) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600,
                "profiles = { a = { parent = \"c\"; };\n b = { parent = \"a\"; }; c = { }; };");
        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "profiles = { a = { parent = \"b\"; }; };");
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf:2: the parents of \"b\" go in a circle\n"
                "aempd.conf.d/x.conf:1: the parents of \"a\" go in a circle\n");
        rig_deinit(&rig);
}
