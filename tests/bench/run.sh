#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds a release build and prints all tables of docs/performance.md. Arguments go to bench-stream: --rounds=N, --time=MSEC,
# a pattern of measurements ("*/2/*"). The build's place is $BUILD, else build-release beside the sources.
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$source/build-release}

if [ ! -e "$build/build.ninja" ]; then
        meson setup "$build" "$source" -Dbuildtype=release >&2
fi
# quiet unless it fails
ninja --quiet -C "$build" daemon/aempd tests/bench/bench-stream tests/bench/bench-memory tests/bench/bench-wire >&2

date +"%Y-%m-%d, $(uname -sr), $(nproc) CPUs, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
echo
"$build/tests/bench/bench-stream" --aempd="$build/daemon/aempd" "$@"
echo
"$build/tests/bench/bench-memory" "$build/daemon/aempd"
echo
"$build/tests/bench/bench-wire"
