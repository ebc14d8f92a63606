/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Two programs that send each other messages
 *
 * One talk is one measurement: two processes are forked, attach, do what `kind` says for some time, and are
 * gone.
 */

#include <stdint.h>
#include <sys/types.h>

#include "tests/bench/form.h"

typedef enum TalkKind {
        TALK_ONE_WAY, /* as much as goes */
        TALK_TRIPS,   /* one message there and back, the next one when it is back */
} TalkKind;

typedef struct TalkPlan {
        const Form *form;
        const char *path[2]; /* sockets of the sender, and of the receiver */
        TalkKind kind;
        size_t size;     /* of a payload */
        unsigned window; /* messages that may wait for the receiver's word; 0: it says nothing */
        uint64_t nsec;   /* how long */
        int cpu;         /* both run on this one; -1: anywhere */
} TalkPlan;

typedef struct TalkResult {
        uint64_t messages;       /* or round trips */
        double rate;             /* of them in a second, from the receiver's first to its last */
        double p50, p99;         /* µs of a round trip */
        double sender, receiver; /* CPU seconds of the programs */
} TalkResult;

/* 0; or -ECHILD: one of the programs failed, and has said why. */
int talk_run(const TalkPlan *plan, TalkResult *ret);
