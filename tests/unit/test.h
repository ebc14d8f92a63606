/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Tests
 *
 * TEST(name) { ... } is all there is to write. Each test runs in a process of its own, with a time limit
 * (10 s, times TEST_TIMEOUT_FACTOR from the environment), and has to leave as many fds open as it found.
 * The output is TAP.
 *
 *      test-buf                all tests
 *      test-buf grow reset     these
 *      test-buf --list         their names
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/str.h"

/* A sanitizer has an allocator of its own. */
#if defined(__SANITIZE_ADDRESS__)
#define TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

typedef void (*TestFn)(void);

void test_register(const char *name, TestFn fn);

#define TEST(name) \
        static void test_##name(void); \
        __attribute__((constructor)) static void test_register_##name(void) { \
                test_register(#name, test_##name); \
        } \
        static void test_##name(void)

/* Ends the test that runs, with this text. */
void test_fail(const char *file, int line, const char *format, ...)
        __attribute__((noreturn, format(printf, 3, 4)));
/* A line of the output, for people. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An integer of any type keeps its value in one of these. */
typedef __int128 TestInt;

void test_fail_int(const char *file, int line, const char *text, TestInt a, TestInt b)
        __attribute__((noreturn));
void test_check_mem(const char *file, int line, const void *a, size_t n, const void *b, size_t m);
void test_check_str(const char *file, int line, const char *a, const char *b);

#define check(expr) \
        do { \
                if (!(expr)) \
                        test_fail(__FILE__, __LINE__, "%s", #expr); \
        } while (0)

/* check_int(a, ==, b) */
#define check_int(a, op, b) \
        do { \
                TestInt _test_a = (a), _test_b = (b); \
\
                if (!(_test_a op _test_b)) \
                        test_fail_int(__FILE__, __LINE__, #a " " #op " " #b, _test_a, _test_b); \
        } while (0)

/* The same octets: check_mem(p, n, expected, m). */
#define check_mem(p, n, q, m) test_check_mem(__FILE__, __LINE__, p, n, q, m)

/* The same C strings; NULL equals NULL. */
#define check_str(a, b) test_check_str(__FILE__, __LINE__, a, b)

/* A Str and a string literal, which may have NULs in it. */
#define check_is(s, literal) \
        do { \
                Str _test_s = (s); \
\
                test_check_mem(__FILE__, __LINE__, _test_s.p, _test_s.n, literal, sizeof(literal) - 1); \
        } while (0)

/* A string literal as the two arguments "octets, how many". */
#define OCTETS(literal) ((const uint8_t *) (literal)), (sizeof(literal) - 1)
