/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration: its files
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/unit/config-rig.h"
#include "tests/unit/test.h"

static void check_files(Rig *rig, const char *const *names) {
        size_t i = 0;

        for (; names[i]; i++)
                check_str(rig->config->files[i], rig_path(rig, names[i]));
        check(!rig->config->files[i]);
}

TEST(top_level) {
        Rig rig;

        rig_init(&rig);
        check_int(rig_load_text(&rig, NULL, "secret = \"x\";\ndefaults = { };\ndefault = 3;\nprofiles = 4;"),
                ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf:1: secret belongs into default = { ... };\n"
                "aempd.conf:2: unknown \"defaults\": here stand \"default\" and \"profiles\"\n"
                "aempd.conf:3: \"default\" must be a group: { ... }\n"
                "aempd.conf:4: \"profiles\" must be a group: { NAME = { ... }; }\n");
        rig_deinit(&rig);
}

TEST(syntax) {
        check_problem("log_level = = 3;", ":2: there is no value behind this =\n");
        check_problem("log_level = 3; ( 5 );", ":2: syntax error\n");
        check_problem("admins = [ 7,\n 5.5 ];",
                ":3: a list in [ ] has values of one kind; different kinds go into ( )\n");
        check_problem("log_level 3;", ":2: there is no = behind \"log_level\"\n");
        check_problem(
                "log_level = 3;\nlog_level = 4;", ":3: this name is there already, in the same group\n");
        check_problem("log_level = 4294967302;",
                ":2: 4294967302 is too large without an L behind it: write it with an L, 4294967302L\n");
        check_problem("nodeid = \"a;\n#", ":2: this string has no end\n");
        check_problem("nodeid = \"a\"; /* b", ":2: this comment has no end\n");
        check_problem("\n@include \"/etc/passwd\"",
                ":3: @include is not for here, see \"Drop-ins\" in aempd.conf(5)\n");
}

TEST(comment_without_a_line_end) {
        Rig rig;

        rig_init(&rig);
        check_int(rig_load_text(&rig, NULL, "default = { log_level = 3; }; # that is all"), ==, 0);
        check_int(rig.config->log_level, ==, 3);
        rig_deinit(&rig);
}

TEST(files_that_are_none) {
        Rig rig;

        rig_init(&rig);
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems, "aempd.conf: No such file or directory\n");

        check_int(mkdir(rig_path(&rig, "aempd.conf"), 0700), ==, 0);
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems, "aempd.conf: not a regular file\n");
        check_int(rmdir(rig_path(&rig, "aempd.conf")), ==, 0);

        check_int(mkfifo(rig_path(&rig, "aempd.conf"), 0600), ==, 0); /* nobody writes, ever */
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems, "aempd.conf: not a regular file\n");
        rig_deinit(&rig);
}

TEST(a_file_that_is_too_large) {
        char *text = malloc((1 << 20) + 2);
        Rig rig;

        rig_init(&rig);
        memset(text, '\n', (1 << 20) + 1);
        text[(1 << 20) + 1] = '\0';
        check_int(rig_load_text(&rig, NULL, text), ==, -EINVAL);
        check_str(rig.problems, "aempd.conf: File too large\n");

        text[1 << 20] = '\0';
        check_int(rig_load_text(&rig, NULL, text), ==, 0);
        free(text);
        rig_deinit(&rig);
}

TEST(later_files_win) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600,
                "default = { log_level = 1; max_clients = 1; max_monitors = 1; max_contacts = 1; };");
        rig_write(
                &rig, "aempd.conf.d/20.conf", 0600, "default = { max_monitors = 20; max_contacts = 20; };");
        rig_write(&rig, "aempd.conf.d/9.conf", 0600, "default = { max_contacts = 9; };");
        rig_write(&rig, "aempd.conf.d/10.conf", 0600, "default = { max_clients = 10; max_contacts = 10; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_str(rig.problems, "");
        check_int(rig.config->log_level, ==, 1);
        check_int(rig.config->max_clients, ==, 10);
        check_int(rig.config->max_monitors, ==, 20);
        check_int(rig.config->max_contacts, ==, 9);
        check_files(&rig,
                (const char *const[]){"aempd.conf", "aempd.conf.d/10.conf", "aempd.conf.d/20.conf",
                        "aempd.conf.d/9.conf", NULL});
        rig_deinit(&rig);
}

/* In the C locale, capitals come first. */
TEST(the_order_is_that_of_octets) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf.d/a.conf", 0600, "default = { log_level = 1; };");
        rig_write(&rig, "aempd.conf.d/B.conf", 0600, "default = { log_level = 2; };");
        rig_write(&rig, "aempd.conf.d/\xc3\xa4.conf", 0600, "default = { log_level = 3; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_int(rig.config->log_level, ==, 3);
        check_files(&rig,
                (const char *const[]){
                        "aempd.conf.d/B.conf", "aempd.conf.d/a.conf", "aempd.conf.d/\xc3\xa4.conf", NULL});
        rig_deinit(&rig);
}

