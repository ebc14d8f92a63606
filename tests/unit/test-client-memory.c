/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a port costs. Sanitizers have an allocator of their own, which says nothing. */

#include <malloc.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"

#define PORTS 100000

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static size_t used(void) {
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
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
        if (!SANITIZED) {
                check_int((with_ids - before) / PORTS, <=, 128);
                check_int(after - before, <, 64 * 1024);
        }
        aemp_unref(a);
        fake_deinit(&fake);
}
