/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * docs/attach.md, row by row, with one client or two on one node.
 */

#include <stdio.h>
#include <stdlib.h>

#include "rig.h"
#include "tests/unit/test.h"

static Rig *rig;
static RigEnd *a, *b;

static void start(void) {
        rig = rig_new("host1", NULL);
        a = rig_client(rig, "first");
        b = rig_client(rig, "second");
        rig_events(rig);
}

TEST(attach_line) {
        RigEnd *end;

        rig = rig_new("host1", NULL);
        end = rig_attach(rig, 1000);
        rig_octets(end, OCTETS("aemp-client;1;my%3bprog;;cbor,json;new=1\r\n"));
        check(strncmp(rig_line(end), "aemp-client;1;host1;;cbor;prefix=", 33) == 0);
        check_str(rig_events(rig), "CLIENT_ATTACHED - my;prog[100] cbor\n");

        end = rig_attach(rig, 1000);
        rig_octets(end, OCTETS("aemp-client;1;x;;storable,json\n"));
        check(strstr(rig_line(end), ";max_message=1048576"));
        rig_free(rig);
}

TEST(attach_line_bad) {
        static const struct {
                const char *line, *answer;
        } cases[] = {
                {"GET / HTTP/1.0\n", "error;this is the attach socket"},
                {"\n", "error;this is the attach socket"},
                {"aemp;1;x;;cbor\n", "error;this is the attach socket"},
                {"aemp-client;2;x;;cbor\n", "error;this aempd speaks version 1"},
                {"aemp-client;1;x;;storable\n", "error;no framing in common"},
                {"aemp-client;1;x;;\n", "error;no framing in common"},
        };

        rig = rig_new("host1", NULL);
        for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
                RigEnd *end = rig_attach(rig, 0);

                rig_octets(end, cases[i].line, strlen(cases[i].line));
                check(strncmp(rig_line(end), cases[i].answer, strlen(cases[i].answer)) == 0);
                check(!end->stream);
                check(strstr(rig_events(rig), "CLIENT_REFUSED"));
        }
        rig_free(rig);
}

TEST(attach_line_late_or_long) {
        char line[4097];
        RigEnd *end;

        rig = rig_new("host1", NULL);
        end = rig_attach(rig, 0);
        rig_octets(end, "aemp", 4);
        rig_sleep(rig, 5 * USEC_PER_SEC);
        check(!end->stream);
        check_str(rig_line(end), "error;the attach line did not come in time");

        end = rig_attach(rig, 0);
        memset(line, 'x', sizeof(line));
        rig_octets(end, line, sizeof(line));
        check(!end->stream);
        check_str(rig_line(end), "error;the attach line is too long");
        rig_free(rig);
}

TEST(too_many_clients) {
        const ClientCreds creds = {};
        Stream *stream;

        rig = rig_new("host1", NULL);
        for (unsigned i = 0; i < 50; i++)
                rig_attach(rig, 0);
        check_int(node_attach(rig->node, &creds, &stream), <, 0);
        rig_free(rig);
}

TEST(messages) {
        start();
        check(strcmp(a->prefix, b->prefix) != 0);
        rig_say(a, "[\"host1#%sx\",\"hello\",1.5,{\"k\":null}]", b->prefix);
        check_str(rig_heard(b), expect("[\"%sx\",\"hello\",1.5,{\"k\":null}]\n", b->prefix));
        /* to oneself */
        rig_say(a, "[\"host1#%s7\"]", a->prefix);
        check_str(rig_heard(a), expect("[\"%s7\"]\n", a->prefix));
        /* several in one segment, white space between, cut anywhere */
        rig_say(a, "[\"host1#%sx\",1] \n [\"host1#%sx\",2][\"host1", b->prefix, b->prefix);
        rig_say(a, "#%sx\",3]", b->prefix);
        check_str(rig_heard(b),
                expect("[\"%sx\",1]\n[\"%sx\",2]\n[\"%sx\",3]\n", b->prefix, b->prefix, b->prefix));
        /* to what does not exist: nothing */
        rig_say(a, "[\"host1#nothere\",1][\"host1#%s\",2][\"host1#zzz.99.x\"][]", b->prefix);
        check_str(rig_heard(a), "");
        check_str(rig_heard(b), "");
        rig_free(rig);
}

