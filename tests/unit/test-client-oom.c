/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Without memory
 *
 * A scenario that touches everything is run again and again, with the first allocation failing, then the
 * second... until none does. Each call says -ENOMEM and has done nothing, or works; nothing crashes, and
 * what was told of is true.
 */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/oom.h"
#include "tests/unit/test.h"

#define works(call) \
        do { \
                int _works_r = (call); \
\
                if (_works_r < 0 && _works_r != -ENOTCONN) \
                        check_int(_works_r, ==, -ENOMEM); \
        } while (0)

static int calls;

static int on_msg(aemp_port *port, aemp_msg *msg, void *userdata) {
        const char *s;
        aemp_msg *kept;
        json_t *value;

        calls++;
        if (aemp_msg_length(msg) >= 2)
                works(aemp_msg_unpack(msg, "[s,o]", &s, &value));
        if (aemp_msg_json(msg, &value) >= 0)
                json_decref(value);
        kept = aemp_msg_ref(msg);
        aemp_msg_unref(kept);
        return 0;
}

static int on_mon(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        return 0;
}

static int on_cal(aemp *a, int error, aemp_msg *msg, void *userdata) {
        return 0;
}

static int on_node(aemp *a, const char *node, int up, aemp_msg *reason, void *userdata) {
        return 0;
}

static int on_fn(aemp *a, void *userdata) {
        return 0;
}

static int on_fail(aemp_port *port, aemp_msg *msg, void *userdata) {
        return -EIO;
}

static int on_func(aemp *a, aemp_port *port, aemp_msg *args, void *userdata) {
        const char *s;

        calls++;
        works(aemp_msg_unpack(args, "[s]", &s));
        if (port)
                works(aemp_reg(port, NULL, "spawned"));
        return 0;
}

static void turns(aemp *a) {
        for (int i = 0; i < 3; i++)
                works(aemp_process(a));
}

/* The other side must not run out of memory. */
static void say(Fake *fake, aemp *a, const char *text) {
        bool before = oom_pause();

        if (aemp_is_attached(a))
                fake_say(fake, text);
        oom_leave(before);
}

static void scenario(Fake *fake, aemp *a) {
        aemp_port *ports[3] = {0};
        aemp_slot *slots[7] = {0};
        char *id = NULL;
        json_t *value;
        char **nodes;

        for (int i = 0; i < 3; i++)
                works(aemp_port_new(a, &ports[i], on_msg, NULL));
        if (ports[0]) {
                works(aemp_rcv(ports[0], NULL, "fail", on_fail, NULL));
                works(aemp_rcv(ports[0], &slots[5], "tag", on_msg, NULL));
        }
        works(aemp_mon(a, &slots[0], "n#p", on_mon, NULL));
        works(aemp_mon(a, NULL, "host1#P1.1", on_mon, NULL));
        works(aemp_mon(a, NULL, "host1#P1.77", on_mon, NULL));
        works(aemp_mon_snd(a, NULL, "n#p", "host1#P1.2", "[s,n]", "gone"));
        if (ports[2])
                works(aemp_mon_kil(a, NULL, "n#p", ports[2]));
        works(aemp_cal(a, NULL, "n#q", 1000000, on_cal, NULL, "[s]", "x"));
        works(aemp_cal(a, &slots[1], "host1#P1.2", AEMP_INFINITE, on_cal, NULL, "[s]", "x"));
        works(aemp_mon_nodes(a, &slots[2], on_node, NULL));
        for (int i = 0; i < 10; i++)
                works(aemp_after(a, NULL, 0, on_fn, NULL));
        works(aemp_every(a, &slots[3], 1000000, on_fn, NULL));
        works(aemp_on_reattach(a, &slots[4], on_fn, NULL));
        works(aemp_func(a, NULL, "A::f", on_func, NULL));
        if (ports[0]) {
                works(aemp_reg(ports[0], &slots[6], "earlier"));
                works(aemp_reg(ports[0], NULL, "name"));
        }
        works(aemp_spawn(a, &id, "n", "A::f", "[s]", "x"));
        if (id)
                works(aemp_mon(a, NULL, id, on_mon, NULL));
        free(id);
        works(aemp_snd_to_func(a, "n", "A::f", "[s]", "x"));
        works(aemp_snd_on(a, "n", "m#p", "[s]", "x"));
        turns(a);

        value = json_pack("{s:[i,i]}", "k", 1, 2);
        if (value)
                works(aemp_snd(a, "host1#P1.2", "[s,O]", "text", value));
        json_decref(value);
        works(aemp_snd(a, "n#p", "[s,[i]]", "text", 1));
        works(aemp_snd_raw(a, "n#p", 1, "\x01", 1));
        works(aemp_kil(a, "host1#P1.3", "[s]", "because"));
        works(aemp_kil(a, "n#p", NULL));
        turns(a);

        say(fake, a, "[\"\",\"mon1\",\"P1.1\"]");
        say(fake, a, "[\"\",\"mon1\",\"P1.99\"]");
        say(fake, a, "[\"\",\"node\",\"n\",true]");
        say(fake, a, "[\"P1.2\",\"hello\",{\"a\":[1,2]}]");
        say(fake, a, "[\"P1.1\",\"fail\"]");
        say(fake, a, "[\"\",\"src\",\"n\"]");
        say(fake, a, "[\"\",\"A::f\",\"text\"]");
        say(fake, a, "[\"\",\"AnyEvent::MP::_spawn\",\"x.1\",\"A::f\",\"text\"]");
        say(fake, a, "[\"\",\"AnyEvent::MP::_spawn\",\"x.2\",\"A::g\",\"text\"]");
        say(fake, a, "[\"x.1\",\"hello\"]");
        say(fake, a, "[\"\",\"kil0\",\"n#p\",\"die\",\"text\"]");
        say(fake, a, "[\"\",\"refused\",\"mon1\",\"limit\",\"text\",\"n#q\"]");
        say(fake, a, "[\"\",\"refused\",\"reg1\",\"denied\",\"text\",\"name\",\"P1.1\"]");
        say(fake, a, "[\"\",\"down\",\"n\"]");
        turns(a);
        works(aemp_mon_nodes(a, NULL, on_node, NULL));
        turns(a);
        if (aemp_up_nodes(a, &nodes) >= 0)
                free(nodes);

        for (int i = 0; i < 3; i++)
                (void) aemp_port_id(ports[i]);
        fake_hang_up(fake);
        turns(a);

        for (int i = 0; i < 7; i++)
                aemp_slot_unref(slots[i]);
        for (int i = 0; i < 3; i++)
                aemp_port_unref(ports[i]);
}

