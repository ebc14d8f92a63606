#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# All tests, from a fresh clone on a fresh Debian 12: installs what is missing, then builds and tests
#
#   build-test/gcc     with gcc: all tests
#   build-test/asan    with clang, AddressSanitizer and UndefinedBehaviorSanitizer: all tests
#   build-test/fuzz    with clang, the sanitizers and libFuzzer: each decoder for FUZZ_SECONDS (20)
#
# Fails when a test fails, and also when one is skipped. `tests/run.sh gcc` (or asan, fuzz) does one of them.

set -euo pipefail
cd "$(dirname "$0")/.."

. tests/deps.sh
deps_install build test

FUZZ_SECONDS=${FUZZ_SECONDS:-20}
BUILD=${BUILD_DIR:-build-test}
passed=0 failed=0 skipped=0

# setup NAME MESON_OPTIONS...: the build folder, configured; a half-made one is made anew
setup() {
        local dir=$BUILD/$1
        shift
        if [ -f "$dir/build.ninja" ]; then
                meson setup --reconfigure "$dir" "$@" >"$dir.log" 2>&1
        else
                rm -rf "$dir"
                mkdir -p "$BUILD"
                meson setup "$dir" "$@" >"$dir.log" 2>&1
        fi || { cat "$dir.log"; exit 1; }
        ninja -C "$dir" >>"$dir.log" 2>&1 || { grep -A20 -m5 -E 'FAILED|error:' "$dir.log"; exit 1; }
}

# count KEY FILE: from meson's summary
count() {
        sed -n "s/^$1: *\([0-9]*\) *$/\1/p" "$2" | tail -n 1
}

run_tests() {
        local dir=$BUILD/$1 log=$BUILD/$1-tests.log ok=0
        echo "== $1: tests"
        meson test -C "$dir" --no-rebuild --print-errorlogs --timeout-multiplier "${2:-1}" >"$log" 2>&1 || ok=1
        grep -vE '^(ninja|Full log)' "$log" || true
        local n_ok n_fail n_skip n_time n_unexp
        n_ok=$(count 'Ok' "$log") n_fail=$(count 'Fail' "$log") n_skip=$(count 'Skipped' "$log")
        n_time=$(count 'Timeout' "$log") n_unexp=$(count 'Unexpected Pass' "$log")
        passed=$((passed + ${n_ok:-0}))
        failed=$((failed + ${n_fail:-0} + ${n_time:-0} + ${n_unexp:-0}))
        skipped=$((skipped + ${n_skip:-0}))
        # meson that ended without a summary is a failure too
        [ -n "$n_ok" ] || failed=$((failed + 1))
        [ "$ok" = 0 ] || [ "$failed" -gt 0 ] || failed=$((failed + 1))
}

run_fuzzers() {
        local name log
        echo "== fuzz: $FUZZ_SECONDS s each"
        mkdir -p "$BUILD"
        for name in tests/fuzz/fuzz-*.c; do
                name=$(basename "$name" .c) name=${name#fuzz-} log=$BUILD/fuzz-$name.log
                if BUILD=$(realpath -m "$BUILD/fuzz") tests/fuzz/run.sh "$FUZZ_SECONDS" "$name" >"$log" 2>&1; then
                        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") runs, no finding"
                        passed=$((passed + 1))
                else
                        tail -n 60 "$log"
                        echo "$name: FAILED"
                        failed=$((failed + 1))
                fi
        done
}

export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}

what=${1:-all}
case $what in all | gcc | asan | fuzz) ;; *)
        echo "usage: tests/run.sh [gcc|asan|fuzz]" >&2
        exit 2
        ;;
esac

if [ "$what" = all ] || [ "$what" = gcc ]; then
        echo "== gcc: build"
        CC=gcc setup gcc -Dbuildtype=debugoptimized
        run_tests gcc
fi
if [ "$what" = all ] || [ "$what" = asan ]; then
        echo "== asan: build"
        CC=clang setup asan -Dbuildtype=debugoptimized -Db_sanitize=address,undefined -Db_lundef=false
        TEST_TIMEOUT_FACTOR=6 run_tests asan 4
fi
if [ "$what" = all ] || [ "$what" = fuzz ]; then
        run_fuzzers
fi

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$skipped" = 0 ] && [ "$passed" -gt 0 ]
