/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

/* Opens with this answer, which must fail, and gives the text without the path. */
static int open_fails(const char *answer, const char **ret_text) {
        static char text[512];
        char *error;
        Fake fake;
        aemp *a;
        int r;

        fake_init(&fake);
        fake.has_answer = true;
        fake.answer = answer;
        r = fake_open(&fake, &a, NULL, &error);
        check_int(r, <, 0);
        check_int(strncmp(error, fake.dir, strlen(fake.dir)), ==, 0);
        (void) snprintf(text, sizeof text, "%s", strchr(error, ':') + 2);
        free(error);
        fake_deinit(&fake);

        *ret_text = text;
        return r;
}

TEST(greeting) {
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_str((const char *) fake.line.data, "aemp-client;1;test;;cbor;src=1");
        check_str(aemp_node(a), "host1");
        check_int(aemp_is_attached(a), ==, 1);
        check(!aemp_self(a));
        check_int(aemp_get_queued(a), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect_nothing(&fake);
        check(!aemp_unref(a));
        fake_deinit(&fake);
}

TEST(program_names) {
        static const char *const names[][2] = {
                {"a;b%c\x01\xc3\xa4", "aemp-client;1;a%3bb%25c???;;cbor;src=1"},
                {"", "aemp-client;1;;;cbor;src=1"},
                {NULL, "aemp-client;1;test-client-open;;cbor;src=1"},
                {"0123456789012345678901234567890123456789012345678901234567890123456789",
                        "aemp-client;1;0123456789012345678901234567890123456789012345678901234567890123;;"
                        "cbor;src=1"},
        };
        Fake fake;

        fake_init(&fake);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
                aemp *a;

                check_int(fake_open(&fake, &a, names[i][0], NULL), ==, 0);
                check_str((const char *) fake.line.data, names[i][1]);
                aemp_unref(a);
        }
        fake_deinit(&fake);
}

TEST(answers_taken) {
        static const char *const answers[] = {
                "aemp-client;1;host1;;cbor;prefix=x.;max_message=100\r\n",
                "aemp-client;1;host1;;cbor;prefix=x.\n",
                "aemp-client;1;host1;;cbor;;a=b=c;prefix=x.;=;max_message=junk\n",
        };
        Fake fake;

        fake_init(&fake);
        fake.has_answer = true;
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
                aemp_port *port;
                aemp *a;

                fake.answer = answers[i];
                check_int(fake_open(&fake, &a, NULL, NULL), ==, 0);
                check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
                check_str(aemp_port_id(port), "host1#x.1");
                aemp_port_unref(port);
                aemp_unref(a);
        }
        fake_deinit(&fake);
}

TEST(refused) {
        const char *text;

        check_int(open_fails("error;not you\n", &text), ==, -EPROTO);
        check_str(text, "aempd says: not you");
        check_int(open_fails(NULL, &text), ==, -ECONNRESET);
        check_str(text, "aempd closed the connection");
}

TEST(not_aempd) {
        static const char *const answers[] = {
                "\n",
                "SSH-2.0-OpenSSH_9.2\n",
                "aemp-client;2;host1;;cbor;prefix=x.\n",
                "aemp-client;1;host1;;json;prefix=x.\n",
                "aemp-client;1;host1;;cbor\n",
                "aemp-client;1;host1;;cbor;prefix=\n",
                "aemp-client;1;;;cbor;prefix=x.\n",
                "aemp-client;1;ho#st;;cbor;prefix=x.\n",
        };
        char longest[400]; /* names of ours have to fit behind a prefix, those of ports elsewhere, too */
        const char *text;

        (void) snprintf(longest, sizeof longest, "aemp-client;1;host1;;cbor;prefix=%0243d\n", 0);
        check_int(open_fails(longest, &text), ==, -EPROTO);
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
                check_int(open_fails(answers[i], &text), ==, -EPROTO);
                check_str(text, "this is not aempd, or it speaks another version of the protocol");
        }
}

