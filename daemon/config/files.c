/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The files of a configuration
 *
 * libconfig gets the text, never the file: what it parses is what was looked over, and from the file whose
 * mode was seen.
 */

#include "daemon/config/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/file.h"
#include "daemon/config/scan.h"
#include "wire/buf.h"

#define CONFIG_FILE_MAX (1024 * 1024)

typedef struct ScanTo {
        ConfigLoad *load;
        const char *path;
} ScanTo;

static void on_scan_problem(void *userdata, unsigned line, const char *text) {
        ScanTo *to = userdata;

        config_load_file_error(to->load, to->path, line, text);
}

/* --- one file ---------------------------------------------------------------------------------------- */

static void config_file_free(ConfigFile *file) {
        if (!file)
                return;

        config_destroy(&file->tree);
        free(file->path);
        free(file);
}

static int config_file_new(ConfigFile **ret, const char *path) {
        ConfigFile *file = calloc(1, sizeof(*file));

        if (!file)
                return -ENOMEM;

        config_init(&file->tree);
        file->path = strdup(path);
        if (!file->path) {
                config_file_free(file);
                return -ENOMEM;
        }

        *ret = file;
        return 0;
}

static int add_file(ConfigLoad *load, ConfigFile *file) {
        ConfigFile **files = reallocarray(load->files, load->n_files + 1, sizeof(*files));

        if (!files)
                return -ENOMEM;

        files[load->n_files++] = file;
        load->files = files;
        return 0;
}

/* libconfig's words, or better ones. */
static const char *parse_error(const config_t *tree) {
        const char *text = config_error_text(tree);

        if (strcmp(text, "duplicate setting name") == 0)
                return "this name is there already, in the same group";
        if (strcmp(text, "mismatched element type in array") == 0)
                return "a list in [ ] has values of one kind; different kinds go into ( )";
        return text;
}

/* libconfig takes a comment that ends with the text and not with a line for garbage, hence the line end. */
static int parse_text(ConfigLoad *load, ConfigFile *file, const FileOctets *octets) {
        ScanTo to = {load, file->path};
        Buf text = BUF_INIT;
        int r = 0;

        if (config_scan(octets->p, octets->n, on_scan_problem, &to) > 0)
                return -EINVAL;

        buf_put(&text, octets->p, octets->n);
        buf_put(&text, "\n", 2);
        if (buf_error(&text) < 0)
                r = -ENOMEM;
        else if (!config_read_string(&file->tree, (const char *) text.data)) {
                config_load_file_error(load, file->path, (unsigned) config_error_line(&file->tree),
                        parse_error(&file->tree));
                r = -EINVAL;
        }

        if (text.data)
                explicit_bzero(text.data, text.len);
        buf_deinit(&text);
        return r;
}

/* -EINVAL: it was reported. -ENOENT; -ENOMEM. */
static int read_file(ConfigLoad *load, const char *path) {
        _cleanup_octets_ FileOctets octets = FILE_OCTETS_NONE;
        char error[FILE_ERROR_MAX];
        ConfigFile *file;
        int r;

        r = file_read(&octets, path, CONFIG_FILE_MAX);
        if (r < 0 && r != -ENOENT && r != -ENOMEM) {
                config_load_file_error(load, path, 0, file_error(r, error));
                return -EINVAL;
        }
        if (r < 0)
                return r;

        r = config_file_new(&file, path);
        if (r < 0)
                return r;

        file->is_public = octets.is_public;
        r = parse_text(load, file, &octets);
        if (r >= 0)
                r = add_file(load, file);
        if (r < 0)
                config_file_free(file);

        return r;
}

/* --- drop-ins ---------------------------------------------------------------------------------------- */

static int is_drop_in(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

/* alphasort() goes by the locale. */
static int compare_names(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_in(ConfigLoad *load, const char *folder, const char *name) {
        char *path;
        int r;

        if (asprintf(&path, "%s/%s", folder, name) < 0)
                return -ENOMEM;

        r = read_file(load, path);
        if (r == -ENOENT) { /* a link to nowhere */
                config_load_file_error(load, path, 0, strerror(ENOENT));
                r = -EINVAL;
        }

        free(path);
        return r;
}

/* How many there are; each of them is read, whatever is wrong with another. */
static int read_folder(ConfigLoad *load, const char *folder) {
        struct dirent **entries;
        int n, r, worst = 0;

        n = scandir(folder, &entries, is_drop_in, compare_names);
        if (n < 0 && errno == ENOENT)
                return 0;
        if (n < 0 && errno == ENOMEM)
                return -ENOMEM;
        if (n < 0) {
                config_load_file_error(load, folder, 0, strerror(errno));
                return -EINVAL;
        }

        for (int i = 0; i < n; i++) {
                r = worst == -ENOMEM ? -ENOMEM : read_drop_in(load, folder, entries[i]->d_name);
                if (r < 0)
                        worst = r;
                free(entries[i]);
        }
        free(entries);

        return worst < 0 ? worst : n;
}

/* --- all of them ------------------------------------------------------------------------------------- */

bool config_files_read(ConfigLoad *load) {
        const char *path = config_load_main(load);
        char *folder = NULL;
        int r, n;

        if (asprintf(&folder, "%s.d", path) < 0) {
                config_load_failed(load, -ENOMEM);
                return false;
        }

        r = read_file(load, path);
        n = read_folder(load, folder);
        free(folder);

        /* Without any file the defaults will do, but not for who named a file or what can only be in one. */
        if (r == -ENOENT && n == 0 && (load->source->file || load->source->profile))
                config_load_file_error(load, path, 0, strerror(ENOENT));
        else if (r == -ENOMEM || n == -ENOMEM)
                config_load_failed(load, -ENOMEM);

        return load->error == 0;
}

void config_files_free(ConfigLoad *load) {
        for (size_t i = 0; i < load->n_files; i++)
                config_file_free(load->files[i]);

        free(load->files);
        load->files = NULL;
        load->n_files = 0;
}
