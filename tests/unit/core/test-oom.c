/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Clients of a node that runs out of memory. Any of them may be cut at any moment; but who is still there
 * was told of everything it relies on, and heard all that was said to it.
 */

#include <errno.h>

#include "scarce.h"
#include "tests/unit/test.h"

static const uid_t admins[] = {1000};

static void with_admins(NodeConfig *config) {
        config->admins = admins;
        config->n_admins = 1;
        config->certificate_expires = 1800000000;
}

static void made(void *userdata) {
        static const char *const seeds[] = {"seed1.example:1", "seed2.example:2", NULL};
        int r;

        r = scarce_make(seeds, with_admins);
        if (r < 0)
                check(r == -ENOMEM || r == -EOPNOTSUPP); /* OpenSSL hardly says which */
}

TEST(a_node_is_made) {
        check_int(oom_tell(made, NULL, OOM_ONE), >=, oom_works() ? 10 : 0);
        check_int(oom_tell(made, NULL, OOM_ALL), >=, oom_works() ? 10 : 0);
}

/* Each watches a port of another's, which ends in one way or the other. */
static void monitors(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *b = scarce_client(scarce, 1001, "cbor"),
                  *c = scarce_client(scarce, 1002, "json");

        scarce_say(a, "[\"\",\"mon1\",\"host1#%s1\"]", b->prefix);
        scarce_say(a, "[\"\",\"mon1\",\"%s2\"]", b->prefix);
        scarce_say(a, "[\"\",\"mon1\",\"host1#%s2\"]", b->prefix);
        scarce_say(a, "[\"\",\"mon1\",\"host1#%s3\"]", b->prefix);
        scarce_say(a, "[\"\",\"mon0\",\"host1#%s3\"]", b->prefix);
        scarce_say(a, "[\"\",\"mon1\",\"host1#nobody's\"]");
        scarce_say(c, "[\"\",\"mon1\",\"host1#%s1\"]", b->prefix);
        scarce_say(c, "[\"\",\"mon1\",\"host1#%s1\"]", a->prefix);
        scarce_say(c, "[\"\",\"kil1\",\"host1#%s1\",\"please\"]", b->prefix);
        scarce_say(b, "[\"\",\"kil0\",\"%s1\",\"die\",\"because\"]", b->prefix);
        scarce_say(a, "[\"\",\"bye\"]");
        scarce_settle(scarce);
        scarce_close(b);

        check(scarce_told(c, "[\"\",\"kil0\",\"host1#%s1\"", b->prefix));
        check(scarce_told(c, "[\"\",\"kil0\",\"host1#%s1\"", a->prefix));
}

TEST(monitors_of_clients) {
        scarce_tell(monitors, NULL, NULL);
}

static void deaths(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *b = scarce_client(scarce, 1001, "cbor");

        scarce_say(a, "[\"\",\"mon1\",\"host1#%s1\"]", b->prefix);
        scarce_say(a, "[\"\",\"mon1\",\"host1#%s2\"]", b->prefix);
        scarce_say(a, "[\"\",\"mon1\",\"host1#nobody's\"]");
        scarce_say(b, "[\"\",\"kil0\",\"host1#%s1\",\"die\",\"because\"]", b->prefix);
        scarce_close(b);
        scarce_settle(scarce);

        check(scarce_told(a, "[\"\",\"kil0\",\"host1#%s1\"", b->prefix));
        check(scarce_told(a, "[\"\",\"kil0\",\"host1#%s2\"", b->prefix));
        check(scarce_told(a, "[\"\",\"kil0\",\"host1#nobody's\""));
}

TEST(deaths_of_clients) {
        scarce_tell(deaths, NULL, NULL);
}

/* Strings that are not what is usual: they have to be converted to be read. A port that is named so dies,
 * and is watched, all the same. */
static void odd_strings(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "cbor"), *b = scarce_client(scarce, 1001, "cbor");
        _cleanup_buf_ Buf kil0 = BUF_INIT, mon1 = BUF_INIT;

        /* ["", (_ "mon", "1"), 'host1#<prefix>ä'] */
        buf_put(&mon1, "\x83\x60\x7f\x63mon\x61\x31\xff\x58", 11);
        buf_putc(&mon1, (uint8_t) (6 + strlen(b->prefix) + 1));
        buf_printf(&mon1, "host1#%s\xe4", b->prefix);
        scarce_octets(a, mon1.data, mon1.len);

        buf_put(&kil0, "\x83\x60\x7f\x63kil\x61\x30\xff\x58", 11);
        buf_putc(&kil0, (uint8_t) (strlen(b->prefix) + 1));
        buf_printf(&kil0, "%s\xe4", b->prefix);
        scarce_octets(b, kil0.data, kil0.len);
        scarce_settle(scarce);

        check(scarce_told(a, "[\"\",\"kil0\",\"host1#%s\xc3\xa4\"", b->prefix) ||
                (oom_failed() && !b->stream));
}

TEST(strings_that_are_converted) {
        scarce_tell(odd_strings, NULL, NULL);
}

/* What one says to the other arrives without a hole, as long as both are there. */
static void messages(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *b = scarce_client(scarce, 1001, "cbor;src=1");
        unsigned n;

        scarce_say(b, "[\"\",\"mon1\",\"host1#%s1\"]", a->prefix);
        scarce_say_sequence(a, b->prefix, 1, 3);
        scarce_say(a, "[\"host1#%s1\",\"big\",\"%01000d\",-12345678901234567890123,\"\\n\\u00e4\"]",
                b->prefix, 7);
        scarce_octets(a, "[\"host1#", 8);
        scarce_octets(a, "nobody\",\"in pieces\"]", 20);
        scarce_octets(b, "\x83\x60", 2);
        scarce_octets(b, "\x64time\x61", 6);
        scarce_octets(b, "x", 1);
        scarce_say_sequence(a, b->prefix, 4, 6);
        scarce_settle(scarce);

        n = scarce_sequence(b, b->prefix);
        check(n == 6 || (oom_failed() && (!a->stream || !b->stream)));
}