/* One name, one port: a number has no other way to be written. */
TEST(names_that_only_look_like_ours) {
        char word[64];

        start();
        snprintf(word, sizeof(word), "%.*s", (int) strcspn(a->prefix, "."), a->prefix);
        rig_say(a, "[\"host1#%s.1.x\",1]", word);
        check_str(rig_heard(a), expect("[\"%s.1.x\",1]\n", word));
        rig_say(a, "[\"host1#%s.01.x\"][\"host1#%s.1x\"][\"host1#%s.1\"][\"host1#%s..x\"]", word, word, word,
                word);
        rig_say(a, "[\"host1#%s.18446744073709551617.x\"][\"host1#%s.+1.x\"][\"host1#%s1.x\"]", word, word,
                word);
        check_str(rig_heard(a), "");
        rig_free(rig);
}

TEST(bad_messages_are_refused) {
        start();
        rig_say(a, "[\"no such id\",1]");
        check_str(rig_heard(a), "[\"\",\"refused\",\"snd\",\"invalid\",\"not a port ID\",\"no such id\"]\n");
        rig_say(a, "[\"#x\",1]");
        check_str(rig_heard(a), "[\"\",\"refused\",\"snd\",\"invalid\",\"not a port ID\",\"#x\"]\n");
        rig_say(a, "[[1],1]");
        check(strstr(
                rig_heard(a), "[\"\",\"refused\",\"snd\",\"invalid\",\"a message is an array that starts"));
        rig_say(a, "[\"\",[1]]");
        check_str(rig_heard(a),
                "[\"\",\"refused\",\"\",\"invalid\",\"a request starts with its name\",[1]]\n");
        rig_say(a, "[\"\",\"nosuch\",1,2]");
        check_str(rig_heard(a), "[\"\",\"refused\",\"nosuch\",\"unknown\",\"no such request\",1,2]\n");
        /* and the client goes on */
        rig_say(a, "[\"\",\"snd\",\"host1#%sp\"]", a->prefix);
        check_str(rig_heard(a), expect("[\"%sp\"]\n", a->prefix));
        rig_free(rig);
}

TEST(refused_arguments) {
        char text[2000];

        start();
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        rig_say(a, "[\"\",\"nosuch\",\"%s\",\"host1#p\",[\"%s\"],3]", text, text + 1800);
        check(strstr(rig_heard(a), "\"no such request\",null,\"host1#p\",[\"xxx"));
        rig_say(a, "[\"\",\"nosuch\",1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]");
        check(strstr(rig_heard(a), "14,15,16]\n"));
        rig_free(rig);
}

TEST(rubbish_detaches) {
        start();
        rig_say(b, "[\"\",\"mon1\",\"host1#%sp\"]", a->prefix);
        rig_say(a, "[\"host1#%sx\",1] rubbish", b->prefix);
        check(!a->stream);
        check(strstr(rig_heard(a), "\"protocol\""));
        /* what came before it counts, and its ports are dead */
        check_str(rig_heard(b),
                expect("[\"%sx\",1]\n[\"\",\"kil0\",\"host1#%sp\",\"detached\",\"first\",100]\n", b->prefix,
                        a->prefix));
        check(strstr(rig_events(rig), "PROTOCOL_ERROR - first[100] what came is not a message\n"));
        rig_free(rig);
}

TEST(what_is_no_array_detaches) {
        static const char *const texts[] = {"{\"not\":\"a message\"}", "[[]]{}"};

        for (size_t i = 0; i < 2; i++) {
                start();
                rig_say(a, "%s", texts[i]);
                check(!a->stream);
                check(strstr(rig_heard(a), "\"protocol\""));
                check(b->stream);
                rig_free(rig);
        }
}

