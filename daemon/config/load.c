/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Loading a configuration
 */

#include "daemon/config/load.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>

#include "daemon/log.h"

/* Values come from files and go to terminals. */
static void print_line(ConfigLoad *load, int level, char *line) {
        if (load->quiet)
                return;

        for (char *p = line; *p; p++)
                if ((unsigned char) *p < 0x20 || *p == 0x7f)
                        *p = '?';

        load->source->problem(load->source->userdata, level, line);
}

__attribute__((format(printf, 4, 0))) static void report(
        ConfigLoad *load, int level, const Place *place, const char *format, va_list ap) {
        char text[1024], line[1280];

        (void) vsnprintf(text, sizeof(text), format, ap);
        if (place && place->file)
                (void) snprintf(line, sizeof(line), "%s:%u: %s", place->file->path, place->line, text);
        else
                (void) snprintf(line, sizeof(line), "%s: %s", config_load_main(load), text);

        print_line(load, level, line);
}

void config_load_error(ConfigLoad *load, const Place *place, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        report(load, LEVEL_ERROR, place, format, ap);
        va_end(ap);

        config_load_failed(load, -EINVAL);
}

void config_load_warning(ConfigLoad *load, const Place *place, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        report(load, LEVEL_WARN, place, format, ap);
        va_end(ap);
}

void config_load_file_error(ConfigLoad *load, const char *path, unsigned line, const char *text) {
        char whole[1280];

        if (line > 0)
                (void) snprintf(whole, sizeof(whole), "%s:%u: %s", path, line, text);
        else
                (void) snprintf(whole, sizeof(whole), "%s: %s", path, text);

        print_line(load, LEVEL_ERROR, whole);
        config_load_failed(load, -EINVAL);
}

void config_load_failed(ConfigLoad *load, int r) {
        if (load->error != -ENOMEM)
                load->error = r;
}

const Place *config_load_place(const ConfigLoad *load, size_t offset) {
        for (size_t i = 0; i < CONFIG_KEYS; i++)
                if (config_keys[i].offset == offset)
                        return &load->places[i];

        assert(false);
        return NULL;
}

const char *config_load_main(const ConfigLoad *load) {
        return load->source->file ? load->source->file : CONFIG_FILE;
}
