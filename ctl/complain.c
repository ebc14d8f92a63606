/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Complaints
 *
 * They quote what came from strangers, so nothing in them may move a terminal's cursor.
 */

#include "ctl/complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/human.h"

void complain(const char *format, ...) {
        char *text = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&text, format, ap);
        va_end(ap);

        if (r < 0) {
                (void) fputs("aempctl: out of memory\n", stderr);
                return;
        }

        human_printable(text);
        (void) fprintf(stderr, "aempctl: %s\n", text);
        free(text);
}

void complain_hint(const char *text) {
        (void) fprintf(stderr, "%s\n", text);
}
