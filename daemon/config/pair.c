/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/config/pair.h"

#include <string.h>
#include <strings.h>

static bool is_word(const Token *token, const char *word) {
        return token->n == strlen(word) && strncasecmp(token->p, word, token->n) == 0;
}

static bool is_bool(const Token *token) {
        return is_word(token, "true") || is_word(token, "false");
}

static bool is_like_bool(const Token *token) {
        return is_word(token, "yes") || is_word(token, "no") || is_word(token, "on") ||
                is_word(token, "off");
}

static bool is_one_of(const Token *token, const char *characters) {
        return token->n == 1 && strchr(characters, *token->p);
}

/* Behind a name's "=". */
static void check_value(Scan *scan, Token *token) {
        if (token->n == 0 || is_one_of(token, "=:;,}])"))
                scan_problem(scan, scan->last.line, "there is no value behind this %c", *scan->last.p);
        else if (token->type == TOKEN_NAME && is_like_bool(token) && !scan->secret)
                scan_problem(scan, token->line, "%.*s is no value, write true or false", (int) token->n,
                        token->p);
        else if (token->type == TOKEN_NAME)
                scan_problem(scan, token->line, "a string wants double quotes: \"%.*s\"",
                        SHOWN(scan, token->p, token->n));

        if (token->type == TOKEN_NAME)
                token->type = TOKEN_OTHER;
}

/* Before an "=". */
static void check_name(Scan *scan, const Token *token) {
        if (scan->last.type == TOKEN_NAME)
                scan->secret = is_word(&scan->last, "secret");
        else if (scan->last.n > 0 && *scan->last.p == '"')
                scan_problem(
                        scan, token->line, "a name has no quotes: what is before this %c has", *token->p);
        else
                scan_problem(scan, token->line, "there is no name before this %c", *token->p);
}

/* A name has a "=" behind it, and a value that is a word has quotes. */
void pair_check(Scan *scan, Token *token) {
        const Token *last = &scan->last;

        if (token->type == TOKEN_NAME && is_bool(token))
                token->type = TOKEN_OTHER;

        if (last->type == TOKEN_EQUALS)
                check_value(scan, token);
        else if (token->type == TOKEN_EQUALS)
                check_name(scan, token);
        else if (last->type == TOKEN_NAME && is_word(last, "secret"))
                scan_problem(scan, last->line, "there is no = behind \"secret\"");
        else if (last->type == TOKEN_NAME)
                scan_problem(
                        scan, last->line, "there is no = behind \"%.*s\"", SHOWN(scan, last->p, last->n));
        else if (last->n > 0 && is_one_of(last, ";,") && is_one_of(token, ";,"))
                scan_problem(scan, token->line, "there is a %c too many", *token->p);

        if (token->type == TOKEN_NAME && is_word(token, "secret"))
                scan->secret = true;
}
