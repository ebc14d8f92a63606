#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Two nodes, from a fresh clone on a fresh Debian 12 to a message across
#
#     examples/demo.sh
#
# installs what is missing, builds into build-demo/, and runs two aempds on loopback, with everything of theirs in a
# temporary folder: the system's own services are not touched. What a user would type is printed, then done. Nothing is
# left behind but build-demo/.

set -euo pipefail
cd "$(dirname "$0")/.."

if [ -t 1 ]; then
        bold=$'\e[1m' green=$'\e[1;32m' red=$'\e[1;31m' plain=$'\e[0m'
else
        bold='' green='' red='' plain=''
fi

dir=
pids=()
exec 3>&1
step='getting ready'

cleanup() {
        local status=$?
        exec >&3 2>&3 # it may come in the middle of something redirected
        trap '' INT TERM HUP
        trap - EXIT

        if [ "$status" -gt 128 ]; then
                echo "Interrupted, cleaning up"
        elif [ "$status" != 0 ]; then
                echo
                echo "${red}It went wrong: $step${plain}"
                for log in "${dir:-/nonexistent}"/*.log; do
                        [ ! -s "$log" ] || { echo "--- ${log##*/}"; tail -n 30 "$log"; }
                done
        fi

        for pid in "${pids[@]}"; do
                kill "$pid" 2>/dev/null || true
        done
        for pid in "${pids[@]}"; do
                timeout 3 tail -s 0.05 -f /dev/null --pid="$pid" || kill -9 "$pid" 2>/dev/null || true
        done
        wait 2>/dev/null || true
        [ -z "$dir" ] || rm -rf "$dir"
        exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- helpers -----------------------------------------------------------------------------------------------------

# the next part: what is going to happen
part() {
        step=$1
        echo
        echo "${bold}# $1${plain}"
}

