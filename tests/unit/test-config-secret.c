/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The configuration: secrets
 */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config-rig.h"
#include "tests/unit/test.h"

static void check_secrets(Rig *rig, const char *const *secrets) {
        size_t n = 0;

        check_str(rig->problems, "");
        for (; secrets[n]; n++) {
                check_int(n, <, rig->config->n_secrets);
                check_mem(rig->config->secrets[n].octets, rig->config->secrets[n].len, secrets[n],
                        strlen(secrets[n]));
        }
        check_int(rig->config->n_secrets, ==, n);
}

#define SECRETS(...) ((const char *const[]){__VA_ARGS__, NULL})

TEST(secrets) {
        Rig rig;

        rig_init(&rig);
        check_int(rig_load_keys(&rig, "secret = \"geheim\";"), ==, 0);
        check_secrets(&rig, SECRETS("geheim"));
        check_int(rig_load_keys(&rig, "secret = [ \"new\", \"old\" ];"), ==, 0);
        check_secrets(&rig, SECRETS("new", "old"));
        check_int(rig_load_keys(&rig, "secret = ( \"one\" );"), ==, 0);
        check_secrets(&rig, SECRETS("one"));
        check_int(rig_load_keys(&rig, "secret = \"\\xc3\xa4\xff\\x01\";"), ==, 0);
        check_secrets(&rig, SECRETS("\xc3\xa4\xff\x01"));
        check_int(rig_load_keys(&rig, "secret = \"\";"), ==, 0);
        check_secrets(&rig, SECRETS(NULL));
        check_int(rig_load_keys(&rig, "secret = [ ];"), ==, 0);
        check_secrets(&rig, SECRETS(NULL));
        rig_deinit(&rig);
}

TEST(a_secret_that_is_too_long) {
        char secret[4098];
        Rig rig;

        memset(secret, 'x', 4097);
        secret[4097] = '\0';
        rig_init(&rig);
        check_int(rig_load_keys(&rig, "secret =\n\"%.2048s\"\n\"%.2048s\";", secret, secret), ==, 0);
        check_int(rig.config->secrets[0].len, ==, 4096);
        check_int(rig_load_keys(&rig, "secret = \n\"%.2048s\"\n\"%.2048s\" \"x\";", secret, secret), ==,
                -EINVAL);
        check(strstr(rig.problems, "a secret has at most 4096 octets\n"));
        rig_deinit(&rig);
}

TEST(a_secret_that_we_may_not_read) {
        const struct passwd *user;
        char problem[128];
        Rig rig;
        int r;

        rig_init(&rig);
        check_int(chmod(rig.folder, 0711), ==, 0);
        rig_write(&rig, "aempd.conf", 0644, "default = { secret_file = \"s\"; };");
        rig_write(&rig, "s", 0600, "geheim");
        if (geteuid() == 0)
                check_int(seteuid(65534), ==, 0);
        else
                check_int(chmod(rig_path(&rig, "s"), 0), ==, 0);
        user = getpwuid(geteuid());
        check(user);
        snprintf(
                problem, sizeof(problem), "aempd.conf:1: s: Permission denied for user %s\n", user->pw_name);
        r = rig_load(&rig, NULL);
        if (getuid() == 0)
                check_int(seteuid(0), ==, 0);
        check_int(r, ==, -EINVAL);
        check_str(rig.problems, problem);
        rig_deinit(&rig);
}

static void check_secret_file(const char *text, mode_t mode, const char *secret, const char *problem) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "s", mode, text);
        check_int(rig_load_keys(&rig, "secret_file = \"%s\";", rig_path(&rig, "s")), ==,
                problem ? -EINVAL : 0);
        if (problem)
                check_str(rig.problems, problem);
        else
                check_secrets(&rig, SECRETS(secret));
        rig_deinit(&rig);
}

TEST(secret_files) {
        char *large = malloc(5000);

        check_secret_file("geheim\n", 0640, "geheim", NULL);
        check_secret_file("geheim\r\n", 0600, "geheim", NULL);
        check_secret_file("geheim", 0600, "geheim", NULL);
        check_secret_file(" ge\nheim\n\n", 0600, " ge\nheim\n", NULL);
        check_secret_file("geheim\n", 0644, NULL, "aempd.conf:2: everybody may read s: chmod o-r s\n");
        check_secret_file("", 0600, NULL, "aempd.conf:2: s: there is no secret in it\n");
        check_secret_file("\n", 0600, NULL, "aempd.conf:2: s: there is no secret in it\n");

        memset(large, 'x', 4999);
        large[4999] = '\0';
        check_secret_file(large, 0600, NULL, "aempd.conf:2: s: File too large\n");
        large[4097] = '\0';
        check_secret_file(large, 0600, NULL, "aempd.conf:2: s: File too large\n");
        large[4096] = '\0';
        check_secret_file(large, 0600, large, NULL);
        free(large);

        check_problem("secret_file = \"/no/such\";", ":2: /no/such: No such file or directory\n");
        check_problem("secret_file = \"/tmp\";", ":2: /tmp: not a regular file\n");
        check_problem("secret_file = \"/dev/zero\";", ":2: /dev/zero: not a regular file\n");
}

