/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Configuration values
 */

#include "daemon/config/value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "daemon/net/endpoint.h"

/* libconfig wants more than a const setting for what only reads. */
static config_setting_t *unconst(const config_setting_t *setting) {
        return (config_setting_t *) (uintptr_t) setting;
}

static const char *text_of(const config_setting_t *setting) {
        return config_setting_get_string(setting);
}

static bool is_integer(const config_setting_t *setting) {
        int type = config_setting_type(setting);

        return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

static int64_t integer_of(const config_setting_t *setting) {
        return config_setting_type(setting) == CONFIG_TYPE_INT ? config_setting_get_int(setting)
                                                               : config_setting_get_int64(setting);
}

static int read_time(const config_setting_t *setting, uint64_t *ret) {
        double seconds;

        if (is_integer(setting))
                seconds = (double) integer_of(setting);
        else if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
                seconds = config_setting_get_float(setting);
        else
                return -EINVAL;

        if (!(seconds >= 0 && seconds < 1e12))
                return -ERANGE;

        *ret = (uint64_t) (seconds * 1e6 + 0.5);
        return 0;
}

/* "16 MiB", "16MiB", "16 B", "16" */
static int size_from_text(const char *text, uint64_t *ret) {
        static const struct {
                const char *name;
                unsigned shift;
        } units[] = {{"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
        unsigned long long n;
        char *end;

        if (*text < '0' || *text > '9')
                return -EINVAL;

        errno = 0;
        n = strtoull(text, &end, 10);
        if (errno)
                return -ERANGE;

        while (*end == ' ')
                end++;

        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
                if (strcmp(end, units[i].name) == 0) {
                        if (n > UINT64_MAX >> units[i].shift)
                                return -ERANGE;
                        *ret = (uint64_t) n << units[i].shift;
                        return 0;
                }

        return -EINVAL;
}

static int read_size(const config_setting_t *setting, uint64_t *ret) {
        if (config_setting_type(setting) == CONFIG_TYPE_STRING)
                return size_from_text(text_of(setting), ret);
        if (!is_integer(setting))
                return -EINVAL;
        if (integer_of(setting) < 0)
                return -ERANGE;

        *ret = (uint64_t) integer_of(setting);
        return 0;
}

static int read_count(const config_setting_t *setting, uint64_t *ret) {
        if (!is_integer(setting))
                return -EINVAL;
        if (integer_of(setting) < 0)
                return -ERANGE;

        *ret = (uint64_t) integer_of(setting);
        return 0;
}

/* libconfig takes 0660 for six hundred and sixty, so it has to be a string. */
static int read_mode(const config_setting_t *setting, uint64_t *ret) {
        const char *text = text_of(setting);

        if (!text || !*text || strlen(text) > 4 || strspn(text, "01234567") != strlen(text))
                return -EINVAL;

        *ret = strtoul(text, NULL, 8);
        return 0;
}

static int read_bool(const config_setting_t *setting, bool *ret) {
        if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
                *ret = config_setting_get_bool(setting);
        else if (is_integer(setting) && (integer_of(setting) == 0 || integer_of(setting) == 1))
                *ret = integer_of(setting) == 1;
        else
                return -EINVAL;

        return 0;
}

static int read_string(const config_setting_t *setting, char **ret) {
        const char *text = text_of(setting);
        char *copy = NULL;

        if (!text)
                return -EINVAL;

        if (*text) {
                copy = strdup(text);
                if (!copy)
                        return -ENOMEM;
        }

        free(*ret);
        *ret = copy;
        return 0;
}

/* Any of them may be a secret. */
static char **strv_free_erase(char **strv) {
        for (size_t i = 0; strv && strv[i]; i++) {
                explicit_bzero(strv[i], strlen(strv[i]));
                free(strv[i]);
        }
        free(strv);
        return NULL;
}

static bool is_entry(ValueType type, const char *text) {
        Endpoint endpoint;

        return *text && (type != VALUE_ENDPOINTS || endpoint_parse(&endpoint, text) >= 0);
}

/* An entry of a list as text; numbers only among users. */
static int read_entry(ValueType type, const config_setting_t *entry, char **ret) {
        char *text = NULL;

        if (type == VALUE_USERS && is_integer(entry)) {
                if (integer_of(entry) < 0)
                        return -ERANGE;
                if (asprintf(&text, "%lld", (long long) integer_of(entry)) < 0)
                        return -ENOMEM;
        } else {
                const char *string = text_of(entry);

                if (!string || !is_entry(type, string))
                        return -EINVAL;
                text = strdup(string);
        }

        if (!text)
                return -ENOMEM;

        *ret = text;
        return 0;
}

static bool type_is_list(ValueType type) {
        switch (type) {
        case VALUE_SECRETS:
        case VALUE_ENDPOINTS:
        case VALUE_USERS:
        case VALUE_METHODS:
        case VALUE_FRAMINGS:
                return true;
        default:
                return false;
        }
}

static bool is_list(const config_setting_t *setting) {
        return config_setting_is_array(setting) || config_setting_is_list(setting);
}

static size_t list_length(const config_setting_t *setting) {
        if (is_list(setting))
                return (size_t) config_setting_length(setting);

        return *text_of(setting) ? 1 : 0;
}

const config_setting_t *value_entry(const config_setting_t *setting, size_t i) {
        return is_list(setting) ? config_setting_get_elem(unconst(setting), (unsigned) i) : setting;
}

static int read_list(ValueType type, const config_setting_t *setting, char ***ret) {
        char **strv;
        size_t n;

        if (!is_list(setting) && !(type == VALUE_SECRETS && text_of(setting)))
                return -EINVAL;

        n = list_length(setting);
        strv = calloc(n + 1, sizeof(*strv));
        if (!strv)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                int r = read_entry(type, value_entry(setting, i), &strv[i]);

                if (r < 0) {
                        strv_free_erase(strv);
                        return r;
                }
        }

        strv_free_erase(*ret);
        *ret = strv;
        return 0;
}

const config_setting_t *value_bad_entry(ValueType type, const config_setting_t *setting) {
        if (!type_is_list(type) || !is_list(setting))
                return NULL;

        for (size_t i = 0; i < list_length(setting); i++) {
                const config_setting_t *entry = value_entry(setting, i);

                if (text_of(entry) && !is_entry(type, text_of(entry)))
                        return entry;
        }

        return NULL;
}

const char *const *value_words(ValueType type) {
        static const char *const methods[] = {
                "tls_sha3_512", "hmac_sha3_512", "tls_anon", "cleartext", NULL};
        static const char *const framings[] = {"cbor", "json", "storable", NULL};

        return type == VALUE_METHODS ? methods : type == VALUE_FRAMINGS ? framings : NULL;
}

static int read_number(ValueType type, const config_setting_t *setting, uint64_t *ret) {
        switch (type) {
        case VALUE_TIME:
                return read_time(setting, ret);
        case VALUE_SIZE:
                return read_size(setting, ret);
        case VALUE_COUNT:
                return read_count(setting, ret);
        case VALUE_MODE:
                return read_mode(setting, ret);
        default:
                return -EINVAL;
        }
}

int value_read(ValueType type, const config_setting_t *setting, uint64_t min, uint64_t max, void *to) {
        uint64_t n;
        int r;

        if (type == VALUE_STRING)
                return read_string(setting, to);
        if (type_is_list(type))
                return read_list(type, setting, to);
        if (type == VALUE_BOOL)
                return read_bool(setting, to);

        r = read_number(type, setting, &n);
        if (r < 0)
                return r;
        if (n < min || n > max)
                return -ERANGE;

        if (type == VALUE_COUNT)
                *(unsigned *) to = (unsigned) n;
        else if (type == VALUE_MODE)
                *(mode_t *) to = (mode_t) n;
        else
                *(uint64_t *) to = n;

        return 0;
}

void value_clear(ValueType type, void *of) {
        if (type == VALUE_STRING) {
                char **string = of;

                free(*string);
                *string = NULL;
        } else if (type_is_list(type)) {
                char ***strv = of;

                *strv = strv_free_erase(*strv);
        }
}

const char *value_expected(ValueType type) {
        switch (type) {
        case VALUE_STRING:
                return "a string";
        case VALUE_SECRETS:
                return "a string, or a list of strings";
        case VALUE_ENDPOINTS:
                return "a list of \"host:port\", \"[v6]:port\" and the like";
        case VALUE_USERS:
                return "a list of user names, or a list in parentheses with user numbers";
        case VALUE_METHODS:
                return "a list of \"tls_sha3_512\", \"hmac_sha3_512\", \"tls_anon\", \"cleartext\"";
        case VALUE_FRAMINGS:
                return "a list of \"cbor\", \"json\"";
        case VALUE_TIME:
                return "a time in seconds";
        case VALUE_SIZE:
                return "a size in octets, or a string like \"16 MiB\"";
        case VALUE_COUNT:
                return "a whole number";
        case VALUE_MODE:
                return "a string of octal digits like \"0660\"";
        case VALUE_BOOL:
                return "true or false";
        }

        return "something else";
}

void value_format(ValueType type, uint64_t value, char *text, size_t n) {
        static const char *const units[] = {"", " KiB", " MiB", " GiB"};
        size_t unit = 0;

        if (type == VALUE_TIME) {
                (void) snprintf(text, n, "%g", (double) value / 1e6);
                return;
        }
        if (type == VALUE_MODE) {
                (void) snprintf(text, n, "%04llo", (unsigned long long) value);
                return;
        }

        for (; type == VALUE_SIZE && unit < 3 && value > 0 && value % 1024 == 0; unit++)
                value /= 1024;

        (void) snprintf(text, n, "%llu%s", (unsigned long long) value, units[unit]);
}
