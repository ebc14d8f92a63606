#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check-format.sh SOURCE: are all C files as clang-format would write them? Mend with
#
#   clang-format -i FILE

set -euo pipefail
cd "$1"

command -v clang-format >/dev/null || { echo "clang-format is missing: apt-get install clang-format" >&2; exit 1; }

mapfile -t files < <(find wire daemon libclient ctl examples tests -name '*.[ch]' 2>/dev/null | sort)
[ "${#files[@]}" -gt 0 ] || { echo "no files in $PWD" >&2; exit 1; }

clang-format --dry-run -Werror "${files[@]}"
echo "${#files[@]} files are well formatted"
