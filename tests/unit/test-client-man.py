#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""test-client-man.py CC HEADER SYMBOLS OVERVIEW PAGE...: the library's man pages.

Every call is on one page, which declares it as the header does, and NAME has what SYNOPSIS has. The overview names all calls and
pages. Pages refer to what there is. Examples compile.
"""

import re
import subprocess
import sys
import tempfile

cc, header, symbols, overview, *pages = sys.argv[1:]

failed = 0


def fail(text):
    global failed
    print(text)
    failed = 1


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def title(path):
    return re.match(r"(\S+)\((\d)\)", read(path)).groups()


def section(text, name):
    m = re.search(rf"^# {name}\n(.*?)(?=^# |\Z)", text, flags=re.M | re.S)
    return m[1] if m else ""


def declarations(text):
    """{name: declaration without needless space} of functions and types of functions."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"static inline .*?\n}", " ", text, flags=re.S)
    text = re.sub(r"__attribute__\(\(.*?\)\)\)?", " ", text)
    text = re.sub(r"^\s*#.*$", " ", text, flags=re.M)
    text = re.sub(r"^\s*(extern \"C\" {|})$", " ", text, flags=re.M)
    found = {}
    for statement in text.split(";"):
        statement = " ".join(statement.split())
        statement = re.sub(r"\s*([(),*])\s*", r"\1", statement)
        if m := re.search(r"\b(aemp_\w+)\)?\(", statement):
            found[m[1]] = statement
    return found


def code(text):
    """Literal blocks, as they are shown."""
    return [block.replace("\\\\", "\\") for block in re.findall(r"^```\n(.*?)^```$", text, flags=re.M | re.S)]


def check_page(path, declared):
    text = read(path)
    names = {name.strip() for name in section(text, "NAME").split(" - ")[0].split(",")}
    shown = declarations(" ".join(code(section(text, "SYNOPSIS"))))
    for name, declaration in shown.items():
        if declared.get(name) != declaration:
            fail(f"{path}: the header does not say\n    {declaration}\n  but\n    {declared.get(name)}")
    calls = {name for name in shown if not shown[name].startswith("typedef")}
    for name in sorted(names ^ calls):
        fail(f"{path}: {name} is only in one of NAME and SYNOPSIS")
    return calls


def check_examples(path):
    for example in code(section(read(path), "EXAMPLE")):
        if "int main(" not in example:
            fail(f"{path}: an example that is no program")
        with tempfile.NamedTemporaryFile("w", suffix=".c") as file:
            file.write(example)
            file.flush()
            out = subprocess.run([cc, "-x", "c", "-std=gnu17", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
                                  "-fsyntax-only", "-I" + header.rsplit("/", 1)[0], file.name],
                                 capture_output=True, text=True, check=False)
        if out.returncode:
            fail(f"{path}: its example does not compile\n{out.stderr}")


declared = declarations(read(header))
mapped = set(re.findall(r"\b(aemp_\w+);", read(symbols)))
named = set(re.findall(r"\b(aemp_\w+)\b", read(overview)))

documented = {}
for page in pages:
    for call in check_page(page, declared):
        if call in documented:
            fail(f"{call} is in {documented[call]} and {page}")
        documented[call] = page
    if not section(read(page), "EXAMPLE"):
        fail(f"{page}: no example")
    check_examples(page)
    if "*{}*({})".format(*title(page)) not in read(overview):
        fail(f"{overview} does not name {page}")
check_examples(overview)

for call in sorted(mapped - documented.keys()):
    fail(f"{call} is on no page")
for call in sorted(documented.keys() - mapped):
    fail(f"{call} is in {documented[call]}, but not in the map")
for call in sorted(mapped - named):
    fail(f"{call} is not in {overview}")
titles = {title(page)[0] for page in [overview, *pages]}
for page in [overview, *pages]:
    for name in re.findall(r"\*(aemp[\w-]*)\*\(3\)", read(page)):
        if name not in titles | mapped:
            fail(f"{page} refers to {name}(3), which there isn't")

print(f"{len(documented)} calls are on {len(pages)} pages")
sys.exit(failed)
