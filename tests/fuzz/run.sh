#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds the fuzzers and runs them: run.sh [SECONDS [NAME...]]. What they learn stays in $BUILD (build-fuzz beside the
# sources, if not set); what makes one fail is left there as crash-*, to become a seed with the fix.
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$source/build-fuzz}
seconds=${1:-120}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- $(cd "$source/tests/fuzz" && ls fuzz-*.c | sed 's/^fuzz-\(.*\)\.c$/\1/')

if [ ! -e "$build/build.ninja" ]; then
        CC=clang meson setup "$build" "$source" -Dfuzz=true -Dc_args=-fsanitize=fuzzer-no-link \
                -Db_sanitize=address,undefined -Db_lundef=false >&2
fi

cd "$build"
for name; do
        ninja --quiet "tests/fuzz/fuzz-$name" >&2
        mkdir -p "corpus/$name"
        # print_stacktrace: undefined behaviour ends a run as well, where it happens
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "tests/fuzz/fuzz-$name" -max_total_time="$seconds" \
                -timeout=10 -print_final_stats=1 "corpus/$name" "$source/tests/fuzz/seeds/$name"
done
