#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-defaults.py AEMPD CONF MAN: are the defaults in the program, the example and the man page the same?

The program is right: `aempd --dump-schema` prints its table of keys. In the example each key stands commented out, with
its line of help above it; in the man page it is a line "*key* = default", and what is said of it names the range that it
may have. All of them in the same order.
"""

import pathlib
import re
import subprocess
import sys
import tempfile


def of_program(aempd):
    out = subprocess.run([aempd, "--dump-schema"], check=True, capture_output=True, text=True).stdout
    return [tuple(line.split("\t")) for line in out.splitlines()]


def of_example(path):
    """The keys of `default`, with what stands above them."""
    found, above, group = [], None, None
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if m := re.match(r"(\w+) = \{$", line):
            group = m[1]
        elif group == "default" and (m := re.match(r"  # (.*)$", line)):
            above = m[1]
        elif group == "default" and (m := re.match(r"  #(\w+) = (.*);$", line)):
            found.append((m[1], m[2], above))
            above = None
    return found


def of_man_page(path):
    return re.findall(r"^\*(\w+)\* = (.*)$", pathlib.Path(path).read_text(encoding="utf-8"), re.MULTILINE)


def of_man_page_ranges(path):
    """What is said of each key, "From 1 to 9"."""
    text = pathlib.Path(path).read_text(encoding="utf-8")
    found = {}
    for m in re.finditer(r"^\*(\w+)\* = .*\n((?:\t.*\n)+)", text, re.MULTILINE):
        ranges = re.findall(r"\bFrom ([0-9.]+(?: [KMG]iB)? to [0-9.]+(?: [KMG]iB)?)\b", " ".join(m[2].split()))
        found[m[1]] = ", ".join(ranges)
    return found


def differences(expected, found, what):
    wrong = []
    names, found_names = [e[0] for e in expected], [f[0] for f in found]
    for name in names:
        if found_names.count(name) != 1:
            wrong.append(f"{what}: {name} stands there {found_names.count(name)} times")
    wrong += [f"{what}: there is no key {name}" for name in found_names if name not in names]
    if not wrong and names != found_names:
        wrong.append(f"{what}: the order is not that of the program: {', '.join(names)}")
    by_name = {e[0]: e for e in expected}
    for f in found:
        e = by_name.get(f[0], f)
        if e[:len(f)] != f:
            wrong.append(f"{what}: {f[0]} is {f[1:]}, and {e[1:len(f)]} in the program")
    return wrong


def problems(aempd, example):
    """The program must accept the example, and what it becomes when each "#" is taken away."""
    with open(example, encoding="utf-8") as f:
        text = f.read()
    found = []
    for variant in (text, re.sub(r"^  #(\w)", r"  \1", text, flags=re.MULTILINE)):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as f:
            f.write(variant)
            f.flush()
            checked = subprocess.run([aempd, "--check", f"--config={f.name}"], capture_output=True, text=True)
        if checked.returncode != 0 or checked.stderr:
            found.append(checked.stderr)
    return found


def main():
    aempd, example, man = sys.argv[1:]
    program = of_program(aempd)
    wrong = differences(program, of_example(example), example) + differences(program, of_man_page(man), man)
    ranges = of_man_page_ranges(man)
    wrong += [f"{man}: {key[0]} goes from {ranges.get(key[0], 'nothing')!r}, and from {key[3]!r} in the program"
              for key in program if ranges.get(key[0], "") != key[3]]
    if not program:
        wrong.append("the program has no keys")
    wrong += problems(aempd, example)
    print("\n".join(wrong) or f"{len(program)} keys, all the same")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
