/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tests
 */

#include "tests/unit/test.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TESTS_MAX 256
#define TIME_LIMIT 10 /* s */
#define OCTETS_SHOWN 48

typedef struct Test {
        const char *name;
        TestFn fn;
} Test;

/* Running out of memory is something to test, under the sanitizers too. */
const char *__asan_default_options(void);

__attribute__((used, visibility("default"))) const char *__asan_default_options(void) {
        return "allocator_may_return_null=1";
}

static Test tests[TESTS_MAX];
static size_t n_tests;

void test_register(const char *name, TestFn fn) {
        if (n_tests == TESTS_MAX) {
                (void) fprintf(stderr, "More than %d tests\n", TESTS_MAX);
                abort();
        }

        tests[n_tests++] = (Test){name, fn};
}

/* --- in the test's process -------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 0))) static void note(const char *format, va_list args) {
        (void) printf("# ");
        (void) vprintf(format, args);
        (void) printf("\n");
        (void) fflush(stdout);
}

void test_note(const char *format, ...) {
        va_list args;

        va_start(args, format);
        note(format, args);
        va_end(args);
}

void test_fail(const char *file, int line, const char *format, ...) {
        va_list args;

        (void) printf("# %s:%d: ", file, line);
        va_start(args, format);
        (void) vprintf(format, args);
        va_end(args);
        (void) printf("\n");
        (void) fflush(stdout);
        _exit(EXIT_FAILURE);
}

static const char *int_text(TestInt v, char to[48]) {
        char *p = to + 47;
        unsigned __int128 magnitude = v < 0 ? -(unsigned __int128) v : (unsigned __int128) v;

        *p = '\0';
        do
                *--p = (char) ('0' + (int) (magnitude % 10));
        while ((magnitude /= 10) > 0);
        if (v < 0)
                *--p = '-';

        return p;
}

void test_fail_int(const char *file, int line, const char *text, TestInt a, TestInt b) {
        char a_text[48], b_text[48];

        test_fail(file, line, "%s: %s and %s", text, int_text(a, a_text), int_text(b, b_text));
}

static void print_octets(const char *label, const uint8_t *p, size_t n, size_t from) {
        (void) printf("#   %s (%zu octets, from %zu):", label, n, from);
        for (size_t i = from; i < n && i < from + OCTETS_SHOWN; i++)
                (void) printf(" %02x", p[i]);
        (void) printf("%s\n", n > from && n - from > OCTETS_SHOWN ? " ..." : "");
}

void test_check_mem(const char *file, int line, const void *a, size_t n, const void *b, size_t m) {
        const uint8_t *p = a, *q = b;
        size_t same = 0;

        while (same < n && same < m && p[same] == q[same])
                same++;
        if (same == n && same == m)
                return;

        print_octets("got", p, n, same < 8 ? 0 : same - 8);
        print_octets("expected", q, m, same < 8 ? 0 : same - 8);
        test_fail(file, line, "octets differ at %zu", same);
}

void test_check_str(const char *file, int line, const char *a, const char *b) {
        if (a == b || (a && b && strcmp(a, b) == 0))
                return;

        test_fail(file, line, "got \"%s\", expected \"%s\"", a ? a : "(null)", b ? b : "(null)");
}

static int count_fds(void) {
        DIR *dir = opendir("/proc/self/fd");
        int n = 0;

        if (!dir)
                return -1;

        while (readdir(dir))
                n++;
        (void) closedir(dir);
        return n;
}

static unsigned time_limit(void) {
        const char *factor = getenv("TEST_TIMEOUT_FACTOR");
        double limit = TIME_LIMIT * (factor ? atof(factor) : 1);

        return limit < 1 ? 1 : (unsigned) limit;
}

/* Ends with exit(), which is when the leak checker looks. */
static void run_child(const Test *test) {
        int before, after;

        (void) setpgid(0, 0);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) alarm(time_limit());

        before = count_fds();
        test->fn();
        after = count_fds();
        if (before != after)
                test_fail(test->name, 0, "%d fds open before, %d after", before, after);

        exit(EXIT_SUCCESS);
}

/* --- in the parent ---------------------------------------------------------------------------------- */

static bool run(const Test *test, size_t number) {
        int status = 0;
        pid_t pid;
        bool ok;

        (void) fflush(stdout);
        pid = fork();
        if (pid < 0) {
                perror("fork");
                exit(EXIT_FAILURE);
        }
        if (pid == 0)
                run_child(test);

        while (waitpid(pid, &status, 0) < 0)
                ;
        (void) kill(-pid, SIGKILL); /* what it left behind */

        ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
                test_note("%s: no end within %u s", test->name, time_limit());
        else if (WIFSIGNALED(status))
                test_note("%s: %s", test->name, strsignal(WTERMSIG(status)));
        else if (!ok)
                test_note("%s: exit status %d", test->name, WEXITSTATUS(status));

        (void) printf("%s %zu - %s\n", ok ? "ok" : "not ok", number, test->name);
        return ok;
}

static bool is_named(const char *name, char **argv) {
        for (; *argv; argv++)
                if (strcmp(*argv, name) == 0)
                        return true;

        return false;
}

static const Test *find(const char *name) {
        for (size_t i = 0; i < n_tests; i++)
                if (strcmp(tests[i].name, name) == 0)
                        return &tests[i];

        return NULL;
}

int main(int argc, char **argv) {
        size_t number = 0, failed = 0;

        if (argc == 2 && strcmp(argv[1], "--list") == 0) {
                for (size_t i = 0; i < n_tests; i++)
                        (void) printf("%s\n", tests[i].name);
                return EXIT_SUCCESS;
        }

        for (int i = 1; i < argc; i++)
                if (!find(argv[i])) {
                        (void) fprintf(stderr, "No test \"%s\", see --list\n", argv[i]);
                        return EXIT_FAILURE;
                }

        (void) printf("1..%zu\n", argc > 1 ? (size_t) argc - 1 : n_tests);
        for (size_t i = 0; i < n_tests; i++)
                if (argc == 1 || is_named(tests[i].name, argv + 1))
                        failed += !run(&tests[i], ++number);

        if (failed > 0)
                test_note("%zu of %zu failed", failed, number);
        return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
