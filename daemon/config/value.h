/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Configuration values
 *
 * From what stands in the file to what the program uses.
 */

#include <libconfig.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ValueType {
        VALUE_STRING,    /* char *; "" is NULL */
        VALUE_SECRETS,   /* char **; one string or a list of them, "" is an empty list */
        VALUE_ENDPOINTS, /* char ** */
        VALUE_USERS,     /* char ** */
        VALUE_METHODS,   /* char **; see value_words() */
        VALUE_FRAMINGS,  /* char **; see value_words() */
        VALUE_TIME,      /* uint64_t, microseconds */
        VALUE_SIZE,      /* uint64_t, octets */
        VALUE_COUNT,     /* unsigned */
        VALUE_MODE,      /* mode_t */
        VALUE_BOOL,      /* bool */
} ValueType;

/* Stores the value in *to, which is zero or holds a value of that type. -EINVAL: not of that type, see
 * value_expected(); -ERANGE; -ENOMEM. */
int value_read(ValueType type, const config_setting_t *setting, uint64_t min, uint64_t max, void *to);
void value_clear(ValueType type, void *of);

/* The words that a list of that type is made of, NULL-terminated; NULL: it may be any. value_read() takes
 * others too. */
const char *const *value_words(ValueType type);
/* Of a list; the setting itself if it is none. */
const config_setting_t *value_entry(const config_setting_t *setting, size_t i);
/* The string in a list that made value_read() fail, or NULL. */
const config_setting_t *value_bad_entry(ValueType type, const config_setting_t *setting);

/* "a time in seconds" */
const char *value_expected(ValueType type);
/* A bound for people: "0.1", "16 MiB". */
void value_format(ValueType type, uint64_t value, char *text, size_t n);
