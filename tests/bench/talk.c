/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Two programs that send each other messages
 *
 * The first octet of a payload says what it is. However it is done, the receiver's last word ends the talk,
 * so that nothing is left in the daemons for the next one.
 */

#include "tests/bench/talk.h"

#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/process.h"

#define TRIPS_MAX (1024 * 1024)
#define PAYLOAD_MAX (32 * 1024)
/* Seconds a program may take, all in all. */
#define PROGRAM_TIME 60
/* The receiver acknowledges that part of a window at a time. */
#define ACKS_A_WINDOW 10
/* The clock is asked once in so many messages. */
#define CLOCK_EVERY 32

enum {
        OCTET_DATA = 'd',
        OCTET_ACK = 'a',
        OCTET_LAST = 'l', /* of the sender: that's all. Of the receiver: so I see */
};

/* What the two and their parent share. */
typedef struct Talk {
        pthread_barrier_t barrier;
        char id[2][FORM_ID_MAX];
        uint64_t messages, begin, end;
        size_t trips;
        uint32_t trip[TRIPS_MAX]; /* ns */
} Talk;

typedef struct Program {
        const TalkPlan *plan;
        Talk *talk;
        End *end;
        uint64_t came; /* data, or acknowledged data, or pongs */
        bool last;
} Program;

static void program_put(Program *program, uint8_t octet, size_t n) {
        static uint8_t payload[PAYLOAD_MAX] = {[1 ... PAYLOAD_MAX - 1] = 'x'};

        payload[0] = octet;
        program->plan->form->put(program->end, payload, n);
}

static void program_wait(Program *program) {
        program->plan->form->wait(program->end);
}

/* --- one way ---------------------------------------------------------------------------------------- */

static unsigned ack_every(const TalkPlan *plan) {
        return plan->window / ACKS_A_WINDOW;
}

static void sender_got(void *userdata, const uint8_t *payload, size_t n) {
        Program *program = userdata;

        if (*payload == OCTET_ACK)
                program->came += ack_every(program->plan);
        else if (*payload == OCTET_LAST)
                program->last = true;
}

static void sender_run(Program *program) {
        const TalkPlan *plan = program->plan;
        uint64_t stop = process_now() + plan->nsec;
        uint64_t sent = 0;

        while (sent % CLOCK_EVERY != 0 || process_now() < stop) {
                while (plan->window > 0 && sent - program->came >= plan->window)
                        program_wait(program);
                program_put(program, OCTET_DATA, plan->size);
                sent++;
        }

        program_put(program, OCTET_LAST, plan->size);
        while (!program->last)
                program_wait(program);
}

static void receiver_got(void *userdata, const uint8_t *payload, size_t n) {
        Program *program = userdata;
        unsigned every = ack_every(program->plan);

        if (program->came++ == 0)
                program->talk->begin = process_now();
        if (n != program->plan->size)
                errx(1, "a payload of %zu octets came", n);

        if (*payload == OCTET_LAST) {
                program->talk->end = process_now();
                program->talk->messages = program->came;
                program_put(program, OCTET_LAST, 1);
                program->last = true;
        } else if (every > 0 && program->came % every == 0)
                program_put(program, OCTET_ACK, 1);
}

/* Until the sender has gone: it is the parent's turn to end this one. */
static void receiver_run(Program *program) {
        for (;;)
                program_wait(program);
}

/* --- round trips ------------------------------------------------------------------------------------ */

static void pinger_got(void *userdata, const uint8_t *payload, size_t n) {
        Program *program = userdata;

        program->came++;
}

static void pinger_run(Program *program) {
        Talk *talk = program->talk;
        uint64_t before, now, stop;

        talk->begin = now = process_now();
        stop = now + program->plan->nsec;

        for (size_t i = 0; i < TRIPS_MAX && now < stop; i++) {
                before = now;
                program_put(program, OCTET_DATA, program->plan->size);
                while (program->came == i)
                        program_wait(program);
                now = process_now();
                talk->trip[talk->trips++] = (uint32_t) (now - before);
        }

        talk->end = now;
        talk->messages = talk->trips;
}

static void ponger_got(void *userdata, const uint8_t *payload, size_t n) {
        program_put(userdata, OCTET_DATA, n);
}

/* --- both ------------------------------------------------------------------------------------------- */

static const struct {
        EndFn got;
        void (*run)(Program *program);
} roles[][2] = {
        [TALK_ONE_WAY] = {{sender_got, sender_run}, {receiver_got, receiver_run}},
        [TALK_TRIPS] = {{pinger_got, pinger_run}, {ponger_got, receiver_run}},
};

_Noreturn static void program_main(const TalkPlan *plan, Talk *talk, int which) {
        Program program = {.plan = plan, .talk = talk};

        process_dies_with_parent();
        process_pin(0, plan->cpu);
        (void) alarm(PROGRAM_TIME);

        program.end =
                plan->form->open(plan->path[which], roles[plan->kind][which].got, &program, talk->id[which]);
        (void) pthread_barrier_wait(&talk->barrier);
        plan->form->aim(program.end, talk->id[!which]);

        roles[plan->kind][which].run(&program);

        plan->form->close(program.end);
        _exit(0);
}

static int compare(const void *a, const void *b) {
        uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;

        return (x > y) - (x < y);
}

static Talk *talk_new(void) {
        pthread_barrierattr_t attr;
        Talk *talk;

        talk = mmap(NULL, sizeof(*talk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (talk == MAP_FAILED)
                err(1, "mmap");

        (void) pthread_barrierattr_init(&attr);
        (void) pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
        (void) pthread_barrier_init(&talk->barrier, &attr, 2);
        return talk;
}

int talk_run(const TalkPlan *plan, TalkResult *ret) {
        Talk *talk = talk_new();
        Child child[2];
        int i, r;

        for (i = 0; i < 2; i++) {
                child[i] = (Child){.pid = fork()};
                if (child[i].pid < 0)
                        err(1, "fork");
                if (child[i].pid == 0)
                        program_main(plan, talk, i);
        }

        /* the receiver never ends by itself, so when it does, it failed */
        i = child_wait_first(child, 2);
        r = child_result(&child[i]);
        if (i == 1)
                r = -ECHILD;
        for (i = 0; i < 2; i++)
                child_end(&child[i]);

        if (r == 0) {
                qsort(talk->trip, talk->trips, sizeof(talk->trip[0]), compare);
                *ret = (TalkResult){
                        .messages = talk->messages,
                        .rate = (double) talk->messages * 1e9 / (double) (talk->end - talk->begin),
                        .p50 = talk->trip[talk->trips / 2] / 1e3,
                        .p99 = talk->trip[talk->trips * 99 / 100] / 1e3,
                        .sender = child[0].cpu,
                        .receiver = child[1].cpu,
                };
        }

        (void) munmap(talk, sizeof(*talk));
        return r;
}
