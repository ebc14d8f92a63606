#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check-unit.sh UNIT SYSUSERS: does systemd understand both?

set -euo pipefail

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

need() {
        command -v "$1" >/dev/null || { echo "$1 is missing: apt-get install systemd" >&2; exit 1; }
}
need systemd-analyze
need systemd-sysusers

# The program that the unit starts has to exist, the system around it needn't.
program=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$1")
install -D -m 755 /bin/true "$root$program"
install -D -m 644 "$1" "$root/usr/lib/systemd/system/aempd.service"
install -D -m 644 "$2" "$root/usr/lib/sysusers.d/aempd.conf"

echo "# systemd-analyze verify"
said=$(systemd-analyze verify --man=no --recursive-errors=no --root="$root" aempd.service 2>&1) || {
        echo "$said"
        exit 1
}
if [ -n "$said" ]; then
        echo "$said"
        exit 1
fi

echo "# systemd-analyze security"
systemd-analyze security --offline=true --threshold=20 --root="$root" aempd.service | tail -n 1

echo "# systemd-sysusers"
said=$(systemd-sysusers --dry-run --root="$root" 2>&1)
case $said in *"Creating user 'aempd'"*) ;; *)
        echo "no user would be made: $said" >&2
        exit 1
        ;;
esac
