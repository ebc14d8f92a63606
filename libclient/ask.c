/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Requests to a node
 */

#include "libclient/ask.h"

#include <errno.h>

#include "libclient/aemp.h"
#include "wire/cbor.h"
#include "wire/id.h"

int ask_check(aemp *a, const char *node) {
        int r;

        r = aemp_check(a);
        if (r < 0)
                return r;

        return node && (!*node || node_id_is_valid(str_from(node))) ? 0 : -EINVAL;
}

int ask(aemp *a, const char *node, const Str strings[], size_t n, const Content *rest) {
        _cleanup_buf_ Buf buf = BUF_INIT;

        for (size_t i = 0; i < n; i++)
                cbor_put_text(&buf, strings[i]);
        if (rest->size > 0)
                buf_put(&buf, rest->data, rest->size);
        if (buf_error(&buf) < 0)
                return buf_error(&buf);

        return snd(a, str_from(node), &(Content){n + rest->n, buf.data, buf.len}, /* bounded= */ true);
}

int aemp_snd_on(aemp *a, const char *node, const char *to, const char *format, ...) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content content;
        va_list ap;
        int r;

        r = ask_check(a, node);
        if (r >= 0)
                r = id_check(str_from(to));

        va_start(ap, format);
        r = pack(r, &buf, &content, format, ap);
        va_end(ap);
        if (r < 0)
                return r;

        /* "" would be that node's own port there. */
        return ask(a, node, (Str[]){STR_LIT("snd"), str_from(*to ? to : a->home.node)}, 2, &content);
}

int aemp_snd_to_func(aemp *a, const char *node, const char *function, const char *format, ...) {
        _cleanup_buf_ Buf buf = BUF_INIT;
        Content content;
        va_list ap;
        int r;

        r = ask_check(a, node);
        if (r >= 0 && !func_name_is_valid(str_from(function)))
                r = -EINVAL;

        va_start(ap, format);
        r = pack(r, &buf, &content, format, ap);
        va_end(ap);
        if (r < 0)
                return r;

        return ask(a, node, (Str[]){str_from(function)}, 1, &content);
}
