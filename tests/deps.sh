# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The packages of Debian 12 that are needed, and how to get them. To be sourced:
#
#     . tests/deps.sh
#     deps_install build test
#
# Where all are there already, nothing is asked of the network, of sudo, or of you.

# shellcheck disable=SC2034
deps_build='meson ninja-build gcc libc6-dev pkg-config python3 scdoc libsystemd-dev libjansson-dev libssl-dev libconfig-dev
        uthash-dev libc-ares-dev'
deps_demo='socat jq'
deps_test='g++ clang clang-format libclang-rt-14-dev libcbor-dev python3-cbor2 locales openssl socat jq systemd dbus iproute2 util-linux'

# deps_missing PACKAGE...: those that are not installed
deps_missing() {
        local have package
        have=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' "$@" 2>/dev/null) "
        for package; do
                case $have in *" installed:$package "*) ;; *) echo "$package" ;; esac
        done
}

# deps_install GROUP...: build, demo, test. Returns when all is there, else ends the script.
deps_install() {
        local group packages='' missing sudo='' log

        for group; do
                group=deps_$group
                packages+=" ${!group}"
        done

        # shellcheck disable=SC2086
        missing=$(command -v dpkg-query >/dev/null && deps_missing $packages || echo $packages)
        missing=${missing//$'\n'/ }
        [ -n "$missing" ] || return 0

        if ! command -v apt-get >/dev/null; then
                echo "This is made for Debian 12. Please install what these packages contain, and take this check out: $missing" >&2
                exit 1
        fi
        if [ "$(id -u)" != 0 ]; then
                sudo=sudo
                if ! command -v sudo >/dev/null; then
                        echo "Please install, as root: apt-get install $missing" >&2
                        exit 1
                fi
        fi

        echo "Installing: $missing"
        log=$(mktemp)
        # shellcheck disable=SC2086
        if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
        } >"$log" 2>&1 </dev/null; then
                tail -n 20 "$log" >&2
                rm -f "$log"
                echo "That did not work. Please install, as root: apt-get install $missing" >&2
                exit 1
        fi
        rm -f "$log"
}
