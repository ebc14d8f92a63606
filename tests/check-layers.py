#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-layers.py SOURCE [LIBCORE LIBWIRE]: do includes go down only?

    main -> daemon -> {net, local} -> io -> core -> wire        libclient -> wire        ctl, examples -> <aemp-client.h>

Includes of our own files carry the folder. The log is below everything but the core and wire, which never log. Some
libraries have one place each. What the core and wire must not call, clocks, files and the like, is looked for in their
archives.
"""

import pathlib
import re
import subprocess
import sys

# Who may include what of ours: the first pattern that fits the file decides; it may always include its own group.
LAYERS = [
    ("wire/", ["wire/"]),
    ("daemon/core/", ["daemon/core/", "wire/"]),
    (r"daemon/log\.[ch]", [r"daemon/log\.h"]),
    ("daemon/io/", ["daemon/io/", r"daemon/core/stream\.h", r"daemon/log\.h", "wire/"]),
    ("daemon/net/", ["daemon/net/", "daemon/io/", r"daemon/core/(node|stream)\.h", r"daemon/log\.h", "wire/"]),
    ("daemon/local/",
     ["daemon/local/", "daemon/io/", r"daemon/core/(node|stream)\.h", r"daemon/log\.h", "wire/"]),
    ("daemon/config/",
     ["daemon/config/", r"daemon/net/(endpoint|address|certificate)\.h", r"daemon/io/fd\.h",
      r"daemon/log\.h", "wire/"]),
    (r"daemon/main\.c", [r"daemon/[a-z-]+\.h", r"daemon/config/config\.h"]),
    (r"daemon/[a-z-]+\.[ch]",
     [r"daemon/[a-z-]+\.h", r"daemon/config/(config|expiry|keys)\.h", r"daemon/net/net\.h", r"daemon/local/local\.h", r"daemon/io/[a-z]+\.h",
      r"daemon/core/(node|stream)\.h", "wire/"]),
    ("libclient/", ["libclient/", "wire/"]),
    ("ctl/", ["ctl/"]),
    ("examples/", ["examples/"]),
]

# Where a library may be used, if not everywhere.
LIBRARIES = [
    (r"openssl/ssl\.h", ["daemon/net/"]),
    (r"openssl/(evp|core_names|params|crypto|err)\.h", ["daemon/net/", r"daemon/core/auth\.c", r"ctl/gencert\.c"]),
    (r"openssl/(bn|pem|x509v3)\.h", ["daemon/net/", r"ctl/gencert\.c"]),
    (r"openssl/", ["daemon/net/"]),
    (r"libconfig\.h", ["daemon/config/"]),
    (r"jansson\.h", ["libclient/", "ctl/", "examples/", r"wire/value\.[ch]"]),
    (r"ares\.h", [r"daemon/net/resolver\.c"]),
    (r"systemd/", [r"daemon/(?!core/)", "libclient/", "examples/"]),
    (r"aemp-client\.h", ["libclient/", "ctl/", "examples/"]),
    (r"(sys/(socket|epoll|random|time)|time|fcntl|netdb|syslog|poll)\.h", [r"(?!wire/|daemon/core/)"]),
]

# Input and output, clocks, environment, randomness, log, loop.
IMPURE = re.compile(r"^(open(64|at)?|read|write|writev|close|socket|connect|accept4?|send|recv|poll|select|epoll_\w+"
                    r"|clock_gettime|gettimeofday|time|localtime\w*|getenv|secure_getenv|getrandom|getentropy|rand|random"
                    r"|s?rand\w*|fopen(64)?|printf|puts|putchar|perror|syslog|sd_\w+|usleep|nanosleep|SSL_\w+|BIO_\w+)$")

FOLDERS = ["wire", "daemon", "libclient", "ctl", "examples"]


def includes(path):
    """(line number, what, is it "ours")"""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if m := re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line):
            yield number, m[1] or m[2], bool(m[1])


def check_ours(name, what):
    for pattern, allowed in LAYERS:
        if re.match(pattern, name):
            return any(re.match(a, what) for a in allowed)
    return False


def check_library(name, what):
    for pattern, allowed in LIBRARIES:
        if re.match(pattern, what):
            return any(re.match(a, name) for a in allowed)
    return True


def check_files(source):
    wrong, graph = [], {}
    for folder in FOLDERS:
        for path in sorted((source / folder).rglob("*.[ch]")):
            name = str(path.relative_to(source))
            graph[name] = []
            for number, what, ours in includes(path):
                if ours:
                    graph[name].append(what)
                    if not (source / what).exists():
                        wrong.append(f'{name}:{number}: "{what}" is not a path from the top folder')
                    elif not check_ours(name, what):
                        wrong.append(f'{name}:{number}: must not include "{what}"')
                elif not check_library(name, what):
                    wrong.append(f"{name}:{number}: must not include <{what}>")
    return wrong, graph


def circles(graph):
    """Headers that include each other."""
    done, found = set(), []

    def walk(name, path):
        if name in path:
            found.append("includes go in a circle: " + " -> ".join(path[path.index(name):] + [name]))
        elif name not in done:
            for what in graph.get(name, []):
                walk(what, path + [name])
            done.add(name)

    for name in graph:
        walk(name, [])
    return found


def impurities(archive):
    out = subprocess.run(["nm", "--undefined-only", "--format=just-symbols", archive],
                         check=True, capture_output=True, text=True).stdout
    names = {line.split("@")[0] for line in out.splitlines()}
    return [f"{archive}: calls {name}()" for name in sorted(names) if IMPURE.match(name)]


def main():
    source, *archives = sys.argv[1:]
    wrong, graph = check_files(pathlib.Path(source))
    wrong += circles(graph)
    for archive in archives:
        wrong += impurities(archive)
    print("\n".join(wrong) or f"{len(graph)} files are where they belong")
    return 1 if wrong or not graph else 0


if __name__ == "__main__":
    sys.exit(main())
