#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A port without a library: bash, socat and jq speak the attach protocol (docs/attach.md)
#
#     attach.sh [SOCKET]
#
# prints the ID of its port. To that one can say, for example with aempctl:
#
#     aempctl cal PORT ping               is answered ["pong"]
#     aempctl cal PORT anything 1 2 3     is answered the same: what stands last is where the answer goes
#     aempctl snd PORT stop               ends it; who monitors the port is told that it ended normally

# shellcheck disable=SC2154

set -u
trap '' PIPE # that aempd is gone is seen in reading

fail() {
        echo "attach.sh: $1" >&2
        exit 1
}

# --- attaching: one line each way ---

# An empty line sets it off: bash forgets the two descriptors when it ends, which may be soon.
coproc AEMPD { read -r && exec socat - "UNIX-CONNECT:${1:-/run/aempd/aempd.sock}"; }
exec {in}<&"${AEMPD[0]}" {out}>&"${AEMPD[1]}"
echo >&"$out"

echo 'aemp-client;1;attach.sh;;json' >&"$out"
IFS=';' read -r -a greeting <&"$in" || fail "no aempd there"
[ "${greeting[0]}" = aemp-client ] || fail "aempd says: ${greeting[*]:1}"

node=${greeting[2]} prefix=
for key in "${greeting[@]:5}"; do
        case $key in prefix=*) prefix=${key#*=} ;; esac
done

# --- a port is made by thinking of a name: the prefix, and what we like ---

name=${prefix}1
echo "$node#$name"

# --- then messages, JSON arrays: first where it goes, then what it says ---

# What jq makes of the message goes to aempd.
answer() {
        jq -c --arg node "$node" "$1" <<<"$message" >&"$out"
}

bye() {
        echo '["", "bye"]' >&"$out"
        exec {out}>&-
        said_bye=1
}

# It tells us of others, and asks for what a port does that dies or is watched.
request() {
        case $tag in
        mon1) # somebody watches one of our ports; aempd itself tells him when we detach
                [ "$argument" = "$name" ] ||
                        answer '["", "kil0", .[2], "no_such_port", "there is no such port here", "\($node)#\(.[2])"]' ;;
        kil1) # somebody wants it dead: then it is, with his reason, and all that we have is gone
                [ "$argument" != "$name" ] || { answer '["", "kil0"] + .[2:]' && bye; } ;;
        down) # the connection with a node ended: only after this we can send to it again
                answer '["", "down", .[2]]' ;;
        refused)
                echo "attach.sh: aempd refused: $message" >&2 ;;
        esac
}

# For our port. Answers go to ports only: sent to a node, a stranger's words would be requests of ours.
received() {
        case $tag in
        ping) answer '.[2] | strings | select(test("#.")) | [., "pong"]' ;;
        stop) bye ;;
        *) answer 'select(length > 1) | select(.[-1] | strings | test("#.")) | [.[-1]] + .[1:-1]' ;;
        esac
}

said_bye=
while [ -z "$said_bye" ] && IFS= read -r message <&"$in"; do
        # @sh quotes for the shell
        eval "$(jq -r '@sh "to=\(.[0] | tostring) tag=\(.[1] | tostring) argument=\(.[2] | tostring)"' <<<"$message" ||
                echo continue)"
        case $to in
        '') request ;;
        "$name") received ;;
        esac
done

[ -n "$said_bye" ] || fail "aempd went away"
wait
