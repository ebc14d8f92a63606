#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-calls.py SOURCE: which tests exercise which calls of the library?

Prints a table: each call of libaemp-client.sym, and the tests that make it, themselves or through functions of their
file. Fails when a call has none. An example counts when tests/system/meson.build hands it to a test.
"""

import pathlib
import re
import sys

CALL = re.compile(r"\b(aemp_\w+)\s*\(")
NAME = re.compile(r"\b[a-z_]\w*\b")
SHOWN = 3  # tests of a call; the others are a number


def plain(text):
    """Without comments, strings and preprocessor lines; macros that make calls stay."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', '""', text)
    return re.sub(r"^\s*#(?:.*\\\n)*.*$", "", text, flags=re.M)


def functions(text):
    """(name, is it a TEST, body) of each function and each table of a file."""
    for m in re.finditer(r"^(?!\s|})([^\n;{}]*(?:\n[^\n;{}]+)*?)\{\n?(.*?)^}", text, flags=re.M | re.S):
        head = m[1]
        if test := re.match(r"TEST\((\w+)\)", head):
            yield test[1], True, m[2]
        elif name := re.search(r"(\w+)\s*(?:\(|\[[^]]*\]\s*=|=)", head):
            yield name[1], False, m[2]


def reached(name, bodies, seen):
    """Calls that a function makes, also through others that it names."""
    if name in seen:
        return set()
    seen.add(name)
    calls = set(CALL.findall(bodies[name]))
    for other in set(NAME.findall(bodies[name])) & bodies.keys():
        calls |= reached(other, bodies, seen)
    return calls


def tests_of(path):
    """{test: calls}; a program without TESTs is one itself."""
    found = list(functions(plain(path.read_text(encoding="utf-8"))))
    bodies = {name: body for name, is_test, body in found if not is_test}
    tests = {name: body for name, is_test, body in found if is_test}
    if not tests:
        return {"": set().union(*(CALL.findall(body) for body in bodies.values()))}

    result = {}
    for name, body in tests.items():
        result[name] = reached("", bodies | {"": body}, set())
    return result


def started(source, example):
    """Is it handed to a test?"""
    return f"{example}.full_path()" in (source / "tests/system/meson.build").read_text(encoding="utf-8")


def main():
    source = pathlib.Path(sys.argv[1])
    symbols = re.findall(r"\b(aemp_\w+);", (source / "libclient/libaemp-client.sym").read_text())
    table = {symbol: [] for symbol in symbols}

    files = sorted((source / "tests/unit").glob("test-client-*.c"))
    files += sorted((source / "tests/system").glob("*.c"))
    files += [path for path in sorted((source / "examples").glob("*.c")) if started(source, path.stem)]
    for path in files:
        if path.stem == "fake-aempd":
            continue
        for test, calls in tests_of(path).items():
            for call in calls & table.keys():
                table[call].append(f"{path.stem}{':' if test else ''}{test}")

    width = max(map(len, table))
    for call, tests in table.items():
        more = f" and {len(tests) - SHOWN} more" if len(tests) > SHOWN else ""
        print(f"{call:{width}}  {', '.join(tests[:SHOWN]) or 'NO TEST'}{more}")

    missing = [call for call, tests in table.items() if not tests]
    print(f"{len(table)} calls, {len(missing)} without a test")
    return 1 if missing or not table else 0


if __name__ == "__main__":
    sys.exit(main())