TEST(time_can_eval_devnull) {
        start();
        rig_say(a, "[\"\",\"time\",\"host1#%sp\",\"t\"]", a->prefix);
        check_str(rig_heard(a), expect("[\"%sp\",\"t\",1700000001]\n", a->prefix));
        rig_say(a, "[\"host1\",\"can\",\"mon1\",\"host1#%sp\"][null,\"can\",\"nosuch\",\"host1#%sp\"]",
                a->prefix, a->prefix);
        check_str(rig_heard(a), expect("[\"%sp\",\"1\"]\n[\"%sp\",\"\"]\n", a->prefix, a->prefix));
        rig_say(a, "[\"\",\"eval\",\"1+1\",\"host1#%sp\",\"r\"]", a->prefix);
        check_str(rig_heard(a),
                expect("[\"%sp\",\"r\",\"this node is an aempd and has no interpreter\"]\n", a->prefix));
        rig_say(a, "[\"\",\"devnull\",1][\"\",\"\"][\"\"][\"\",\"time\"][\"\",\"eval\",\"x\"]");
        check_str(rig_heard(a), "");
        rig_say(a, "[\"\",\"can\"]");
        check(strstr(rig_heard(a), "\"refused\",\"can\",\"invalid\""));
        rig_free(rig);
}

TEST(snd_and_relay) {
        start();
        rig_say(a, "[\"\",\"snd\",\"host1#%sx\",1,[2]]", b->prefix);
        rig_say(a, "[\"\",\"relay\",\"host1#%sx\",3]", b->prefix);
        check_str(rig_heard(b), expect("[\"%sx\",1,[2]]\n[\"%sx\",3]\n", b->prefix, b->prefix));
        /* a request by way of another */
        rig_say(a, "[\"\",\"snd\",\"\",\"snd\",\"host1\",\"snd\",\"host1#%sx\",4]", b->prefix);
        check_str(rig_heard(b), expect("[\"%sx\",4]\n", b->prefix));
        /* the reply of one is the next */
        rig_say(a, "[\"\",\"time\",\"host1\",\"snd\",\"host1#%sx\",5]", b->prefix);
        check_str(rig_heard(b), expect("[\"%sx\",5,1700000001]\n", b->prefix));
        rig_free(rig);
}

TEST(requests_within_requests_end) {
        char text[4000] = "[\"\"";
        start();
        for (unsigned i = 0; i < 200; i++)
                strcat(text, ",\"snd\",\"\"");
        strcat(text, "]");
        rig_say(a, "%s", text);
        check(strstr(rig_heard(a), "too many requests within each other"));
        rig_free(rig);
}

TEST(monitor_a_port) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host1#%sx\"][\"\",\"mon1\",\"host1#%sx\"]", b->prefix, b->prefix);
        check_str(rig_heard(b), expect("[\"\",\"mon1\",\"%sx\"]\n", b->prefix));
        rig_say(b, "[\"host1#%sp\",\"last\"][\"\",\"kil0\",\"%sx\",\"why\",[1]]", a->prefix, b->prefix);
        check_str(rig_heard(a),
                expect("[\"%sp\",\"last\"]\n[\"\",\"kil0\",\"host1#%sx\",\"why\",[1]]\n", a->prefix,
                        b->prefix));
        /* once */
        rig_say(b, "[\"\",\"kil0\",\"host1#%sx\"]", b->prefix);
        check_str(rig_heard(a), "");
        rig_free(rig);
}

TEST(monitor_stopped) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host1#%sx\"]", b->prefix);
        rig_say(a, "[\"\",\"mon0\",\"host1#%sx\"][\"\",\"mon0\",\"host1#%sx\"]", b->prefix, b->prefix);
        check_str(rig_heard(b),
                expect("[\"\",\"mon1\",\"%sx\"]\n[\"\",\"mon0\",\"%sx\"]\n", b->prefix, b->prefix));
        rig_say(b, "[\"\",\"kil0\",\"%sx\"]", b->prefix);
        check_str(rig_heard(a), "");
        rig_free(rig);
}

TEST(monitor_nothing) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host1#nothere\"]");
        check_str(rig_heard(a),
                "[\"\",\"kil0\",\"host1#nothere\",\"no_such_port\",\"cannot monitor nonexistent "
                "port\",\"host1#nothere\"]\n");
        rig_say(a, "[\"\",\"mon1\",\"host1\"][\"\",\"mon1\",\"\"][\"\",\"mon0\",\"host9#x\"]");
        check_str(rig_heard(a), "");
        rig_say(a, "[\"\",\"mon1\",\"not an id#x\"][\"\",\"mon1\"][\"\",\"mon1\",{}]");
        check_int(strlen(rig_heard(a)), >, 200); /* three refusals */
        rig_free(rig);
}

