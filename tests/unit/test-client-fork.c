/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

#define SLOTS 6

static int heard_func(aemp *a, aemp_port *port, aemp_msg *args, void *userdata) {
        return 0;
}

/* Every call in the child says so, and what it drops does nothing to the parent's connection. */
static void child(aemp *a, aemp_port *port, aemp_slot **slots) {
        char **nodes, *id;

        check_int(aemp_process(a), ==, -ECHILD);
        check_int(aemp_wait(a, 0), ==, -ECHILD);
        check_int(aemp_get_fd(a), ==, -ECHILD);
        check_int(aemp_attach_event(a, NULL, 0), ==, -ECHILD);
        check_int(aemp_detach_event(a), ==, -ECHILD);
        check_int(aemp_flush(a, 0), ==, -ECHILD);
        check_int(aemp_close(a, 0), ==, -ECHILD);
        check_int(aemp_set_queue_bound(a, 0), ==, -ECHILD);
        check_int(aemp_is_attached(a), ==, 0);
        check_int(aemp_on_detach(a, NULL, heard_fn, NULL), ==, -ECHILD);
        check_int(aemp_on_reattach(a, NULL, heard_fn, NULL), ==, -ECHILD);
        check_int(aemp_on_writable(a, NULL, heard_fn, NULL), ==, -ECHILD);
        check_int(aemp_on_refused(a, NULL, heard_refused, NULL), ==, -ECHILD);
        check_int(aemp_port_new(a, NULL, NULL, NULL), ==, -ECHILD);
        check_int(aemp_rcv(port, NULL, "x", heard_msg, NULL), ==, -ECHILD);
        check_int(aemp_rcv_default(port, NULL, NULL), ==, -ECHILD);
        check_int(aemp_port_kil(port, NULL), ==, -ECHILD);
        check_int(aemp_slot_set_port(slots[0], port), ==, -ECHILD);
        check_int(aemp_snd(a, "n#p", NULL), ==, -ECHILD);
        check_int(aemp_snd_raw(a, "n#p", 0, NULL, 0), ==, -ECHILD);
        check_int(aemp_snd_json(a, "n#p", NULL), ==, -ECHILD);
        check_int(aemp_kil(a, "n#p", NULL), ==, -ECHILD);
        check_int(aemp_mon(a, NULL, "n#p", heard_mon, NULL), ==, -ECHILD);
        check_int(aemp_mon_kil(a, NULL, "n#p", port), ==, -ECHILD);
        check_int(aemp_mon_snd(a, NULL, "n#p", "n#q", NULL), ==, -ECHILD);
        check_int(aemp_cal(a, NULL, "n#p", 1, heard_cal, NULL, NULL), ==, -ECHILD);
        check_int(aemp_after(a, NULL, 1, heard_fn, NULL), ==, -ECHILD);
        check_int(aemp_every(a, NULL, 1, heard_fn, NULL), ==, -ECHILD);
        check_int(aemp_port_is_local(a, "n"), ==, -ECHILD);
        check_int(aemp_mon_nodes(a, NULL, NULL, NULL), ==, -ECHILD);
        check_int(aemp_node_is_up(a, "n"), ==, -ECHILD);
        check_int(aemp_up_nodes(a, &nodes), ==, -ECHILD);
        check_int(aemp_reg(port, NULL, "name"), ==, -ECHILD);
        check_int(aemp_func(a, NULL, "A::f", NULL, NULL), ==, -ECHILD);
        check_int(aemp_snd_to_func(a, "n", "A::f", NULL), ==, -ECHILD);
        check_int(aemp_snd_on(a, "n", "n#p", NULL), ==, -ECHILD);
        check_int(aemp_spawn(a, &id, "n", "A::f", NULL), ==, -ECHILD);
        check_int(aemp_spawn_json(a, &id, "n", "A::f", NULL), ==, -ECHILD);

        for (int i = 0; i < SLOTS; i++)
                aemp_slot_unref(slots[i]);
        aemp_unref(a);
        aemp_port_unref(port);
        _exit(0);
}

TEST(all_calls) {
        aemp_slot *slots[SLOTS];
        sd_event *event;
        aemp_port *port;
        Heard h = {0}, timer = {0};
        int status;
        Fake fake;
        pid_t pid;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(sd_event_new(&event), ==, 0);
        check_int(aemp_attach_event(a, event, 0), ==, 0);
        check_int(aemp_port_new(a, &port, heard_msg, &h), ==, 0);
        check_int(aemp_mon(a, &slots[0], "n#p", heard_mon, &h), ==, 0);
        check_int(aemp_mon_nodes(a, &slots[1], NULL, NULL), ==, 0);
        check_int(aemp_after(a, &slots[2], 20000, heard_fn, &timer), ==, 0);
        check_int(aemp_cal(a, &slots[3], "n#p", AEMP_INFINITE, heard_cal, &h, NULL), ==, 0);
        check_int(aemp_func(a, &slots[4], "A::f", heard_func, NULL), ==, 0);
        check_int(aemp_reg(port, &slots[5], "name"), ==, 0);
        check_int(sd_event_run(event, 0), >=, 0);
        fake_expect(&fake, "[\"\",\"mon1\",\"n#p\"]");
        fake_expect(&fake, "[\"\",\"nodes1\"]");
        fake_expect(&fake, "[\"n#p\",\"host1#P1.2\"]");
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        fake_expect(&fake, "[\"\",\"reg1\",\"name\",\"P1.1\"]");
        check_int(aemp_snd(a, "n#p", "[s]", "queued"), ==, 0);

        pid = fork();
        check_int(pid, >=, 0);
        if (pid == 0)
                child(a, port, slots);
        check_int(waitpid(pid, &status, 0), ==, pid);
        check_int(status, ==, 0);

        /* The parent goes on as before: what was queued is written once, timers and monitors work. */
        fake_say(&fake, "[\"\",\"kil0\",\"n#p\"]");
        while (h.text.len == 0 || timer.text.len == 0)
                check_int(sd_event_run(event, 5000000), >, 0);
        check_str(heard(&h), "n#p []; ECONNRESET[]; ");
        check_str(heard(&timer), ".; ");
        fake_expect(&fake, "[\"n#p\",\"queued\"]");
        fake_expect_nothing(&fake);

        for (int i = 0; i < SLOTS; i++)
                aemp_slot_unref(slots[i]);
        aemp_port_unref(port);
        aemp_unref(a);
        sd_event_unref(event);
        fake_deinit(&fake);
}

/* The parent can lose its aempd and come back while a child still has the old socket open. */
TEST(child_keeps_the_socket) {
        int hold[2], status;
        Fake fake;
        pid_t pid;
        aemp *a;
        char c;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(pipe(hold), ==, 0);
        pid = fork();
        if (pid == 0) {
                (void) close(hold[1]);
                (void) close(fake.fd);
                _exit((int) read(hold[0], &c, 1));
        }

        fake_hang_up(&fake);
        run_next(a);
        check_int(aemp_is_attached(a), ==, 0);
        check_int(aemp_wait(a, 0), ==, 0); /* the dead socket does not spin */
        check_int(aemp_wait(a, 5000000), ==, 1);
        check_int(run(a), ==, 0);
        fake_accept(&fake);
        run_next(a);
        check_int(aemp_is_attached(a), ==, 1);

        (void) close(hold[1]);
        (void) close(hold[0]);
        check_int(waitpid(pid, &status, 0), ==, pid);
        aemp_unref(a);
        fake_deinit(&fake);
}
