/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * News for the service manager
 */

#include "daemon/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/test.h"

/* A service manager; a name without a / is abstract. */
typedef struct Manager {
        int fd;
        char path[64];
} Manager;

static void manager_init(Manager *manager, const char *path) {
        struct sockaddr_un un = {.sun_family = AF_UNIX};
        size_t n = strlen(path);

        strcpy(manager->path, path);
        strcpy(un.sun_path, path);
        if (*path == '@')
                un.sun_path[0] = '\0';
        manager->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        check_int(bind(manager->fd, (struct sockaddr *) &un,
                          (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n)),
                ==, 0);
        check_int(setenv("NOTIFY_SOCKET", path, 1), ==, 0);
}

static void manager_deinit(Manager *manager) {
        close(manager->fd);
        if (manager->path[0] == '/')
                check_int(unlink(manager->path), ==, 0);
}

static void check_heard(Manager *manager, const char *text) {
        char heard[1024];
        ssize_t n = recv(manager->fd, heard, sizeof(heard), 0);

        check_int(n, >=, 0);
        check_mem(heard, (size_t) n, text, strlen(text));
}

TEST(without_a_manager) {
        check_int(unsetenv("NOTIFY_SOCKET"), ==, 0);
        check_int(notify_now("READY=1"), ==, 0);
}

TEST(what_is_said) {
        char folder[] = "/tmp/test-notify-XXXXXX", path[64];
        Manager manager;

        check(mkdtemp(folder));
        strcat(strcpy(path, folder), "/socket");
        manager_init(&manager, path);
        check_int(notify_now("STATUS=%d nodes\nREADY=%s", 3, "1"), ==, 0);
        check_heard(&manager, "STATUS=3 nodes\nREADY=1");
        manager_deinit(&manager);
        check_int(rmdir(folder), ==, 0);
}

TEST(an_abstract_name) {
        char path[64] = "@test-notify-XXXXXX";
        Manager manager;

        check(mkdtemp(strcpy(path, "/tmp/test-notify-XXXXXX"))); /* a name that nobody else has */
        check_int(rmdir(path), ==, 0);
        path[0] = '@';
        manager_init(&manager, path);
        check_int(notify_now("STOPPING=1"), ==, 0);
        check_heard(&manager, "STOPPING=1");
        manager_deinit(&manager);
}

TEST(long_texts_are_cut) {
        char path[64], text[2000], *end;
        Manager manager;

        check(mkdtemp(strcpy(path, "/tmp/test-notify-XXXXXX")));
        check_int(rmdir(path), ==, 0);
        path[0] = '@';
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        manager_init(&manager, path);
        check_int(notify_now("STATUS=%s", text), ==, 0);
        end = strcpy(text, "STATUS=") + 7;
        memset(end, 'x', 511 - 7);
        text[511] = '\0';
        check_heard(&manager, text);
        manager_deinit(&manager);
}

TEST(a_manager_that_does_not_read) {
        char path[64];
        Manager manager;
        int r, n = 0;

        check(mkdtemp(strcpy(path, "/tmp/test-notify-XXXXXX")));
        check_int(rmdir(path), ==, 0);
        path[0] = '@';
        manager_init(&manager, path);
        while ((r = notify_now("STATUS=%d", n)) == 0)
                check_int(++n, <, 1000000);
        check_int(r, ==, -EAGAIN);
        check_heard(&manager, "STATUS=0");
        manager_deinit(&manager);
}

TEST(no_manager_there) {
        char path[200];

        check_int(setenv("NOTIFY_SOCKET", "/no/such/socket", 1), ==, 0);
        check_int(notify_now("READY=1"), ==, -ENOENT);
        check_int(setenv("NOTIFY_SOCKET", "", 1), ==, 0);
        check_int(notify_now("READY=1"), ==, -EINVAL);

        memset(path, 'x', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        check_int(setenv("NOTIFY_SOCKET", path, 1), ==, 0);
        check_int(notify_now("READY=1"), ==, -EINVAL);
}
