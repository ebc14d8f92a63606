/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An aempd made of cardboard
 *
 * Only aemp_open() waits for an answer, so only then there is a second thread.
 */

#include "tests/system/fake-aempd.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/test.h"
#include "wire/cbor.h"
#include "wire/json.h"

void fake_init(Fake *fake) {
        struct sockaddr_un sun = {.sun_family = AF_UNIX};

        *fake = (Fake){.fd = -1, .node = "host1"};
        strcpy(fake->dir, "/tmp/fake-aempd-XXXXXX");
        check(mkdtemp(fake->dir));
        (void) snprintf(fake->address, sizeof fake->address, "unix:path=%s/sock", fake->dir);
        strcpy(sun.sun_path, fake->address + strlen("unix:path="));

        fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        check_int(fake->listener, >=, 0);
        check_int(bind(fake->listener, (struct sockaddr *) &sun, sizeof sun), ==, 0);
        check_int(listen(fake->listener, 5), ==, 0);
}

void fake_hang_up(Fake *fake) {
        if (fake->fd >= 0)
                (void) close(fake->fd);
        fake->fd = -1;
        buf_reset(&fake->in);
}

void fake_deinit(Fake *fake) {
        fake_hang_up(fake);
        (void) close(fake->listener);
        (void) unlink(fake->address + strlen("unix:path="));
        (void) rmdir(fake->dir);
        buf_deinit(&fake->line);
        buf_deinit(&fake->in);
        buf_deinit(&fake->text);
}

static void fake_answer(Fake *fake) {
        char line[256];

        (void) snprintf(line, sizeof line,
                "aemp-client;1;%s;;cbor;prefix=P%u.;max_message=1048576;new=%%3b\n", fake->node,
                ++fake->attachments);
        fake_say_raw(fake, fake->has_answer ? fake->answer : line,
                strlen(fake->has_answer ? fake->answer : line));
}

void fake_accept(Fake *fake) {
        struct pollfd pfd = {.fd = fake->listener, .events = POLLIN};
        char c;

        fake_hang_up(fake);
        check_int(poll(&pfd, 1, 5000), ==, 1);
        fake->fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC);
        check_int(fake->fd, >=, 0);

        buf_reset(&fake->line);
        while (read(fake->fd, &c, 1) == 1 && c != '\n')
                buf_putc(&fake->line, (uint8_t) c);
        buf_putc(&fake->line, 0);

        if (fake->has_answer && !fake->answer)
                fake_hang_up(fake);
        else
                fake_answer(fake);
}

static void *accept_thread(void *arg) {
        fake_accept(arg);
        return NULL;
}

int fake_open(Fake *fake, aemp **ret, const char *program, char **ret_error) {
        pthread_t thread;
        int r;

        check_int(pthread_create(&thread, NULL, accept_thread, fake), ==, 0);
        r = aemp_open_error(ret, fake->address, program, ret_error);
        check_int(pthread_join(thread, NULL), ==, 0);
        return r;
}

aemp *fake_attach(Fake *fake) {
        aemp *a;

        check_int(fake_open(fake, &a, "test", NULL), ==, 0);
        return a;
}

void fake_say_raw(Fake *fake, const void *octets, size_t n) {
        check_int(send(fake->fd, octets, n, MSG_NOSIGNAL), ==, n);
}

void fake_say(Fake *fake, const char *json) {
        _cleanup_buf_ Buf cbor = BUF_INIT;

        check_int(json_to_cbor((const uint8_t *) json, strlen(json), &cbor), ==, 0);
        fake_say_raw(fake, cbor.data, cbor.len);
}

/* Octets that are there: how many; 0 at the end; -EAGAIN. */
static ssize_t fake_fill(Fake *fake) {
        uint8_t *room = buf_extend(&fake->in, 65536);
        ssize_t n = recv(fake->fd, room, 65536, MSG_DONTWAIT);

        fake->in.len -= 65536 - (size_t) (n > 0 ? n : 0);
        return n < 0 ? -errno : n;
}

const char *fake_peek(Fake *fake) {
        size_t len;
        ssize_t n;
        bool odd;
        int r;

        do {
                r = cbor_check(fake->in.data, fake->in.len, SIZE_MAX, &len, &odd);
                if (r >= 0)
                        break;
                check_int(r, ==, -EAGAIN);
                n = fake_fill(fake);
        } while (n > 0);
        if (r < 0)
                return NULL;

        buf_reset(&fake->text);
        check_int(json_from_cbor(fake->in.data, len, &fake->text), ==, 0);
        buf_putc(&fake->text, 0);
        buf_consume(&fake->in, len);
        return (const char *) fake->text.data;
}

const char *fake_hear(Fake *fake) {
        struct pollfd pfd = {.fd = fake->fd, .events = POLLIN};
        const char *text;
        char c;

        while (!(text = fake_peek(fake))) {
                if (poll(&pfd, 1, 2000) == 0)
                        test_fail(__FILE__, __LINE__, "the library said nothing");
                if (recv(fake->fd, &c, 1, MSG_PEEK) <= 0)
                        return NULL;
        }
        return text;
}

int run(aemp *a) {
        int r;

        do
                r = aemp_process(a);
        while (r > 0 || (r == 0 && aemp_wait(a, 0) == 1));
        return r;
}

void run_next(aemp *a) {
        check_int(aemp_wait(a, 5000000), ==, 1);
        (void) run(a);
}

static int heard_line(Heard *h, const char *head, aemp_msg *msg) {
        _cleanup_buf_ Buf json = BUF_INIT;
        const void *data;
        size_t n, size;

        buf_put_str(&h->text, str_from(head));
        if (msg) {
                check_int(aemp_msg_raw(msg, &n, &data, &size), ==, 0);
                check_int(n, ==, aemp_msg_length(msg));
                cbor_put_array(&json, n);
                buf_put(&json, data, size);
                check_int(json_from_cbor(json.data, json.len, &h->text), ==, 0);
        }
        buf_put_str(&h->text, STR_LIT("; "));
        return h->result;
}

int heard_msg(aemp_port *port, aemp_msg *msg, void *userdata) {
        return heard_line(userdata, "", msg);
}

int heard_mon(aemp *a, const char *id, aemp_msg *reason, void *userdata) {
        char head[300];

        (void) snprintf(head, sizeof head, "%s ", id);
        return heard_line(userdata, head, reason);
}

int heard_cal(aemp *a, int error, aemp_msg *msg, void *userdata) {
        return heard_line(userdata, error == 0 ? "" : strerrorname_np(-error), msg);
}

int heard_node(aemp *a, const char *node, int up, aemp_msg *reason, void *userdata) {
        char head[300];

        (void) snprintf(head, sizeof head, "%s %s ", node, up ? "up" : "down");
        return heard_line(userdata, head, reason);
}

int heard_refused(aemp *a, const char *tag, const char *code, const char *text, void *userdata) {
        char head[300];

        (void) snprintf(head, sizeof head, "%s %s %s", tag, code, text);
        return heard_line(userdata, head, NULL);
}

int heard_fn(aemp *a, void *userdata) {
        return heard_line(userdata, ".", NULL);
}

const char *heard(Heard *h) {
        (void) snprintf(h->shown, sizeof h->shown, "%.*s", (int) h->text.len, (const char *) h->text.data);
        buf_deinit(&h->text);
        return h->shown;
}
