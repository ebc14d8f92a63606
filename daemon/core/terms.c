/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/core/terms.h"

#include <errno.h>

#include "daemon/core/greeting.h"

static bool has_method(const AuthMethod *list, size_t n, AuthMethod method) {
        for (size_t i = 0; i < n; i++)
                if (list[i] == method)
                        return true;

        return false;
}

bool terms_accepts_framing(const Terms *terms, Framing framing) {
        for (size_t i = 0; i < terms->n_framings; i++)
                if (terms->framings[i] == framing)
                        return true;

        return false;
}

/* --- from the configuration -------------------------------------------------------------------------- */

static int methods_init(
        AuthMethod *list, size_t *n, const char *const *names, const NodeConfig *config, const Auth *auth) {
        static const char *const fallback[] = {"tls_sha3_512", "hmac_sha3_512", NULL};

        for (const char *const *name = names ?: fallback; *name; name++) {
                AuthMethod method = auth_method_from_string(str_from(*name));

                if (method == _AUTH_METHOD_INVALID)
                        return -EINVAL;
                if (auth_can(auth, method) && (config->tls || !auth_method_is_tls(method)) &&
                        !has_method(list, *n, method))
                        list[(*n)++] = method;
        }

        return 0;
}

static int framings_init(Terms *terms, const char *const *names) {
        static const char *const fallback[] = {"cbor", "json", NULL};

        for (const char *const *name = names ?: fallback; *name; name++) {
                Framing framing = framing_from_string(str_from(*name));

                if (framing == _FRAMING_INVALID)
                        return -EINVAL;
                if (!terms_accepts_framing(terms, framing))
                        terms->framings[terms->n_framings++] = framing;
        }

        return terms->n_framings > 0 ? 0 : -EINVAL;
}

int terms_init(Terms *terms, const NodeConfig *config, const Auth *auth) {
        int r;

        *terms = (Terms){};
        r = methods_init(terms->accept, &terms->n_accept, config->auth_accept, config, auth);
        if (r < 0)
                return r;

        r = methods_init(terms->offer, &terms->n_offer, config->auth_offer, config, auth);
        if (r < 0)
                return r;

        return framings_init(terms, config->framings);
}

/* --- as text ----------------------------------------------------------------------------------------- */

static void put_item(Buf *to, size_t start, const char *item) {
        if (to->len > start)
                buf_putc(to, ',');
        buf_put_str(to, str_from(item));
}

static void put_methods(const AuthMethod *list, size_t n, bool tls, Buf *to) {
        size_t start = to->len;

        for (size_t i = 0; i < n; i++)
                if (tls || !auth_method_is_tls(list[i]))
                        put_item(to, start, auth_method_to_string(list[i]));
}

void terms_put_accept(const Terms *terms, Buf *to) {
        put_methods(terms->accept, terms->n_accept, /* tls= */ true, to);
}

void terms_put_offer(const Terms *terms, bool tls, Buf *to) {
        put_methods(terms->offer, terms->n_offer, tls, to);
}

void terms_put_framings(const Terms *terms, Buf *to) {
        size_t start = to->len;

        for (size_t i = 0; i < terms->n_framings; i++)
                put_item(to, start, framing_to_string(terms->framings[i]));
}

/* --- agreeing ---------------------------------------------------------------------------------------- */

bool terms_accepts(const Terms *terms, AuthMethod method, bool tls) {
        return (tls || !auth_method_is_tls(method)) && has_method(terms->accept, terms->n_accept, method);
}

bool terms_accepts_any(const Terms *terms, bool tls) {
        for (size_t i = 0; i < terms->n_accept; i++)
                if (terms_accepts(terms, terms->accept[i], tls))
                        return true;

        return false;
}

AuthMethod terms_choose(const Terms *terms, Str list, bool tls) {
        Str item;

        while (comma_list_next(&list, &item)) {
                AuthMethod method = auth_method_from_string(item);

                if (method != _AUTH_METHOD_INVALID && (tls || !auth_method_is_tls(method)) &&
                        has_method(terms->offer, terms->n_offer, method))
                        return method;
        }

        return _AUTH_METHOD_INVALID;
}

Framing terms_choose_framing(const Terms *terms, Str list) {
        Str item;

        while (comma_list_next(&list, &item)) {
                Framing framing = framing_from_string(item);

                if (framing != _FRAMING_INVALID && terms_accepts_framing(terms, framing))
                        return framing;
        }

        return _FRAMING_INVALID;
}