TEST(monitor_limit) {
        start();
        for (unsigned i = 0; i < 20; i++)
                rig_say(a, "[\"\",\"mon1\",\"host1#%s%u\"]", b->prefix, i);
        check_str(rig_heard(a), "");
        rig_say(a, "[\"\",\"mon1\",\"host1#%sone_more\"]", b->prefix);
        check_str(rig_heard(a),
                expect("[\"\",\"kil0\",\"host1#%sone_more\",\"limit\",\"this client has as many monitors as "
                       "it may\"]\n",
                        b->prefix));
        rig_free(rig);
}

TEST(kil0_only_of_own_ports) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host1#%sx\"]", b->prefix);
        rig_heard(b);
        rig_say(a, "[\"\",\"kil0\",\"host1#%sx\"]", b->prefix);
        check(strstr(rig_heard(a), "\"refused\",\"kil0\",\"denied\""));
        rig_free(rig);
}

TEST(kill) {
        start();
        rig_say(a, "[\"\",\"kil1\",\"host1#%sx\",\"why\",2]", b->prefix);
        check_str(rig_heard(b), expect("[\"\",\"kil1\",\"%sx\",\"why\",2]\n", b->prefix));
        rig_say(a, "[\"\",\"kil1\",\"host1#nothere\"][\"\",\"kil1\",\"\"][\"\",\"kil1\",\"host1\"]");
        check_str(rig_heard(a), "");
        rig_free(rig);
}

TEST(detach_and_bye) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host1#%sx\"][\"\",\"mon1\",\"host1#%sy\"]", b->prefix, b->prefix);
        rig_say(b, "[\"host1#%sp\",\"before\"][\"\",\"bye\"][\"host1#%sp\",\"after\"]", a->prefix,
                a->prefix);
        check(!b->stream);
        check_str(rig_heard(a),
                expect("[\"%sp\",\"before\"]\n[\"\",\"kil0\",\"host1#%sx\"]\n[\"\",\"kil0\",\"host1#%sy\"]"
                       "\n",
                        a->prefix, b->prefix, b->prefix));
        b = rig_client(rig, "third");
        rig_say(a, "[\"\",\"mon1\",\"host1#%sx\"]", b->prefix);
        rig_close(b, "Unexpected end-of-file");
        check_str(rig_heard(a),
                expect("[\"\",\"kil0\",\"host1#%sx\",\"detached\",\"third\",102]\n", b->prefix));
        /* gone for good */
        rig_say(a, "[\"\",\"mon1\",\"host1#%sx\"]", b->prefix);
        check(strstr(rig_heard(a), "no_such_port"));
        rig_free(rig);
}

TEST(watcher_gone) {
        start();
        rig_say(a, "[\"\",\"mon1\",\"host1#%sx\"]", b->prefix);
        rig_heard(b);
        rig_close(a, "x");
        check_str(rig_heard(b), expect("[\"\",\"mon0\",\"%sx\"]\n", b->prefix));
        rig_free(rig);
}

TEST(internal_requests_are_denied) {
        static const char *const tags[] = {
                "mon1", "mon0", "kil0", "kil1", "g_upd", "g_slave", "aempd::status"};

        start();
        for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
                rig_say(a, "[\"host2\",\"%s\",\"x\"]", tags[i]);
                check(strstr(rig_heard(a), "\"denied\""));
                rig_say(a, "[\"\",\"snd\",\"host2#\",\"%s\",\"x\"]", tags[i]);
                check(strstr(rig_heard(a), "\"denied\""));
                rig_say(a, "[\"\",\"time\",\"host2\",\"%s\",\"x\"]", tags[i]);
                check(strstr(rig_heard(a), "\"denied\""));
        }
        rig_say(a, "[\"\",\"g_global\"][\"\",\"g_slave\",{}]");
        check(strstr(rig_heard(a), "\"refused\",\"g_global\",\"denied\""));
        check_str(rig_events(rig), "");
        rig_free(rig);
}

