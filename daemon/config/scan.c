/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Looking over the text of a configuration
 *
 * libconfig 1.5 reads 4294967296 as 0, for want of an L behind it; it stops at a NUL; a comment without an
 * end hides the rest of the file; and all else that is wrong is a "syntax error", in a line that is often
 * another. So the text is cut into tokens here as libconfig does it (lib/scanner.l), and what people get
 * wrong most is looked for. The grammar is left to libconfig.
 *
 * Problems go into the log, so what may be a secret is not in them.
 *
 * @include is refused because included files would not be looked over, and because there are drop-ins.
 */

#include "daemon/config/scan.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config/pair.h"

#define PROBLEM_MAX 256

void scan_problem(Scan *scan, unsigned line, const char *format, ...) {
        char text[PROBLEM_MAX];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);

        scan->problems++;
        scan->fn(scan->userdata, line, text);
}

/* NUL at the end, too. */
static char peek(const Scan *scan, size_t at) {
        return (size_t) (scan->end - scan->p) > at ? scan->p[at] : '\0';
}

static void skip(Scan *scan, size_t n) {
        for (; n > 0 && scan->p < scan->end; n--, scan->p++)
                if (*scan->p == '\n')
                        scan->line++;
}

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c) {
        return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_name_start(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

static bool is_name(char c) {
        return is_name_start(c) || is_digit(c) || c == '-' || c == '_';
}

/* --- what has an end --------------------------------------------------------------------------------- */

static void scan_line_comment(Scan *scan) {
        while (scan->p < scan->end && *scan->p != '\n')
                scan->p++;
}

static void scan_comment(Scan *scan) {
        unsigned line = scan->line;

        skip(scan, 2);
        while (scan->p < scan->end && !(peek(scan, 0) == '*' && peek(scan, 1) == '/'))
                skip(scan, 1);

        if (scan->p == scan->end)
                scan_problem(scan, line, "this comment has no end");
        skip(scan, 2);
}

/* For libconfig the string ends there. */
static bool is_nul_escape(const Scan *scan) {
        return peek(scan, 0) == '\\' && peek(scan, 1) == 'x' && peek(scan, 2) == '0' && peek(scan, 3) == '0';
}

static void scan_string(Scan *scan) {
        unsigned line = scan->line;
        bool nul = false;

        skip(scan, 1);
        while (scan->p < scan->end && *scan->p != '"') {
                bool escaped = *scan->p == '\\' && (peek(scan, 1) == '\\' || peek(scan, 1) == '"');

                if (is_nul_escape(scan) && !nul)
                        scan_problem(scan, scan->line, "there is a NUL octet in this string, \\x00");
                nul = nul || is_nul_escape(scan);
                skip(scan, escaped ? 2 : 1);
        }

        if (scan->p == scan->end)
                scan_problem(scan, line, "this string has no end");
        skip(scan, 1);
}

/* --- numbers ----------------------------------------------------------------------------------------- */

/* How many octets from there are digits. */
static size_t digits(const Scan *scan, size_t at, bool hex) {
        size_t n = 0;

        while (hex ? is_hex_digit(peek(scan, at + n)) : is_digit(peek(scan, at + n)))
                n++;

        return n;
}

/* "e+12" */
static size_t exponent(const Scan *scan, size_t at) {
        size_t n = 1, k;

        if (peek(scan, at) != 'e' && peek(scan, at) != 'E')
                return 0;
        if (peek(scan, at + 1) == '+' || peek(scan, at + 1) == '-')
                n++;

        k = digits(scan, at + n, /* hex= */ false);
        return k > 0 ? n + k : 0;
}

static size_t long_suffix(const Scan *scan, size_t at) {
        return peek(scan, at) != 'L' ? 0 : peek(scan, at + 1) != 'L' ? 1 : 2;
}

static unsigned digit_value(char c) {
        return is_digit(c) ? (unsigned) (c - '0') : (unsigned) ((c | 0x20) - 'a') + 10;
}

/* Saturates. */
static uint64_t value(const char *p, size_t n, unsigned base) {
        uint64_t v = 0;

        for (; n > 0; n--, p++)
                if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit_value(*p), &v))
                        return UINT64_MAX;

        return v;
}

/* len octets with `prefix` (sign, 0x) before the digits and `suffix` (L) after them */
static void check_integer(Scan *scan, size_t len, size_t prefix, size_t suffix) {
        unsigned base = prefix == 2 ? 16 : 10;
        bool negative = scan->p[0] == '-';
        uint64_t v = value(scan->p + prefix, len - prefix - suffix, base);

        if (v > (uint64_t) INT64_MAX + negative)
                scan_problem(scan, scan->line, "%.*s is too large a number", SHOWN(scan, scan->p, len));
        else if (suffix == 0 && v > (uint64_t) INT32_MAX + negative)
                scan_problem(scan, scan->line,
                        "%.*s is too large without an L behind it: write it with an L, %.*sL",
                        SHOWN(scan, scan->p, len), SHOWN(scan, scan->p, len));
}

/* 30s, 16M */
static void check_number_end(Scan *scan, const char *start) {
        size_t n = (size_t) (scan->p - start);

        /* host.example = ... has another problem */
        if (!is_name_start(peek(scan, 0)) || scan->last.type == TOKEN_NAME)
                return;

        while (is_name(peek(scan, 0))) {
                skip(scan, 1);
                n++;
        }
        scan_problem(scan, scan->line, "%.*s is no number", SHOWN(scan, start, n));
}

