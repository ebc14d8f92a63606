#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Which lines of wire/, the handshake and the attach protocol do the tests run? Builds in build-test/coverage, runs all
# tests there, and prints the share of each file and the lines that were not run. Fails under 95 %. Takes ten minutes.

set -euo pipefail
cd "$(dirname "$0")/.."

. tests/deps.sh
deps_install build test

dir=${BUILD_DIR:-build-test}/coverage
mkdir -p "$(dirname "$dir")"
# -O0: a line is a line. Atomic: what a test runs in several processes adds up
[ -f "$dir/build.ninja" ] || CC=gcc meson setup "$dir" -Dbuildtype=debug -Dwerror=false -Db_coverage=true \
        -Dc_args=-fprofile-update=atomic >"$dir.log" 2>&1 || { cat "$dir.log"; exit 1; }
ninja -C "$dir" >>"$dir.log" 2>&1 || { grep -A20 -m5 -E 'FAILED|error:' "$dir.log"; exit 1; }
find "$dir" -name '*.gcda' -delete
failed=0
TEST_TIMEOUT_FACTOR=4 meson test -C "$dir" --no-rebuild --no-suite check --timeout-multiplier 4 >"$dir-tests.log" 2>&1 || failed=1
python3 tests/coverage.py . "$dir" || failed=1
grep -E 'FAIL|ERROR|TIMEOUT' "$dir-tests.log" || true # a test that failed has not run all it should
exit "$failed"
