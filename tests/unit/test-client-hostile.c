/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An aempd that says what none should. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/system/fake-aempd.h"
#include "tests/unit/test.h"
#include "wire/cbor.h"

static Fake fake;
static aemp *a;
static aemp_port *spawned;
static Heard h;

static int on_func(aemp *x, aemp_port *port, aemp_msg *args, void *userdata) {
        if (port)
                spawned = aemp_port_ref(port);
        return heard_msg(port, args, userdata);
}

static void setup(void) {
        fake_init(&fake);
        a = fake_attach(&fake);
        check_int(aemp_func(a, NULL, "A::f", on_func, &h), ==, 0);
}

static void teardown(void) {
        aemp_unref(a);
        fake_deinit(&fake);
}

/* ["", "AnyEvent::MP::_spawn", name, "A::f"] */
static void say_spawn(Str name) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        cbor_put_array(&buf, 4);
        cbor_put_text(&buf, STR_LIT(""));
        cbor_put_text(&buf, STR_LIT("AnyEvent::MP::_spawn"));
        cbor_put_text(&buf, name);
        cbor_put_text(&buf, STR_LIT("A::f"));
        fake_say_raw(&fake, buf.data, buf.len);
}

/* ["", "node", ID, true] */
static void say_node(Str id) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        cbor_put_array(&buf, 4);
        cbor_put_text(&buf, STR_LIT(""));
        cbor_put_text(&buf, STR_LIT("node"));
        cbor_put_text(&buf, id);
        cbor_put_bool(&buf, true);
        fake_say_raw(&fake, buf.data, buf.len);
}

/* What is no node ID is no node. */
TEST(node_ids) {
        static const Str odd[] = {
                STR_LIT(""), STR_LIT("n\0x"), STR_LIT("n#"), STR_LIT("n p"), STR_LIT("\xff")};
        char **nodes;

        setup();
        check_int(aemp_mon_nodes(a, NULL, heard_node, &h), ==, 0);
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
                say_node(odd[i]);
        say_node(STR_LIT("n"));
        check_int(run(a), ==, 0);
        check_str(heard(&h), "n up []; ");
        check_int(aemp_up_nodes(a, &nodes), ==, 1);
        free(nodes);
        teardown();
}

/* A port's name is printable ASCII without #, at most 255 octets; of any other nothing is made. */
TEST(spawn_names) {
        static const Str odd[] = {
                STR_LIT(""),
                STR_LIT("P1."),
                STR_LIT("P1.1"),
                STR_LIT("a\0b"),
                STR_LIT("\0"),
                STR_LIT("a#b"),
                STR_LIT("a\nb"),
                STR_LIT("a\x7f"),
                STR_LIT("\xc3\xa4"),
                STR_LIT("\xff"),
        };
        char name[256];

        setup();
        memset(name, 'x', sizeof name);
        say_spawn((Str){name, 256});
        for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
                say_spawn(odd[i]);
                check_int(run(a), ==, 0);
                check_str(heard(&h), "");
                check(!spawned);
        }
        fake_expect(&fake, "[\"\",\"func1\",\"A::f\"]");
        fake_expect_nothing(&fake);

        say_spawn((Str){name, 255});
        check_int(run(a), ==, 0);
        check_str(heard(&h), "[]; ");
        check_int(strlen(aemp_port_id(spawned)), ==, strlen("host1#") + 255);
        check_int(aemp_port_kil(spawned, NULL), ==, 0);
        spawned = aemp_port_unref(spawned);
        teardown();
}
