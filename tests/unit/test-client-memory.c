/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a port costs. Sanitizers have an allocator of their own, which says nothing. */

#include <malloc.h>
#include <stdio.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

#define PORTS 100000

static size_t used(void) {
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
}

static int on_spawn(aemp *a, aemp_port *port, aemp_msg *args, void *userdata) {
        return 0;
}

TEST(port) {
        static aemp_port *ports[PORTS];
        size_t before, with_ports, with_ids, after;
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);

        before = used();
        for (int i = 0; i < PORTS; i++)
                check_int(aemp_port_new(a, &ports[i], heard_msg, NULL), ==, 0);
        with_ports = used();
        for (int i = 0; i < PORTS; i++)
                check(aemp_port_id(ports[i]));
        with_ids = used();
        for (int i = 0; i < PORTS; i++) {
                check_int(aemp_port_kil(ports[i], NULL), ==, 0);
                aemp_port_unref(ports[i]);
        }
        after = used();

        test_note("a port: %zu octets, with its ID %zu; %zu octets left of %d ports",
                (with_ports - before) / PORTS, (with_ids - before) / PORTS, after - before, PORTS);
        if (!TEST_SANITIZED) {
                check_int((with_ids - before) / PORTS, <=, 128);
                check_int(after - before, <, 64 * 1024);
        }
        aemp_unref(a);
        fake_deinit(&fake);
}

/* One whose name was chosen by somebody else has that, its ID, and a place in another table. */
TEST(spawned) {
        size_t before, with_ports;
        char text[100];
        Fake fake;
        aemp *a;

        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_func(a, NULL, "A::f", on_spawn, NULL), ==, 0);
        check_int(run(a), ==, 0);

        before = used();
        for (int i = 0; i < PORTS / 10; i++) {
                (void) snprintf(text, sizeof text, "[\"\",\"AnyEvent::MP::_spawn\",\"x.%d\",\"A::f\"]", i);
                fake_say(&fake, text);
                if (i % 100 == 99)
                        check_int(run(a), ==, 0);
        }
        with_ports = used();

        test_note("a spawned port: %zu octets", (with_ports - before) / (PORTS / 10));
        if (!TEST_SANITIZED)
                check_int((with_ports - before) / (PORTS / 10), <=, 256);
        aemp_unref(a);
        fake_deinit(&fake);
}