static int on_port(aemp_port *port, void *userdata) {
        return 0;
}

/* Patterns, and what waits. What came and could not be kept ends the connection: nobody believes that it
 * arrived. */
static void waiting(Fake *fake, aemp *a) {
        aemp_port *ports[2] = {0};
        aemp_slot *slot = NULL;
        aemp_msg *msg = NULL;
        json_t *value;

        for (int i = 0; i < 2; i++)
                works(aemp_port_new(a, &ports[i], on_msg, NULL));
        if (ports[0] && ports[1]) {
                works(aemp_rcv_match(ports[0], NULL, on_msg, NULL, "[s,_,{s:i}]", "\xc3\xa4", "k", 1));
                works(aemp_rcv_match(ports[0], &slot, on_msg, NULL, "[i]", 3));
                works(aemp_port_run(ports[0], on_port, NULL));
        }
        works(aemp_mon(a, NULL, "n#p", on_mon, NULL));
        works(aemp_func(a, NULL, "A::f", on_func, NULL));

        value = json_pack("[s,i]", "x", 1);
        if (value) {
                works(aemp_cal_json(a, NULL, "n#q", 1000000, on_cal, NULL, value));
                works(aemp_kil_json(a, "n#r", value));
        }
        json_decref(value);

        say(fake, a, "[\"\",\"src\",\"n\"]");
        say(fake, a, "[\"P1.1\",3]");
        say(fake, a, "[\"P1.2\",\"t\",1]");
        say(fake, a, "[\"\",\"src\",\"m\"]");
        say(fake, a, "[\"P1.2\",\"u\",2]");
        say(fake, a, "[\"\",\"kil0\",\"n#p\",\"why\"]");
        say(fake, a, "[\"\",\"down\",\"n\"]");
        say(fake, a, "[\"\",\"mon1\",\"P1.99\"]");
        say(fake, a, "[\"\",\"kil1\",\"P1.2\",\"why\"]");
        say(fake, a, "[\"\",\"kil1\",\"P1.3\",\"why\"]");
        say(fake, a, "[\"\",\"AnyEvent::MP::_spawn\",\"x.1\",\"A::f\",\"text\"]");
        say(fake, a, "[\"x.1\",\"early\"]");
        say(fake, a, "[\"\",\"kil1\",\"x.1\"]");
        say(fake, a, "[\"P1.4\",\"reply\"]");
        say(fake, a, "[\"\",\"refused\",\"time\",\"unknown\",\"text\",\"host1#P1.4\"]");
        if (ports[1]) {
                works(aemp_snd(a, "host1#P1.2", "[s,i]", "v", 1));
                if (aemp_port_recv_tag(ports[1], &msg, "u", 0) >= 0)
                        check_str(aemp_msg_tag(msg), "u");
                msg = aemp_msg_unref(msg);
                if (aemp_port_recv(ports[1], &msg, 0) >= 0)
                        calls++;
                msg = aemp_msg_unref(msg);
        }
        if (aemp_cal_wait(a, &msg, "", 0, "[s]", "time") >= 0)
                calls++;
        msg = aemp_msg_unref(msg);
        if (aemp_cal_wait(a, &msg, "n#p", 0, NULL) == -ECONNRESET)
                calls++;
        msg = aemp_msg_unref(msg);

        say(fake, a, "[\"P1.1\",\"\xc3\xa4\",1,{\"k\":1}]");
        if (aemp_is_attached(a)) {
                bool before = oom_pause();

                fake_say_raw(fake, "\x84\x44P1.1\x41\xe4\x01\xa1\x41k\x01", 13);
                oom_leave(before);
        }
        turns(a);
        aemp_slot_unref(slot);
        for (int i = 0; i < 2; i++)
                aemp_port_unref(ports[i]);
}

typedef struct Story {
        void (*fn)(Fake *fake, aemp *a);
} Story;

static void story_run(void *userdata) {
        const Story *story = userdata;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        oom_within(story->fn(&fake, a));
        aemp_unref(a);
        fake_deinit(&fake);
}

static void story_tell(Story story) {
        long n = oom_tell(story_run, &story, OOM_ONE);

        check_int(calls, >, 0);
        if (oom_works())
                check_int(n, >, 50);
}

TEST(every_allocation) {
        story_tell((Story){scenario});
}

TEST(every_allocation_while_waiting) {
        story_tell((Story){waiting});
}

TEST(opening) {
        int n = 0, r;

        do {
                Fake fake;
                aemp *a;

                fake_init(&fake);
                oom_arm(n++, OOM_ONE);
                oom_within(r = aemp_open(&a, "unix:path=/nowhere", "x"));
                check(r == -ENOENT || r == -ENOMEM);
                fake_deinit(&fake);
        } while (oom_disarm());
}