TEST(names_are_relative_to_the_file_that_has_them) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "s", 0600, "of the main file");
        rig_write(&rig, "aempd.conf.d/s", 0600, "of the drop-in");
        check_int(rig_load_keys(&rig, "secret_file = \"s\";"), ==, 0);
        check_secrets(&rig, SECRETS("of the main file"));

        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "default = { secret_file = [ \"s\", \"../s\" ]; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_secrets(&rig, SECRETS("of the drop-in", "of the main file"));
        rig_deinit(&rig);
}

TEST(all_problems_of_several_files) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "a", 0644, "a");
        rig_write(&rig, "b", 0600, "b");
        rig_write(&rig, "c", 0600, "\n");
        check_int(rig_load_keys(&rig, "secret_file = [ \"a\", \"b\", \"c\" ]; seeds = [ \"hub:1\" ];"), ==,
                -EINVAL);
        check_str(rig.problems,
                "aempd.conf:2: everybody may read a: chmod o-r a\n"
                "aempd.conf:2: c: there is no secret in it\n");
        rig_deinit(&rig);
}

TEST(secret_and_secret_file) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "s", 0600, "from the file");
        check_int(rig_load_keys(&rig, "secret = \"x\";\nsecret_file = \"s\";"), ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf:3: there is a secret already, in line 2 of aempd.conf: secret and secret_file "
                "exclude "
                "each other\n");

        /* as a drop-in that replaces one with the other does it */
        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "default = { secret = \"\"; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_secrets(&rig, SECRETS("from the file"));
        rig_deinit(&rig);
}

TEST(a_secret_that_everybody_may_read) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "aempd.conf", 0644,
                "default = {\n secret = \"x\"; };\nprofiles = { other = { secret = [ \"y\" ]; }; };");
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems,
                "aempd.conf:2: everybody may read aempd.conf: chmod o-r aempd.conf\n"
                "aempd.conf:3: everybody may read aempd.conf: chmod o-r aempd.conf\n");

        /* one that is replaced has been read all the same */
        rig_write(&rig, "aempd.conf.d/x.conf", 0600, "default = { secret = \"z\"; };");
        rig_write(&rig, "aempd.conf", 0604, "default = { secret = \"x\"; };");
        check_int(rig_load(&rig, NULL), ==, -EINVAL);
        check_str(rig.problems, "aempd.conf:1: everybody may read aempd.conf: chmod o-r aempd.conf\n");

        rig_write(&rig, "aempd.conf", 0644, "default = { log_level = 5; secret = \"\"; };");
        check_int(rig_load(&rig, NULL), ==, 0);
        check_secrets(&rig, SECRETS("z"));
        rig_deinit(&rig);
}

/* --- credentials ------------------------------------------------------------------------------------- */

static void set_credentials(Rig *rig, const char *folder) {
        check_int(setenv("CREDENTIALS_DIRECTORY", rig_path(rig, folder), 1), ==, 0);
}

TEST(credential) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "creds/aempd.secret", 0644, "a credential\n"); /* its mode is systemd's business */
        set_credentials(&rig, "creds");
        check_int(rig_load_keys(&rig, "binds = [ \"*:1\" ];"), ==, 0);
        check_secrets(&rig, SECRETS("a credential"));

        check_int(rig_load_keys(&rig, "secret = \"x\";"), ==, 0);
        check_secrets(&rig, SECRETS("x"));
        rig_write(&rig, "s", 0600, "y");
        check_int(rig_load_keys(&rig, "secret_file = \"s\";"), ==, 0);
        check_secrets(&rig, SECRETS("y"));
        check_int(rig_load_keys(&rig, "secret = \"\"; secret_file = [ ];"), ==, 0);
        check_secrets(&rig, SECRETS("a credential"));
        rig_deinit(&rig);
}

TEST(no_credential) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "creds/other", 0600, "x");
        set_credentials(&rig, "creds");
        check_int(rig_load_text(&rig, NULL, ""), ==, 0);
        check_secrets(&rig, SECRETS(NULL));
        set_credentials(&rig, "none");
        check_int(rig_load_text(&rig, NULL, ""), ==, 0);
        check_secrets(&rig, SECRETS(NULL));
        check_int(setenv("CREDENTIALS_DIRECTORY", "", 1), ==, 0);
        check_int(rig_load_text(&rig, NULL, ""), ==, 0);
        check_secrets(&rig, SECRETS(NULL));
        rig_deinit(&rig);
}

TEST(bad_credential) {
        Rig rig;

        rig_init(&rig);
        rig_write(&rig, "creds/aempd.secret", 0600, "\n");
        set_credentials(&rig, "creds");
        check_int(rig_load_text(&rig, NULL, ""), ==, -EINVAL);
        check_str(rig.problems, "aempd.conf: creds/aempd.secret: there is no secret in it\n");
        rig_deinit(&rig);
}