# say HOST WORD...: as one would type it there
say() {
        local text="$1\$" word
        shift
        for word; do
                [[ $word =~ ^[-A-Za-z0-9_./:=,#\&]+$ ]] || word=${word@Q}
                text+=" $word"
        done
        echo "$text"
}

# on HOST COMMAND...: prints it as typed there, and does it; the output is also in $output
on() {
        local host=$1
        shift
        say "$host" "$@"
        output=$(AEMP_ADDRESS=unix:path=$dir/$host.sock timeout 20 "$@" 2>&1) || { echo "$output"; exit 1; }
        [ -z "$output" ] || echo "$output"
}

# start HOST FILE COMMAND...: the same in the background, its output goes to that file; its process is in $started
start() {
        local host=$1 file=$2
        shift 2
        say "$host" "$@" '&'
        AEMP_ADDRESS=unix:path=$dir/$host.sock "$@" >"$file" 2>"$file.log" &
        started=$!
        pids+=("$started")
}

# line FILE N: waits for the N-th line of a file, which comes into $output
line() {
        local i
        for ((i = 0; i < 1000; i++)); do
                output=$(sed -n "$2p" "$1" 2>/dev/null || true)
                [ -z "$output" ] || return 0
                sleep 0.01
        done
        echo "nothing came within 10 s"
        exit 1
}

# expect PATTERN: in $output
expect() {
        grep -qE -- "$1" <<<"$output" || { echo "expected was: $1"; exit 1; }
}

# until_true COMMAND...
until_true() {
        local i
        for ((i = 0; i < 200; i++)); do
                ! "$@" >/dev/null 2>&1 || return 0
                sleep 0.05
        done
        echo "not within 10 s: $*"
        exit 1
}

# kill_hard HOST PID: prints it, and does it; without the shell's own remark
kill_hard() {
        say "$1" kill -9 "$2"
        { kill -9 "$2" && wait "$2"; } 2>/dev/null || true
}

quietly() {
        "$@" >"$dir/build.log" 2>&1
}

# a TCP port on which nobody listens, below those that are given to outgoing connections
free_port() {
        local port
        while :; do
                port=$((10000 + RANDOM % 20000))
                (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
        done
}

# clients_have FILTER: alice has a client like that
clients_have() {
        aempctl "$on_alice" clients --json | jq -e "any(.[]; $1)"
}

# --- packages and programs ---------------------------------------------------------------------------------------

step='installing packages'
. tests/deps.sh
deps_install build demo

# its name first: an interrupt may come between the two
dir=$(mktemp -u /tmp/aempd-demo.XXXXXX)
mkdir -m 700 "$dir" || { dir=; exit 1; }

part 'Building into build-demo/'
if [ ! -f build-demo/build.ninja ]; then
        rm -rf build-demo
        quietly meson setup build-demo --buildtype=release -Dwerror=false -Dtests=false
fi
quietly ninja -C build-demo daemon/aempd ctl/aempctl examples/spawner
rm "$dir/build.log"
export PATH=$PWD/build-demo/ctl:$PWD/build-demo/daemon:$PWD/build-demo/examples:$PWD/examples:$PATH
aempctl --version

# --- two nodes ---------------------------------------------------------------------------------------------------

part 'An authority, and a certificate of it for each of two nodes'
cd "$dir"
on alice aempctl gencert --name=demo --output=demo.pem
on alice aempctl gencert --name=alice --ca=demo.pem --output=alice.pem
on alice aempctl gencert --name=bob --ca=demo.pem --output=bob.pem

part 'The two nodes; bob has the address of alice'
echo "(Both are on this machine: for alice\$, AEMP_ADDRESS=unix:path=$dir/alice.sock; for bob\$, .../bob.sock)"
port_a=$(free_port)
port_b=$(free_port)

configure() {
        cat >"$dir/$1.conf" <<EOC
default = {
        nodeid = "$1";
        binds  = [ "127.0.0.1:$2" ];
        seeds  = [ $3 ];
        cert   = "$dir/$1.pem";
        socket = "$dir/$1.sock";
};
EOC
        chmod 600 "$dir/$1.conf"
}
configure alice "$port_a" ''
configure bob "$port_b" "\"127.0.0.1:$port_a\""

on_bob=--address=unix:path=$dir/bob.sock
on_alice=--address=unix:path=$dir/alice.sock
start alice alice aempd --config=alice.conf
until_true aempctl "$on_alice" cal alice time
start bob bob aempd --config=bob.conf
bob_aempd=$started
until_true aempctl "$on_bob" cal alice time
until_true aempctl "$on_alice" cal bob time

on alice aempctl status
expect 'All is well'
on bob aempctl status
expect 'All is well'
on alice aempctl nodes
expect 'bob +up .* TLSv1\.3 '
on bob aempctl nodes
expect 'alice +up .* TLSv1\.3 '

# --- messages ----------------------------------------------------------------------------------------------------

part 'A program on alice, in bash: what it prints is the ID of its port'
start alice "$dir/attach" attach.sh "$dir/alice.sock"
attach=$started
line "$dir/attach" 1
echo "$output"
service=$output

part 'Call it from bob'
on bob aempctl cal "$service" ping
expect '^\["pong"\]$'
on bob aempctl cal "$service" hello '{"answer":42}'
expect '^\["hello",\{"answer":42\}\]$'

part 'A port on bob, with a name; what is sent to it from alice, it prints'
start bob "$dir/rcv" aempctl rcv --name printer
line "$dir/rcv" 1
echo "$output"
receiver=$output
on alice aempctl cal bob wkp printer
expect "^\\[\"$receiver\"\\]$"
on alice aempctl snd "$receiver" hello world
line "$dir/rcv" 2
echo "bob: $output"
expect '^\["hello","world"\]$'
on bob aempctl snd "$service" 'and back' "$receiver"
line "$dir/rcv" 3
echo "bob: $output"
expect '^\["and back"\]$'

part 'A program on alice that has a function; bob spawns a port with it, which counts until the port above ends'
start alice "$dir/spawner" spawner offer
line "$dir/spawner" 1
echo "$output"
on bob aempctl spawn alice Example::counter::start "[1, \"$receiver\"]"
counter=$output
on bob aempctl cal "$counter" count
expect '^\[1\]$'
on bob aempctl cal "$counter" count
expect '^\[2\]$'
on bob aempctl kil "$receiver"
line "$dir/spawner" 3
echo "alice: $output"
expect ' is gone$'

# --- deaths ------------------------------------------------------------------------------------------------------

part 'The program on alice is killed: who watches it on bob is told'
start bob "$dir/mon" aempctl mon "$service"
until_true clients_have '.program == "attach.sh" and .watched == 1'
kill_hard alice "$attach"
line "$dir/mon" 1
echo "bob: $output"
expect '^\["detached","attach.sh",'

part 'The whole node bob goes away: who watches it on alice is told'
start alice "$dir/mon-node" aempctl mon bob
until_true clients_have '.program == "aempctl" and .monitors == 1'
kill_hard bob "$bob_aempd"
line "$dir/mon-node" 1
echo "alice: $output"
expect '^\["transport_error","bob",'
on alice aempctl status
expect '^! node bob has been down'

echo
echo "${green}All is well: two nodes, messages both ways, two deaths noticed.${plain}"
