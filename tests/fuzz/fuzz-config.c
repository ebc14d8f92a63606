/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Octets that claim to be a configuration
 *
 * "aempd.conf", and behind each NUL a drop-in. Files that they name are looked for in a folder of our own,
 * where there is a secret. What libconfig 1.5 leaks (strings before a syntax error) is its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config/keys.h"
#include "daemon/config/scan.h"
#include "daemon/log.h"
#include "tests/fuzz/fuzz.h"
#include "wire/id.h"

#define DROP_INS_MAX 3

const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void) {
        return "leak:libconfig.so\n";
}

static char folder[] = "/tmp/fuzz-config-XXXXXX";

static void write_file(const char *name, const void *data, size_t size) {
        char path[64];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        must(fd >= 0);
        must(write(fd, data, size) == (ssize_t) size);
        must(close(fd) == 0);
}

static void remove_file(const char *name) {
        char path[64];

        (void) snprintf(path, sizeof(path), "%s/%s", folder, name);
        must(remove(path) == 0 || errno == ENOENT);
}

static const char *drop_in(unsigned i) {
        static char name[32];

        (void) snprintf(name, sizeof(name), "aempd.conf.d/%u.conf", i);
        return name;
}

static void clean_up(void) {
        for (unsigned i = 0; i < DROP_INS_MAX; i++)
                remove_file(drop_in(i));
        remove_file("aempd.conf.d");
        remove_file("aempd.conf");
        remove_file("s");
        must(rmdir(folder) == 0);
}

static void set_up(void) {
        static bool is_done;
        char path[64];

        if (is_done)
                return;

        is_done = true;
        must(mkdtemp(folder));
        (void) snprintf(path, sizeof(path), "%s/aempd.conf.d", folder);
        must(mkdir(path, 0700) == 0);
        must(unsetenv("CREDENTIALS_DIRECTORY") == 0);
        write_file("s", "geheim\n", 7);
        must(atexit(clean_up) == 0);
}

/* The last drop-in may have NULs in it. */
static void write_files(const uint8_t *data, size_t size) {
        const char *name = "aempd.conf";
        unsigned i = 0;

        for (;;) {
                const uint8_t *nul = i < DROP_INS_MAX && size > 0 ? memchr(data, '\0', size) : NULL;
                size_t n = nul ? (size_t) (nul - data) : size;

                write_file(name, data, n);
                if (!nul)
                        break;
                data += n + 1;
                size -= n + 1;
                name = drop_in(i++);
        }

        while (i < DROP_INS_MAX)
                remove_file(drop_in(i++));
}

typedef struct Seen {
        unsigned errors;
        unsigned warnings;
} Seen;

static void on_problem(void *userdata, int level, const char *text) {
        Seen *seen = userdata;

        must(level == LEVEL_ERROR || level == LEVEL_WARN);
        must(strncmp(text, folder, strlen(folder)) == 0);
        if (level == LEVEL_ERROR)
                seen->errors++;
        else
                seen->warnings++;
        for (; *text; text++)
                must((unsigned char) *text >= 0x20 && *text != 0x7f);
}

static size_t length(char **list) {
        size_t n = 0;

        must(list);
        while (list[n])
                n++;
        return n;
}

static uint64_t number(const Config *config, const ConfigKey *key) {
        const void *p = (const char *) config + key->offset;

        return key->type == VALUE_COUNT   ? *(const unsigned *) p
                : key->type == VALUE_MODE ? *(const mode_t *) p
                                          : *(const uint64_t *) p;
}

static void check_config(const Config *config) {
        for (size_t i = 0; i < CONFIG_KEYS; i++) {
                const ConfigKey *key = &config_keys[i];

                if (key->max > 0)
                        must(number(config, key) >= key->min && number(config, key) <= key->max);
        }

        must(node_id_is_valid(str_from(config->nodeid)));
        must(config->socket[0] == '/');
        must(length(config->auth_offer) <= 4 && length(config->auth_accept) <= 4);
        must(length(config->framing_format) >= 1 && length(config->framing_format) <= 2);
        must(config->n_admins == length(config->admins));
        must(config->heartbeat_interval < config->monitor_timeout);
        must(config->client_hard >= config->client_high && config->peer_hard >= config->max_message);
        must(length(config->files) >= 1 && length(config->files) <= 1 + DROP_INS_MAX);
        must(config->n_secrets == length(config->secret) + length(config->secret_file));
        for (size_t i = 0; i < config->n_secrets; i++)
                must(config->secrets[i].len > 0 &&
                        config->secrets[i].octets[config->secrets[i].len] == '\0');
        if (config->seeds[0])
                must(config->n_secrets > 0 || config->certificate);
}

static int load(Seen *seen) {
        char path[64];
        ConfigSource source = {.file = path, .problem = on_problem, .userdata = seen};
        Config *config = NULL;
        int r;

        (void) snprintf(path, sizeof(path), "%s/aempd.conf", folder);
        r = config_load(&config, &source);
        must(r == 0 || r == -EINVAL);
        must((r < 0) == (seen->errors > 0));
        must((r == 0) == (config != NULL));
        if (config)
                check_config(config);
        config_free(config);
        return r;
}

static void on_scan(void *userdata, unsigned line, const char *text) {
        Seen *seen = userdata;

        must(line >= 1);
        must(strlen(text) > 0);
        seen->errors++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Seen once = {}, twice = {}, scanned = {};
        char *text = malloc(size > 0 ? size : 1); /* of its own, so that leaving it is noticed */

        must(text);
        set_up();
        if (size > 0)
                memcpy(text, data, size);
        must(config_scan(text, size, on_scan, &scanned) == scanned.errors);
        free(text);

        write_files(data, size);
        must(load(&once) == load(&twice));
        must(once.errors == twice.errors && once.warnings == twice.warnings);
        return 0;
}
