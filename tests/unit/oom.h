/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Without memory
 *
 * malloc() and its kin of the whole program, which fail when they are told to. A story is told again and
 * again, with its first allocation failing, then the second... until none does. Only what is allocated
 * between oom_enter() and oom_leave() counts: the test itself always has memory.
 *
 * A sanitizer's allocator is left alone: then nothing fails, and a story is told once.
 */

#include <stdbool.h>

typedef enum OomKind {
        OOM_ONE, /* one allocation fails */
        OOM_ALL, /* and all behind it, until oom_disarm() */
} OomKind;

/* The nth from now (0: the next). */
void oom_arm(long n, OomKind kind);
/* True: there was an nth. */
bool oom_disarm(void);
/* Did any fail since then? */
bool oom_failed(void);

/* False: with this sanitizer nothing fails. */
bool oom_works(void);

/* Code that is to run out of memory begins. Returns what oom_leave() wants. */
bool oom_enter(void);
void oom_leave(bool before);
/* The same the other way round, for what it calls: the test's own code begins, and ends. */
bool oom_pause(void);

/* A call that may find no memory. */
#define oom_within(call) \
        do { \
                bool _oom_before = oom_enter(); \
\
                call; \
                oom_leave(_oom_before); \
        } while (0)

/* Allocations of the program that were not freed. */
long oom_live(void);

/* Tells a story as often as it takes. It has to leave as many allocations as it found. Returns how many of
 * its allocations failed, one at a time. */
long oom_tell(void (*story)(void *userdata), void *userdata, OomKind kind);
