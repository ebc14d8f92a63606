/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <systemd/sd-event.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

static Fake fake;
static aemp *a;
static Heard h;

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(run(a), ==, 0);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

static bool readable(void) {
        struct pollfd pfd = {.fd = aemp_get_fd(a), .events = POLLIN | POLLPRI};
        int r = poll(&pfd, 1, 0);

        check_int(pfd.revents & ~POLLIN, ==, 0);
        return r > 0;
}

/* With nothing but poll() and aemp_process(): each call outside of a turn makes the fd readable if there is
 * something to do. */
#define wakes(call) \
        do { \
                check_int(run(a), ==, 0); \
                check(!readable()); \
                check_int(call, ==, 0); \
                check(readable()); \
                check_int(run(a), ==, 0); \
                check(!readable()); \
        } while (0)

TEST(no_wakeup_is_lost) {
        aemp_slot *slot;
        aemp_port *port;

        setup();
        wakes(aemp_snd(a, "n#p", "[s]", "x"));
        fake_expect(&fake, "[\"n#p\",\"x\"]");
        wakes(aemp_mon(a, &slot, "n#p", heard_mon, &h));
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        wakes((slot = aemp_slot_unref(slot), 0));
        fake_expect(&fake, "[\"\",\"mon0\",\"n#p\"]");
        wakes(aemp_mon(a, &slot, "host1#P1.999", heard_mon, &h));
        slot = aemp_slot_unref(slot);
        (void) heard(&h);

        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        wakes(aemp_snd(a, aemp_port_id(port), "[s]", "x"));
        check_str(heard(&h), "[\"x\"]; ");
        check_int(aemp_mon(a, NULL, aemp_port_id(port), heard_mon, &h), ==, 0);
        wakes(aemp_kil(a, aemp_port_id(port), NULL));
        check_str(heard(&h), "host1#P1.1 []; ");
        aemp_port_unref(port);

        wakes(aemp_mon_nodes(a, NULL, NULL, NULL));
        fake_say(&fake, "[\"\",\"node\",\"n\",true]");
        wakes(aemp_mon_nodes(a, NULL, heard_node, &h));
        check_str(heard(&h), "n up []; ");
        wakes((fake_say(&fake, "[\"\",\"down\",\"n\"]"), 0));
        teardown();
}

/* A timer set between aemp_process() and poll(). */
TEST(timer_after_process) {
        struct pollfd pfd;

        setup();
        pfd = (struct pollfd){.fd = aemp_get_fd(a), .events = POLLIN};
        check_int(aemp_after(a, NULL, 5000, heard_fn, &h), ==, 0);
        for (int i = 0; i < 10 && h.text.len == 0; i++) {
                check_int(poll(&pfd, 1, 5000), ==, 1);
                check_int(aemp_process(a), >=, 0);
        }
        check_str(heard(&h), ".; ");
        check(!readable());
        teardown();
}

TEST(fd_stays_the_same) {
        int fd;

        setup();
        fd = aemp_get_fd(a);
        fake_hang_up(&fake);
        check_int(run(a), ==, 0);
        check_int(aemp_is_attached(a), ==, 0);
        check_int(aemp_get_fd(a), ==, fd);
        teardown();
}

static int processes(aemp *x, void *userdata) {
        check_int(aemp_process(x), ==, -EBUSY);
        check_int(aemp_wait(x, 0), ==, -EBUSY);
        return heard_fn(x, userdata);
}

TEST(not_in_a_callback) {
        setup();
        check_int(aemp_after(a, NULL, 0, processes, &h), ==, 0);
        run_next(a);
        check_str(heard(&h), ".; ");
        teardown();
}

static void on_alarm(int sig) {
}

TEST(interrupted) {
        struct sigaction action = {.sa_handler = on_alarm};
        struct itimerval soon = {.it_value.tv_usec = 10000};

        setup();
        check_int(sigaction(SIGALRM, &action, NULL), ==, 0);
        check_int(setitimer(ITIMER_REAL, &soon, NULL), ==, 0);
        check_int(aemp_wait(a, AEMP_INFINITE), ==, -EINTR);
        teardown();
}

TEST(error_of_callback) {
        setup();
        h.result = -EDOM;
        check_int(aemp_after(a, NULL, 0, heard_fn, &h), ==, 0);
        check_int(aemp_after(a, NULL, 0, heard_fn, &h), ==, 0);
        check_int(aemp_wait(a, 1000000), ==, 1);
        while (h.text.len == 0)
                check_int(aemp_process(a), ==, h.text.len > 0 ? -EDOM : 0);
        check_str(heard(&h), ".; .; "); /* the turn was done to its end */
        check_int(run(a), ==, 0);
        teardown();
}

TEST(more_than_one_read) {
        static uint8_t octets[200 * 1000];
        aemp_port *port;
        int n = 0;

        setup();
        check_int(aemp_port_new(a, &port, NULL, NULL), ==, 0);
        check_int(aemp_rcv(port, NULL, "x", heard_msg, &h), ==, 0);
        for (size_t i = 0; i + 8 <= sizeof octets; i += 8)
                memcpy(octets + i, "\x82\x64P1.1\x61x", 8);
        for (size_t at = 0; at < sizeof octets; at += 20000) {
                fake_say_raw(&fake, octets + at, 20000);
                while (aemp_process(a) > 0)
                        n++;
        }
        check_int(h.text.len, ==, sizeof octets / 8 * 4);
        buf_deinit(&h.text);
        (void) n;
        aemp_port_unref(port);
        teardown();
}

