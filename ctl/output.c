/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What goes to stdout
 *
 * Lines are flushed one by one, a program may be waiting for them. Whatever went wrong in writing is known
 * to stdio, and asked for at the end.
 */

#include "ctl/output.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <aemp-client.h>

#include "ctl/complain.h"

static int output_error;

/* The first one counts. */
static int output_fail(int r) {
        if (output_error == 0)
                output_error = r;
        return output_error;
}

static int output_flush(void) {
        errno = 0;
        if (fflush(stdout) == EOF || ferror(stdout))
                return output_fail(errno > 0 ? -errno : -EIO);
        return 0;
}

/* Control characters that JSON leaves alone and terminals do not: DEL, U+0080 to U+009f. */
static void put_json(const char *text) {
        for (const unsigned char *p = (const unsigned char *) text; *p; p++)
                if (*p == 0x7f)
                        (void) fputs("\\u007f", stdout);
                else if (p[0] == 0xc2 && p[1] < 0xa0)
                        (void) printf("\\u%04x", *++p);
                else
                        (void) putchar(*p);
}

int output_json(const json_t *value) {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

        if (!text)
                return output_fail(-ENOMEM);

        put_json(text);
        (void) putchar('\n');
        free(text);
        return output_flush();
}

int output_message(aemp_msg *msg) {
        json_t *array;
        int r;

        r = aemp_msg_json(msg, &array);
        if (r < 0)
                return output_fail(r);

        r = output_json(array);
        json_decref(array);
        return r;
}

int output_line(const char *text) {
        (void) puts(text);
        return output_flush();
}

int output_text(const char *text, size_t n) {
        (void) fwrite(text, 1, n, stdout);
        return output_flush();
}

int output_close(void) {
        if (output_flush() >= 0 && fclose(stdout) == EOF)
                (void) output_fail(-errno);
        if (output_error < 0)
                complain("can't write: %s", strerror(-output_error));
        return output_error;
}
