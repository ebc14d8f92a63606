#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""coverage.py SOURCE BUILD: which lines of the decoders did the tests of that build run?

Sums up, over all objects of the build (made with -Db_coverage=true, and its tests run), how often each line of the files
below was run, and prints each file's share, then the lines that were not. Fails when a group with a limit has a smaller
share of its lines run, or when a file of daemon/core is in no group. There are no exclusion markers: what can't be
reached is listed like everything else.
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

LIMIT = 95.0


def core(*names):
    return [f"daemon/core/{name}.{end}" for end in "ch" for name in names]


# name: patterns. A file counts in the first group that has it.
LIMITED = {
    "wire": ["wire/*.c", "wire/*.h"],
    "handshake": core("handshake*", "auth*", "greeting*", "line*", "conn", "conn-*", "tie*", "source*", "terms*"),
    "attach protocol": core("client*", "request*", "func*", "name*", "spawn*", "obituary*", "user*", "charge*",
                            "contact*", "port*", "mon", "mon-*", "route*", "peer-request*", "admin*"),
}
# Without a limit. What is new in daemon/core belongs to a group: here, if to none above.
OTHER = {
    "network": core("dial*", "seed*", "remote*", "locate*", "resolve*", "timer*", "node*", "hash*", "tail*", "text*",
                    "reason*", "refusal*", "stream*", "core", "plant"),
    "libclient": ["libclient/*.c", "libclient/*.h"],
    "net": ["daemon/net/*.c", "daemon/net/*.h"],
    "io": ["daemon/io/*.c", "daemon/io/*.h"],
    "local": ["daemon/local/*.c", "daemon/local/*.h"],
    "config": ["daemon/config/*.c", "daemon/config/*.h"],
}
COMPLETE = "daemon/core/*.c"


def gcov(build):
    """File name -> line -> how often, over all objects. A line of a header counts when any object ran it."""
    hits = {}
    if not any(build.rglob("*.gcda")):
        sys.exit(f"{build}: no test has run there, or it was not built with -Db_coverage=true")
    with tempfile.TemporaryDirectory() as folder:
        # by what was compiled, not by what was run: a file that no test touches has lines as well
        for number, name in enumerate(sorted(build.rglob("*.gcno"))):
            if not name.with_suffix(".o").exists():
                continue  # of an earlier build
            out = pathlib.Path(folder, str(number))
            out.mkdir()
            subprocess.run(["gcov", "--json-format", "--object-directory", name.parent, name],
                           cwd=out, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for report in out.glob("*.gcov.json.gz"):
                with gzip.open(report, "rt", encoding="utf-8") as text:
                    for file in json.load(text)["files"]:
                        path = (build / file["file"]).resolve()
                        lines = hits.setdefault(path, {})
                        for line in file["lines"]:
                            lines[line["line_number"]] = lines.get(line["line_number"], 0) + line["count"]
    return hits


def ranges(numbers):
    """1, 2, 3, 7 -> "1-3 7"."""
    runs = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def groups(source):
    """Name -> its files, each file in one group only."""
    seen, found = set(), {}
    for name, patterns in (LIMITED | OTHER).items():
        files = {p for pattern in patterns for p in source.glob(pattern)} - seen
        seen |= files
        found[name] = sorted(files)
    for path in sorted(set(source.glob(COMPLETE)) - seen):
        sys.exit(f"{path.relative_to(source)}: in no group of {pathlib.Path(__file__).name}")
    return found


def share(run, total):
    return 100 * run / total if total else 0


def print_group(name, files, hits, source):
    """Whether it is good enough."""
    good, done, total = True, 0, 0
    for path in files:
        lines = hits.get(path, {})
        run = sum(count > 0 for count in lines.values())
        done, total = done + run, total + len(lines)
        if lines:
            print(f"{path.relative_to(source)!s:36} {share(run, len(lines)):6.1f} %  {run:5} of {len(lines)}")
        elif path.suffix == ".c":
            print(f"{path.relative_to(source)!s:36}    not built")
            good = False
    less = name in LIMITED and share(done, total) < LIMIT
    print(f"== {name}: {share(done, total):.1f} % of {total} lines{f', less than {LIMIT:g} %' if less else ''}\n")
    return good and not less


def print_not_run(path, lines, source):
    not_run = sorted(n for n, count in lines.items() if count == 0)
    if not not_run:
        return
    text = path.read_text(encoding="utf-8").splitlines()
    print(f"\n{path.relative_to(source)}: {ranges(not_run)}")
    for n in not_run:
        print(f"    {n:5} {text[n - 1].strip() if n <= len(text) else 'changed since it was built'}")


def main():
    source, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    found = groups(source)
    hits = gcov(build)
    good = [print_group(name, files, hits, source) for name, files in found.items()]
    print("Not run, of the groups with a limit:")
    for name in LIMITED:
        for path in found[name]:
            print_not_run(path, hits.get(path, {}), source)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
