/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The same thing measured several times
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MAX 99

typedef struct Series {
        double value[SERIES_MAX];
        size_t n;
} Series;

static inline void series_add(Series *series, double value) {
        if (series->n < SERIES_MAX)
                series->value[series->n++] = value;
}

static inline int series_compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

/* The upper one of two in the middle; 0 when nothing was measured. */
static inline double series_median(const Series *series) {
        double sorted[SERIES_MAX];

        if (series->n == 0)
                return 0;

        memcpy(sorted, series->value, series->n * sizeof(*sorted));
        qsort(sorted, series->n, sizeof(*sorted), series_compare);
        return sorted[series->n / 2];
}