TEST(operations) {
        const char *text;
        RigEnd *other;

        start();
        rig_say(a, "[\"\",\"aempd::status\",\"host1#%sp\",\"s\"]", a->prefix);
        text = rig_heard(a);
        check(strstr(text, "\"node\":\"host1\""));
        check(strstr(text, "\"clients\":2"));
        check(strstr(text, "\"seeds\":[]"));
        rig_say(a, "[\"\",\"aempd::clients\",\"host1#%sp\"]", a->prefix);
        text = rig_heard(a);
        check(strstr(text, "\"program\":\"second\",\"pid\":101"));
        rig_say(a, "[\"\",\"aempd::nodes\",\"host1#%sp\"]", a->prefix);
        check_str(rig_heard(a), expect("[\"%sp\",[]]\n", a->prefix));
        rig_say(a, "[\"\",\"aempd::nosuch\",\"host1#%sp\"]", a->prefix);
        check(strstr(rig_heard(a), "\"unknown\""));

        other = rig_attach(rig, 1000);
        rig_octets(other, OCTETS("aemp-client;1;x;;json\n"));
        rig_line(other);
        rig_say(other, "[\"\",\"aempd::status\",\"host1#x\"]");
        check(strstr(rig_heard(other), "\"refused\",\"aempd::status\",\"denied\""));
        rig_free(rig);
}

TEST(unknown_node) {
        start();
        rig_say(a, "[\"host2#x\",1][\"\",\"mon1\",\"host2#y\"][\"\",\"mon1\",\"host2\"]");
        check_str(rig_heard(a),
                "[\"\",\"kil0\",\"host2#y\",\"transport_error\",\"host2\",\"no known address\"]\n"
                "[\"\",\"kil0\",\"host2\",\"transport_error\",\"host2\",\"no known address\"]\n"
                "[\"\",\"down\",\"host2\",\"transport_error\",\"host2\",\"no known address\"]\n");
        /* until it answers, nothing goes there */
        rig_say(a, "[\"host2#x\",2][\"\",\"mon1\",\"host2#y\"]");
        check_str(rig_heard(a),
                "[\"\",\"kil0\",\"host2#y\",\"transport_error\",\"host2\",\"the connection to the node was "
                "lost\"]\n");
        rig_say(a, "[\"\",\"aempd::clients\",\"host1#%sp\"]", a->prefix);
        check(strstr(rig_heard(a), "\"unanswered_downs\":1"));
        rig_say(a, "[\"\",\"down\",\"host2\"]");
        rig_say(a, "[\"host2#x\",3]");
        check_str(rig_heard(a),
                "[\"\",\"down\",\"host2\",\"transport_error\",\"host2\",\"no known address\"]\n");
        /* an answer to no question */
        rig_say(b, "[\"\",\"down\",\"host2\"][\"\",\"down\",\"host3\"]");
        check_str(rig_heard(b), "");
        rig_free(rig);
}

TEST(too_many_nodes) {
        start();
        for (unsigned i = 0; i < 10; i++)
                rig_say(a, "[\"node%u#x\"]", i);
        rig_heard(a);
        rig_say(a, "[\"node10#x\"]");
        check(strstr(rig_heard(a), "\"refused\",\"snd\",\"limit\""));
        rig_say(a, "[\"\",\"mon1\",\"node10#x\"]");
        check(strstr(rig_heard(a), "\"limit\""));
        rig_free(rig);
}

TEST(node_watch) {
        RigEnd *peer;

        start();
        peer = rig_peer(rig, "host2");
        rig_say(a, "[\"\",\"nodes1\"]");
        check_str(rig_heard(a), "[\"\",\"node\",\"host2\",true]\n");
        rig_close(peer, "Connection reset by peer");
        check_str(rig_heard(a),
                "[\"\",\"node\",\"host2\",false,\"transport_error\",\"host2\",\"Connection reset by "
                "peer\"]\n");
        peer = rig_peer(rig, "host3");
        check_str(rig_heard(a), "[\"\",\"node\",\"host3\",true]\n");
        rig_say(a, "[\"\",\"nodes0\"]");
        rig_close(peer, "x");
        check_str(rig_heard(a), "");
        rig_free(rig);
}
