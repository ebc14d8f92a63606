/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "tests/unit/oom.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/test.h"

static long fail_at = -1; /* allocations until the one that fails; -1: none does */
static bool fail_on;      /* so do those behind it */
static bool failed;
static bool inside;
static _Atomic long live;

#if !TEST_SANITIZED
#pragma GCC visibility push(default) /* libraries are to find these */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void __libc_free(void *p);

static bool fails(void) {
        if (!inside || fail_at < 0)
                return false;
        if (fail_at > 0) {
                fail_at--;
                return false;
        }

        fail_at = fail_on ? 0 : -1;
        failed = true;
        errno = ENOMEM;
        return true;
}

void *malloc(size_t n) {
        if (fails())
                return NULL;
        live++;
        return __libc_malloc(n);
}

void *calloc(size_t n, size_t size) {
        if (fails())
                return NULL;
        live++;
        return __libc_calloc(n, size);
}

void *realloc(void *p, size_t n) {
        if (fails())
                return NULL;
        live += !p;
        return __libc_realloc(p, n);
}

void *reallocarray(void *p, size_t n, size_t size) {
        return realloc(p, n * size);
}

void free(void *p) {
        live -= !!p;
        __libc_free(p);
}
#pragma GCC visibility pop
#endif

void oom_arm(long n, OomKind kind) {
        fail_at = n;
        fail_on = kind == OOM_ALL;
        failed = false;
}

bool oom_disarm(void) {
        fail_at = -1;
        return failed;
}

bool oom_failed(void) {
        return failed;
}

bool oom_works(void) {
        return !TEST_SANITIZED;
}

bool oom_enter(void) {
        bool before = inside;

        inside = true;
        return before;
}

bool oom_pause(void) {
        bool before = inside;

        inside = false;
        return before;
}

void oom_leave(bool before) {
        inside = before;
}

long oom_live(void) {
        return live;
}

long oom_tell(void (*story)(void *userdata), void *userdata, OomKind kind) {
        long n = 0;
        bool again;

        story(userdata); /* what is allocated once is there now */
        do {
                long before = oom_live();

                oom_arm(n, kind);
                story(userdata);
                again = oom_disarm();
                if (oom_live() != before)
                        test_fail(__FILE__, __LINE__, "allocation %ld failed, and %ld were not freed", n,
                                oom_live() - before);
                n++;
        } while (again);

        test_note("%ld allocations failed, one at a time", n - 1);
        return n - 1;
}
