#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the library exports, its symbol map and its header name the same functions."""

import re
import subprocess
import sys

library, header, symbols = sys.argv[1:4]


def exported():
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    names = [line.split()[2] for line in out.splitlines() if line.split()[1] != "A"]
    return {name.split("@")[0] for name in names}


def declared():
    text = re.sub(r"/\*.*?\*/", "", open(header).read(), flags=re.S)
    text = re.sub(r"static inline .*?\n}", "", text, flags=re.S)
    return set(re.findall(r"\b(aemp_\w+)\(", text))


def mapped():
    return set(re.findall(r"\b(aemp_\w+);", open(symbols).read()))


failed = 0
sets = {"exported": exported(), "in the header": declared(), "in the map": mapped()}
everything = set.union(*sets.values())
for where, names in sets.items():
    for name in sorted(everything - names):
        print(f"{name} is not {where}")
        failed = 1
print(f"{len(everything)} functions")
sys.exit(failed)