TEST(messages_between_clients) {
        scarce_tell(messages, NULL, NULL);
}

/* A name, a function, calls of it, ports it makes. */
static void functions(Scarce *scarce) {
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *b = scarce_client(scarce, 1000, "cbor"),
                  *c = scarce_client(scarce, 1000, "cbor");

        scarce_say(b, "[\"\",\"func1\",\"A::f\"]");
        scarce_say(c, "[\"\",\"func1\",\"A::f\"]");
        scarce_say(b, "[\"\",\"reg1\",\"log\",\"%s1\"]", b->prefix);
        scarce_say(c, "[\"\",\"reg1\",\"log\",\"%s1\"]", c->prefix);
        scarce_say(c, "[\"\",\"reg1\",\"other\",\"%s1\"]", c->prefix);
        scarce_say(a, "[\"\",\"A::f\",\"text\"]");
        scarce_say(a, "[\"\",\"A::g\",\"text\"]");
        scarce_say(a, "[\"\",\"wkp\",\"log\",\"host1#%s1\"]", a->prefix);
        scarce_say(a, "[\"\",\"can\",\"A::f\",\"host1#%s1\"]", a->prefix);
        scarce_say(a, "[\"\",\"eval\",\"1\",\"host1#%s1\"]", a->prefix);
        scarce_say(c, "[\"\",\"func0\",\"A::f\"]");
        scarce_say(b, "[\"\",\"reg0\",\"other\"]");
        scarce_settle(scarce);
}

TEST(names_and_functions) {
        scarce_tell(functions, NULL, NULL);
}

/* Whoever asked for a port, and watches it, before or behind the request, is told how it ended. */
static void spawned(Scarce *scarce) {
        static const char *const ports[] = {"s.1", "s.2", "s.3", "s.4"};
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *b = scarce_client(scarce, 1001, "cbor;src=1");

        scarce_say(b, "[\"\",\"func1\",\"A::\"]");
        scarce_say(a, "[\"\",\"AnyEvent::MP::_spawn\",\"s.1\",\"A::f\",1]");
        scarce_say(a, "[\"\",\"AnyEvent::MP::_spawn\",\"s.2\",\"B::f\",1]");
        scarce_say(a, "[\"\",\"AnyEvent::MP::_spawn\",\"s.3\",\"A::f\",1]");
        scarce_say(a, "[\"\",\"AnyEvent::MP::_spawn\",\"s.1\",\"A::f\",1]");
        scarce_say(a, "[\"\",\"snd\",\"\",\"AnyEvent::MP::_spawn\",\"s.4\",\"A::f\",1]");
        scarce_say(b, "[\"\",\"kil0\",\"s.4\"]");
        for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
                scarce_say(a, "[\"\",\"mon1\",\"host1#%s\"]", ports[i]);
        scarce_say(a, "[\"\",\"AnyEvent::MP::_spawn\",\"s.3\",\"A::f\",1]"); /* it is there already */
        scarce_say(b, "[\"\",\"kil0\",\"s.1\",\"die\",\"text\"]");
        scarce_settle(scarce);
        scarce_close(b);

        for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
                check(scarce_told(a, "[\"\",\"kil0\",\"host1#%s\"", ports[i]));
}

TEST(spawned_ports) {
        scarce_tell(spawned, NULL, NULL);
}

static void operations(Scarce *scarce) {
        static const char *const all[] = {"status", "nodes", "clients"};
        ScarceEnd *a = scarce_client(scarce, 1000, "json"), *peer = scarce_peer(scarce, "host2", "cbor");

        scarce_say(a, "[\"\",\"func1\",\"A::f\"]");
        scarce_say(a, "[\"\",\"reg1\",\"log\",\"%s1\"]", a->prefix);
        scarce_say(a, "[\"\",\"nodes1\"]");
        for (size_t i = 0; i < 3; i++) {
                scarce_say(a, "[\"\",\"aempd::%s\",\"host1#%sr%zu\"]", all[i], a->prefix, i);
                check(scarce_told(a, "[\"%sr%zu\",", a->prefix, i));
        }
        check(scarce_told(a, "[\"%sr2\",[{\"client\":1,\"program\":\"prog\"", a->prefix));
        if (a->stream)
                check(strstr((const char *) a->heard.data, a->prefix));
        scarce_settle(scarce);
        scarce_close(peer);
        scarce_say(a, "[\"\",\"aempd::nodes\",\"host1#%sr3\"]", a->prefix);
        check(scarce_told(a, "[\"%sr3\",", a->prefix));
}

TEST(operations_of_administrators) {
        scarce_tell(operations, NULL, with_admins);
}

static void bad_clients(Scarce *scarce) {
        static const char *const lines[] = {
                "", "aemp-client;2;x;;cbor\n", "aemp-client;1;x;;storable\n", "GET / HTTP/1.1\n"};

        for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
                ScarceEnd *end = scarce_client(scarce, 1000, "json");

                scarce_close(end);
                end = scarce_client(scarce, 1000, i % 2 ? "json" : "cbor");
                scarce_octets(end, lines[i], strlen(lines[i])); /* no message */
        }
        scarce_settle(scarce);
}

TEST(clients_that_are_wrong) {
        scarce_tell(bad_clients, NULL, NULL);
}
