/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Configurations for one test
 */

#include "tests/unit/config-rig.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "tests/unit/test.h"

void rig_init(Rig *rig) {
        *rig = (Rig){.folder = "/tmp/test-config-XXXXXX"};
        check(mkdtemp(rig->folder));
        check_int(unsetenv("CREDENTIALS_DIRECTORY"), ==, 0);
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        return remove(path);
}

void rig_deinit(Rig *rig) {
        rig->config = config_free(rig->config);
        check_int(nftw(rig->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS), ==, 0);
}

const char *rig_path(Rig *rig, const char *name) {
        static char paths[8][256];
        static unsigned next;
        char *path = paths[next++ % 8];

        check_int(snprintf(path, sizeof(paths[0]), "%s/%s", rig->folder, name), <, (int) sizeof(paths[0]));
        return path;
}

void rig_write(Rig *rig, const char *name, mode_t mode, const char *text) {
        char path[256];
        int fd;

        strcpy(path, rig_path(rig, name));
        for (char *slash = path + strlen(rig->folder) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                check(mkdir(path, 0700) == 0 || errno == EEXIST);
                *slash = '/';
        }

        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        check(fd >= 0);
        check_int(write(fd, text, strlen(text)), ==, (ssize_t) strlen(text));
        check_int(fchmod(fd, mode), ==, 0);
        check_int(close(fd), ==, 0);
}

static void on_problem(void *userdata, int level, const char *text) {
        Rig *rig = userdata;
        size_t n = strlen(rig->folder), used = strlen(rig->problems);
        char line[2048], *p;

        snprintf(line, sizeof(line), "%s%s\n", level == LEVEL_WARN ? "W" : "", text);
        while ((p = strstr(line, rig->folder)))
                memmove(p, p + n + 1, strlen(p + n + 1) + 1);

        snprintf(rig->problems + used, sizeof(rig->problems) - used, "%s", line);
}

int rig_load(Rig *rig, const char *profile) {
        ConfigSource source = {.file = rig_path(rig, "aempd.conf"),
                .profile = profile,
                .problem = on_problem,
                .userdata = rig};

        rig->config = config_free(rig->config);
        rig->problems[0] = '\0';
        return config_load(&rig->config, &source);
}

int rig_load_text(Rig *rig, const char *profile, const char *text) {
        rig_write(rig, "aempd.conf", 0600, text);
        return rig_load(rig, profile);
}

static void group_of_keys(char *text, size_t size, const char *keys) {
        check_int(snprintf(text, size, "default = {\n%s\n};\n", keys), <, (int) size);
}

int rig_load_keys(Rig *rig, const char *format, ...) {
        char keys[8192], text[9000];
        va_list ap;

        va_start(ap, format);
        vsnprintf(keys, sizeof(keys), format, ap);
        va_end(ap);
        group_of_keys(text, sizeof(text), keys);
        return rig_load_text(rig, NULL, text);
}

/* "aempd.conf" at the start of a line is left out in the expected text. */
static void check_keys(const char *keys, int r, const char *problems) {
        char expected[4096] = "", line[1024];
        Rig rig;

        for (const char *p = problems; *p; p = strchr(p, '\n') + 1) {
                bool warning = *p == 'W';

                snprintf(line, sizeof(line), "%saempd.conf%.*s", warning ? "W" : "",
                        (int) (strchr(p, '\n') + 1 - p - warning), p + warning);
                strcat(expected, line);
        }

        rig_init(&rig);
        check_int(rig_load_keys(&rig, "%s", keys), ==, r);
        check_str(rig.problems, expected);
        rig_deinit(&rig);
}

void check_problem(const char *keys, const char *problems) {
        check_keys(keys, -EINVAL, problems);
}

void check_warning(const char *keys, const char *problems) {
        check_keys(keys, 0, problems);
}

void check_fine(const char *keys) {
        check_keys(keys, 0, "");
}
