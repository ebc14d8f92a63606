/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Something dies, and everybody who wanted to know is told why
 */

#include "tests/world/story.h"

/* On host 1 one that dies; next to it, and on host 2, one that watches it. */
typedef struct Cast {
        World *world;
        Prog *dying;
        Prog *near, *far;
        Port *port;
        Talk *from_near, *from_far;
} Cast;

static Cast cast_new(void) {
        Cast cast = {.world = story_new(2, 1)};

        cast.dying = story_prog(cast.world, 1);
        cast.near = story_prog(cast.world, 1);
        cast.far = story_prog(cast.world, 2);
        cast.port = prog_port(cast.dying);
        cast.from_near = talk_get(prog_port(cast.near), cast.port, NULL);
        cast.from_far = talk_get(prog_port(cast.far), cast.port, NULL);
        talk_watch(cast.from_near);
        talk_watch(cast.from_far);
        story_run(cast.world, 10 * USEC_PER_MSEC);
        check(cast.port->watched);
        return cast;
}

static void check_told(const Cast *cast, const char *id, const char *second) {
        story_run(cast->world, 10 * USEC_PER_MSEC);
        check_int(cast->from_near->n_fired, ==, 1);
        check_int(cast->from_far->n_fired, ==, 1);
        for (int i = 0; i < 2; i++) {
                const Talk *talk = i ? cast->from_near : cast->from_far;

                check_str(talk->why[0], id);
                if (second)
                        check_str(talk->why[1], second);
        }
}

TEST(port) {
        Cast cast = cast_new();

        port_die(cast.port, PORT_DIED);
        check_told(&cast, "died", "on purpose");
        story_end(cast.world);
}

TEST(program) {
        Cast cast = cast_new();

        prog_crash(cast.dying);
        check_told(&cast, "detached", cast.dying->name);
        story_end(cast.world);
}

TEST(program_says_bye) {
        Cast cast = cast_new();

        prog_bye(cast.dying);
        check_told(&cast, "", "");
        check_int(cast.dying->state, ==, PROG_OVER);
        story_end(cast.world);
}

TEST(killed) {
        Cast cast = cast_new();

        story_say(cast.from_far, 3, 100);
        talk_kill(cast.from_far);
        check_told(&cast, "killed", NULL);
        check_int(story_delivered(cast.from_far), ==, 4);
        story_end(cast.world);
}

TEST(never_was) {
        Cast cast = cast_new();
        Port *ports[] = {host_no_port(cast.dying->host, cast.dying), host_no_port(cast.dying->host, NULL)};

        for (int i = 0; i < 2; i++)
                for (int j = 0; j < 2; j++) {
                        Talk *talk = talk_get(prog_port(j ? cast.near : cast.far), ports[i], NULL);

                        talk_watch(talk);
                        story_say(talk, 2, 10);
                        story_run(cast.world, 10 * USEC_PER_MSEC);
                        check_int(talk->n_fired, ==, 1);
                        check_str(talk->why[0], "no_such_port");
                }

        story_end(cast.world);
}

TEST(dead_already) {
        Cast cast = cast_new();

        port_die(cast.port, PORT_DIED);
        story_run(cast.world, 10 * USEC_PER_MSEC);
        talk_watch(cast.from_near);
        talk_watch(cast.from_far);
        story_run(cast.world, 10 * USEC_PER_MSEC);
        check_str(cast.from_near->why[0], "no_such_port");
        check_str(cast.from_far->why[0], "no_such_port");
        story_end(cast.world);
}

TEST(stopped_monitor_stays_silent) {
        Cast cast = cast_new();

        talk_unwatch(cast.from_near);
        story_run(cast.world, 10 * USEC_PER_MSEC);
        check(cast.port->watched);
        talk_unwatch(cast.from_far);
        story_run(cast.world, 10 * USEC_PER_MSEC);
        check(!cast.port->watched);

        port_die(cast.port, PORT_DIED);
        story_run(cast.world, 10 * USEC_PER_MSEC);
        check_int(cast.from_near->n_fired + cast.from_far->n_fired, ==, 0);
        story_end(cast.world);
}

/* What it said before it died comes before the news of its death: the oracle knows. */
TEST(last_words) {
        Cast cast = cast_new();
        Talk *to_near = talk_get(cast.port, cast.from_near->from, NULL);
        Talk *to_far = talk_get(cast.port, cast.from_far->from, NULL);

        story_say(to_near, 50, 2000);
        story_say(to_far, 50, 2000);
        story_run(cast.world, 200);
        prog_crash(cast.dying);
        check_told(&cast, "detached", cast.dying->name);
        check_int(story_delivered(to_near), ==, 50);
        check_int(story_delivered(to_far), ==, 50);
        story_end(cast.world);
}

TEST(node) {
        Cast cast = cast_new();

        host_crash(world_host(cast.world, 1), /* silent= */ false);
        story_run(cast.world, 10 * USEC_PER_MSEC);
        check_int(cast.from_far->n_fired, ==, 1);
        check_str(cast.from_far->why[0], "transport_error");
        check_str(cast.from_far->why[1], world_host(cast.world, 1)->id);
        check_int(cast.near->state, ==, PROG_OVER);
        world_heal(cast.world);
        story_run_until_whole(cast.world, 60 * USEC_PER_SEC);
        story_end(cast.world);
}

/* After ten minutes nobody remembers that there was such a node; it may come back all the same. */
TEST(node_gone_for_long) {
        Cast cast = cast_new();
        Talk *talk;

        host_crash(world_host(cast.world, 1), /* silent= */ true);
        story_run(cast.world, 800 * USEC_PER_SEC);
        check_int(cast.from_far->n_fired, ==, 1);
        talk_watch(cast.from_far);
        story_say(cast.from_far, 3, 10);
        story_run(cast.world, 10 * USEC_PER_SEC);
        check_int(cast.from_far->n_fired, ==, 2);
        check_str(cast.from_far->why[0], "transport_error");

        world_heal(cast.world);
        story_run_until_whole(cast.world, 60 * USEC_PER_SEC);
        talk = story_talk(cast.far, story_prog(cast.world, 1));
        story_say(talk, 3, 10);
        story_run(cast.world, USEC_PER_SEC);
        check_int(story_delivered(talk), ==, 3);
        story_end(cast.world);
}

/* Nobody says a word: the heartbeat finds it. */
TEST(power) {
        Cast cast = cast_new();
        uint64_t start = cast.world->sim.now;

        host_crash(world_host(cast.world, 1), /* silent= */ true);
        story_run(cast.world, 31 * USEC_PER_SEC);
        check_int(cast.from_far->n_fired, ==, 1);
        check_str(cast.from_far->why[0], "transport_error");
        check_int(
                cast.from_far->fired_at - start, <=, cast.world->node_config.monitor_timeout + USEC_PER_SEC);
        world_heal(cast.world);
        story_run_until_whole(cast.world, 60 * USEC_PER_SEC);
        story_end(cast.world);
}
