/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Fuzz targets as plain tests
 *
 * Runs the target on every file of the folders and files that are named.
 */

#include <fts.h>

#include "tests/fuzz/fuzz.h"

static void run(const char *path) {
        uint8_t *data = NULL;
        size_t size = 0;
        FILE *file;

        file = fopen(path, "re");
        must(file);
        for (int c; (c = fgetc(file)) != EOF;) {
                data = realloc(data, size + 1); /* of this size, for the address sanitizer */
                must(data);
                data[size++] = (uint8_t) c;
        }
        (void) fclose(file);

        (void) fprintf(stderr, "%s\n", path); /* the last one is the culprit */
        (void) LLVMFuzzerTestOneInput(data, size);
        free(data);
}

int main(int argc, char **argv) {
        FTS *fts = argc > 1 ? fts_open(argv + 1, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
        unsigned n = 0;

        must(fts);
        for (FTSENT *entry; (entry = fts_read(fts));)
                if (entry->fts_info == FTS_F) {
                        run(entry->fts_path);
                        n++;
                }
        (void) fts_close(fts);

        (void) printf("%u inputs\n", n);
        return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