static void scan_number(Scan *scan) {
        const char *start = scan->p;
        bool hex = peek(scan, 0) == '0' && (peek(scan, 1) | 0x20) == 'x' && is_hex_digit(peek(scan, 2));
        size_t prefix = hex ? 2 : peek(scan, 0) == '-' || peek(scan, 0) == '+' ? 1 : 0, n, suffix;

        n = digits(scan, prefix, hex);
        if (!hex && peek(scan, prefix + n) == '.') {
                size_t fraction = 1 + digits(scan, prefix + n + 1, /* hex= */ false);

                skip(scan, prefix + n + fraction + exponent(scan, prefix + n + fraction));
        } else if (!hex && n > 0 && exponent(scan, prefix + n) > 0)
                skip(scan, prefix + n + exponent(scan, prefix + n));
        else if (n > 0) {
                suffix = long_suffix(scan, prefix + n);
                check_integer(scan, prefix + n + suffix, prefix, suffix);
                skip(scan, prefix + n + suffix);
        } else {
                skip(scan, 1); /* a lonely sign */
                return;
        }

        check_number_end(scan, start);
}

/* --- what belongs together --------------------------------------------------------------------------- */

static char closing(char c) {
        return c == '{' ? '}' : c == '[' ? ']' : ')';
}

static void scan_bracket(Scan *scan) {
        char c = *scan->p;

        if ((c == ']' || c == ')') && scan->last.type == TOKEN_COMMA)
                scan_problem(scan, scan->last.line, "there is a comma too many before the %c", c);

        if (strchr("{[(", c) && scan->depth < DEPTH_MAX)
                scan->open[scan->depth++] = (Open){c, scan->line};
        else if (strchr("{[(", c)) {
                scan_problem(scan, scan->line, "too many brackets in brackets");
                scan->p = scan->end;
                return;
        } else if (scan->depth > 0 && c == closing(scan->open[scan->depth - 1].c))
                scan->depth--;
        else if (scan->depth > 0) {
                scan_problem(scan, scan->line, "this %c does not fit the %c in line %u", c,
                        scan->open[scan->depth - 1].c, scan->open[scan->depth - 1].line);
                scan->depth--;
        } else
                scan_problem(scan, scan->line, "this %c closes nothing", c);

        skip(scan, 1);
}

static void scan_single_quotes(Scan *scan) {
        scan_problem(scan, scan->line, "a string wants double quotes");
        do
                skip(scan, 1);
        while (scan->p < scan->end && *scan->p != '\'' && *scan->p != '\n');
        skip(scan, 1);
}

/* --- all of it --------------------------------------------------------------------------------------- */

static bool begins_with(const Scan *scan, const char *what) {
        size_t n = strlen(what);

        return (size_t) (scan->end - scan->p) >= n && memcmp(scan->p, what, n) == 0;
}

static bool scan_space(Scan *scan) {
        char c = *scan->p;

        if (c == '#' || begins_with(scan, "//"))
                scan_line_comment(scan);
        else if (begins_with(scan, "/*"))
                scan_comment(scan);
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f')
                skip(scan, 1);
        else
                return false;

        return true;
}

static void scan_token(Scan *scan) {
        Token token = {TOKEN_OTHER, scan->p, 1, scan->line};
        char c = *scan->p;

        if (is_name_start(c)) {
                token.type = TOKEN_NAME;
                while (is_name(peek(scan, token.n)))
                        token.n++;
                skip(scan, token.n);
        } else if (c == '"')
                scan_string(scan);
        else if (is_digit(c) || c == '-' || c == '+' || c == '.')
                scan_number(scan);
        else if (strchr("{}[]()", c))
                scan_bracket(scan);
        else if (c == '\'')
                scan_single_quotes(scan);
        else if (begins_with(scan, "@include")) {
                scan_problem(
                        scan, scan->line, "@include is not for here, see \"Drop-ins\" in aempd.conf(5)");
                scan_line_comment(scan);
        } else {
                token.type = c == '=' || c == ':' ? TOKEN_EQUALS : c == ',' ? TOKEN_COMMA : TOKEN_OTHER;
                skip(scan, 1);
        }

        pair_check(scan, &token);
        scan->last = token;
}

static void scan_all(Scan *scan) {
        Token end = {TOKEN_OTHER, scan->end, 0, 0};

        while (scan->p < scan->end)
                if (!scan_space(scan))
                        scan_token(scan);

        pair_check(scan, &end);
        if (scan->problems == 0 && scan->depth > 0)
                scan_problem(scan, scan->open[scan->depth - 1].line, "this %c has no end",
                        scan->open[scan->depth - 1].c);
}

/* AnyEvent::MP's configuration is JSON: the rest would be problems all over. */
static bool is_json(Scan *scan) {
        while (scan->p < scan->end && scan_space(scan))
                ;
        return peek(scan, 0) == '{';
}

static void scan_text(Scan *scan) {
        if (begins_with(scan, "\xef\xbb\xbf"))
                scan_problem(scan, 1, "this begins with a byte order mark: save it without one");
        else if (is_json(scan))
                scan_problem(scan, scan->line,
                        "there is no name before this {: it begins with default = { ... };");
        else
                scan_all(scan);
}

static unsigned line_of(const char *text, const char *at) {
        unsigned line = 1;

        while ((text = memchr(text, '\n', (size_t) (at - text)))) {
                line++;
                text++;
        }

        return line;
}

size_t config_scan(const char *text, size_t n, ConfigScanFn fn, void *userdata) {
        Scan scan = {.p = text, .end = text + n, .line = 1, .fn = fn, .userdata = userdata};
        const char *nul = n > 0 ? memchr(text, '\0', n) : NULL;

        if (nul)
                scan_problem(&scan, line_of(text, nul), "this is no text, there is a NUL octet in it");
        else
                scan_text(&scan);

        return scan.problems;
}