TEST(lists_are_replaced_not_joined) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600, "default = { secret = \"x\"; seeds = [ \"a:1\", \"b:1\" ]; };");
        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "default = { seeds = [ \"c:1\" ]; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_str(rig.config->seeds[0], "c:1");
        check(!rig.config->seeds[1]);

        rig_write(&rig, "aempd.conf.d/y.conf", 0600, "default = { seeds = [ ]; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check(!rig.config->seeds[0]);
        rig_deinit(&rig);
}

TEST(profiles_are_merged_key_by_key) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600,
                "default = { log_level = 1; nodeid = \"d\"; };\n"
                "profiles = { lab = { max_clients = 2; max_contacts = 2; }; base = { max_names = 2; }; };");
        rig_write(&rig, "aempd.conf.d/x.conf", 0600,
                "default = { log_level = 3; max_clients = 3; };\n"
                "profiles = { lab = { max_contacts = 4; parent = \"base\"; }; new = { nodeid = \"n\"; }; "
                "};");
        check_int(rig_load(&rig, "lab"), ==, 0);
        check_str(rig.problems, "");
        check_str(rig.config->nodeid, "d");
        check_int(rig.config->log_level, ==, 3);
        check_int(rig.config->max_clients, ==, 2); /* a profile counts more than a later default */
        check_int(rig.config->max_contacts, ==, 4);
        check_int(rig.config->max_names, ==, 2);

        check_int(rig_load(&rig, "new"), ==, 0);
        check_str(rig.config->nodeid, "n");
        rig_deinit(&rig);
}

TEST(only_drop_ins) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "default = { log_level = 3; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_str(rig.problems, "");
        check_int(rig.config->log_level, ==, 3);
        check_files(&rig, (const char *const[]){"aempd.conf.d/x.conf", NULL});
        rig_deinit(&rig);
}

TEST(what_is_no_drop_in) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600, "");
        rig_write(&rig, "aempd.conf.d/.x.conf", 0600, "bad");
        rig_write(&rig, "aempd.conf.d/x.conf~", 0600, "bad");
        rig_write(&rig, "aempd.conf.d/x.conf.dpkg-new", 0600, "bad");
        rig_write(&rig, "aempd.conf.d/README", 0600, "bad");
        rig_write(&rig, "aempd.conf.d/.conf", 0600, "bad");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_str(rig.problems, "");
        check_files(&rig, (const char *const[]){"aempd.conf", NULL});
        rig_deinit(&rig);
}

TEST(each_file_has_its_problems) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600, "default = {\n log_level = 0; };");
        rig_write(&rig, "aempd.conf.d/1.conf", 0600, "default = { log_level 3; };");
        rig_write(&rig, "aempd.conf.d/2.conf", 0600, "default = {\n\n log_level = 77; };");
        rig_write(&rig, "aempd.conf.d/3.conf", 0600, "default = { log_level = 5; };");
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf.d/1.conf:1: there is no = behind \"log_level\"\n"
                "aempd.conf:2: log_level must be from 1 to 9\n"
                "aempd.conf.d/2.conf:3: log_level must be from 1 to 9\n");
        rig_deinit(&rig);
}

TEST(problems_of_the_whole_are_where_the_value_was_set_last) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600, "default = { socket = \"relative\"; nodeid = \"a b\"; };");
        rig_write(&rig, "aempd.conf.d/1.conf", 0600, "default = {\n socket = \"too\"; nodeid = \"a\"; };");
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems, "aempd.conf.d/1.conf:2: socket must be an absolute path\n");
        rig_deinit(&rig);
}

TEST(drop_ins_that_can_not_be_read) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600, "");
        rig_write(&rig, "aempd.conf.d/a.conf/x", 0600, "");
        check_int(symlink("nowhere", rig_path(&rig, "aempd.conf.d/b.conf")), ==, 0);
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf.d/a.conf: not a regular file\n"
                "aempd.conf.d/b.conf: No such file or directory\n");
        rig_deinit(&rig);
}

TEST(a_folder_that_is_none) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0600, "");
        rig_write(&rig, "aempd.conf.d", 0600, "");
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems, "aempd.conf.d: Not a directory\n");
        rig_deinit(&rig);
}

TEST(a_folder_that_can_not_be_read) {
        Rig rig;
        int r;

        rig_init(&rig);
        check_int(chmod(rig.folder, 0711), ==, 0);
        rig_write(&rig, "aempd.conf", 0644, "");
        check_int(mkdir(rig_path(&rig, "aempd.conf.d"), 0700), ==, 0);
        if (geteuid() == 0)
                check_int(seteuid(65534), ==, 0);
        else
                check_int(chmod(rig_path(&rig, "aempd.conf.d"), 0), ==, 0);
        r = rig_load(&rig, NULL);
        if (getuid() == 0)
                check_int(seteuid(0), ==, 0);
        check_int(r, ==, -EINVAL);
        check_str(rig.problems, "aempd.conf.d: Permission denied\n");
        rig_deinit(&rig);
}

TEST(control_characters_are_not_passed_on) {
        check_problem("nodeid = \"\\x1b[31m\\n\";",
                ":2: \"?[31m?\" is no node ID: 1 to 255 of A-Z a-z 0-9 _ - . : /\n");
}