TEST(endless_line) {
        static char answer[5000];
        const char *text;

        memset(answer, 'x', sizeof answer - 1);
        check_int(open_fails(answer, &text), ==, -EPROTO);
}

TEST(nobody_there) {
        char address[128], *error;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        (void) snprintf(address, sizeof address, "%s.not", fake.address);
        check_int(aemp_open_error(&a, address, NULL, &error), ==, -ENOENT);
        check(strstr(error, "sock.not: No such file or directory"));
        free(error);

        (void) close(fake.listener);
        check_int(aemp_open(&a, fake.address, NULL), ==, -ECONNREFUSED);
        fake.listener = -1;
        fake_deinit(&fake);
}

TEST(no_permission) {
        Fake fake;
        aemp *a;

        fake_init(&fake);
        check_int(chmod(fake.dir, 0), ==, 0);
        if (geteuid() == 0)
                check_int(seteuid(65534), ==, 0);
        check_int(aemp_open(&a, fake.address, NULL), ==, -EACCES);
        check_int(seteuid(getuid()), ==, 0);
        check_int(chmod(fake.dir, 0700), ==, 0);
        fake_deinit(&fake);
}

TEST(bad_arguments) {
        static char too_long[150] = "unix:path=/";
        static const char *const addresses[] = {
                "",
                "unix:",
                "unix:path=",
                "tcp:host=x",
                "/run/aempd/aempd.sock",
                too_long,
        };
        char *error;
        aemp *a;

        memset(too_long + strlen(too_long), 'x', sizeof too_long - 1 - strlen(too_long));
        for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
                check_int(aemp_open_error(&a, addresses[i], NULL, &error), ==, -EINVAL);
                check(strstr(error, "not an address"));
                free(error);
        }
        check_int(aemp_open(NULL, NULL, NULL), ==, -EINVAL);
        check(!aemp_ref(NULL));
        check(!aemp_unref(NULL));
        check_int(aemp_is_attached(NULL), ==, 0);
        check(!aemp_node(NULL));
}

TEST(address_of_environment) {
        Fake fake;
        aemp *a;

        fake_init(&fake);
        check_int(setenv("AEMP_ADDRESS", "unix:path=/nowhere", 1), ==, 0);
        check_int(aemp_open(&a, NULL, NULL), ==, -ENOENT);
        check_int(setenv("AEMP_ADDRESS", "nonsense", 1), ==, 0);
        check_int(aemp_open(&a, NULL, NULL), ==, -EINVAL);
        fake_deinit(&fake);
}

TEST(address_of_user) {
        char path[128];
        char *error;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        check_int(unsetenv("AEMP_ADDRESS"), ==, 0);
        check_int(setenv("XDG_RUNTIME_DIR", fake.dir, 1), ==, 0);

        /* Not there: the system's. */
        check_int(aemp_open_error(&a, NULL, NULL, &error), <, 0);
        check(strstr(error, "/run/aempd/aempd.sock: "));
        free(error);

        (void) snprintf(path, sizeof path, "%s/aempd", fake.dir);
        check_int(mkdir(path, 0700), ==, 0);
        (void) snprintf(path, sizeof path, "%s/aempd/aempd.sock", fake.dir);
        check_int(symlink("/dev/null", path), ==, 0);
        check_int(aemp_open(&a, NULL, NULL), ==, -ECONNREFUSED);

        check_int(unlink(path), ==, 0);
        (void) snprintf(path, sizeof path, "%s/aempd", fake.dir);
        check_int(rmdir(path), ==, 0);
        fake_deinit(&fake);
}

TEST(refs) {
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check(aemp_ref(a) == a);
        check(!aemp_unref(a));
        check_int(aemp_is_attached(a), ==, 1);
        check(!aemp_unref(a));
        check_str(fake_hear(&fake), NULL);
        fake_deinit(&fake);
}