TEST(octet_by_octet) {
        static const char octets[] = "\x83\x64P1.1\x63one\x81\x02";
        aemp_port *port;

        setup();
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        for (size_t i = 0; i < sizeof octets - 1; i++) {
                check_str(heard(&h), "");
                fake_say_raw(&fake, octets + i, 1);
                check_int(run(a), ==, 0);
        }
        check_str(heard(&h), "[\"one\",[2]]; ");
        aemp_port_unref(port);
        teardown();
}

/* --- sd-event --------------------------------------------------------------------------------------- */

static int echo(aemp_port *port, aemp_msg *msg, void *userdata) {
        const void *data;
        size_t n, size;

        check_int(aemp_msg_raw(msg, &n, &data, &size), ==, 0);
        return aemp_snd_raw(aemp_port_get(port), "n#p", n, data, size);
}

TEST(event) {
        aemp_port *port;
        sd_event *event;

        setup();
        check_int(sd_event_new(&event), ==, 0);
        check_int(aemp_attach_event(a, event, SD_EVENT_PRIORITY_IDLE), ==, 0);
        check_int(aemp_attach_event(a, event, 0), ==, -EBUSY);
        check_int(aemp_port_new(a, &port, echo, NULL), ==, 0);

        /* Sent outside: written before the loop waits. */
        check_int(aemp_snd(a, "n#p", "[s]", "outside"), ==, 0);
        check_int(sd_event_run(event, 0), ==, 0);
        fake_expect(&fake, "[\"n#p\",\"outside\"]");
        check_int(sd_event_run(event, 0), ==, 0);

        fake_say(&fake, "[\"P1.1\",\"hello\"]");
        check_int(sd_event_run(event, 1000000), >, 0);
        fake_expect(&fake, "[\"n#p\",\"hello\"]");

        /* To own ports, and timers. */
        check_int(aemp_snd(a, aemp_port_id(port), "[i]", 1), ==, 0);
        check_int(sd_event_run(event, 1000000), >, 0);
        fake_expect(&fake, "[\"n#p\",1]");
        check_int(aemp_after(a, NULL, 1000, heard_fn, &h), ==, 0);
        while (h.text.len == 0)
                check_int(sd_event_run(event, 1000000), >, 0);
        check_str(heard(&h), ".; ");

        check_int(aemp_detach_event(a), ==, 0);
        check_int(aemp_detach_event(a), ==, 0);
        check_int(aemp_snd(a, "n#p", "[s]", "x"), ==, 0);
        check_int(sd_event_run(event, 0), ==, 0);
        check_int(run(a), ==, 0);
        fake_expect(&fake, "[\"n#p\",\"x\"]");
        aemp_port_unref(port);
        sd_event_unref(event);
        teardown();
}

TEST(event_exit_with_error) {
        sd_event *event;

        setup();
        check_int(sd_event_new(&event), ==, 0);
        check_int(aemp_attach_event(a, event, 0), ==, 0);
        h.result = -EDOM;
        check_int(aemp_after(a, NULL, 0, heard_fn, &h), ==, 0);
        check_int(sd_event_loop(event), ==, -EDOM);
        sd_event_unref(event);
        (void) heard(&h);
        teardown();
}

static int drops(aemp *x, void *userdata) {
        a = aemp_unref(x);
        return sd_event_exit(userdata, 7);
}

TEST(event_drop_in_callback) {
        sd_event *event;

        setup();
        check_int(sd_event_new(&event), ==, 0);
        check_int(aemp_attach_event(a, event, 0), ==, 0);
        check_int(aemp_after(a, NULL, 0, drops, event), ==, 0);
        check_int(sd_event_loop(event), ==, 7);
        sd_event_unref(event);
        fake_deinit(&fake);
}

static int closes(aemp *x, void *userdata) {
        check_int(aemp_close(x, 0), ==, -ETIMEDOUT);
        return sd_event_exit(userdata, 7);
}

TEST(event_close_in_callback) {
        sd_event *event;

        setup();
        check_int(sd_event_new(&event), ==, 0);
        check_int(aemp_attach_event(a, event, 0), ==, 0);
        check_int(aemp_after(a, NULL, 0, closes, event), ==, 0);
        check_int(sd_event_loop(event), ==, 7);
        check_int(aemp_attach_event(a, event, 0), ==, -ENOTCONN);
        sd_event_unref(event);
        teardown();
}

TEST(event_default) {
        sd_event *event;

        setup();
        check_int(aemp_attach_event(a, NULL, 0), ==, 0);
        check_int(aemp_snd(a, "n#p", "[s]", "x"), ==, 0);
        check_int(sd_event_default(&event), >=, 0);
        check_int(sd_event_run(event, 0), ==, 0);
        fake_expect(&fake, "[\"n#p\",\"x\"]");
        sd_event_unref(event);
        teardown();
}
