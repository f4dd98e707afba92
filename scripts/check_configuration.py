#!/usr/bin/env python3
"""Compares the keys of docs/configuration.md with those that the binary prints: name, default, unit, meaning.

    check_configuration.py BINARY docs/configuration.md
"""
import re
import subprocess
import sys


def documented(path):
    rows = {}
    for line in open(path, encoding="utf-8"):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 4 and cells[0].startswith("`"):
            rows[cells[0].strip("`")] = tuple(cells[1:])
    return rows


def printed(binary, *arguments):
    text = subprocess.run([binary, *arguments, "--help"], capture_output=True, text=True, check=True).stdout
    head, _, keys = text.partition("Configuration keys")
    rows = {}
    # The library may break the lines; a key begins with "NAME  (default: ".
    flat = re.sub(r"\s+", " ", keys.partition("\n")[2])
    starts = list(re.finditer(r"(?:^| )([a-z_.]+) \(default: (.*?); ([^;()]*)\) ", flat))
    for match, following in zip(starts, starts[1:] + [None]):
        meaning = flat[match.end():following.start() if following else len(flat)].strip()
        rows[match.group(1)] = (match.group(2), match.group(3), meaning)
    return rows


def main():
    binary, path = sys.argv[1:]
    want = documented(path)
    wrong = 0 if want else 1
    for arguments in (("serve",), ("config",)):
        got = printed(binary, *arguments)
        for name in sorted(set(want) | set(got)):
            if want.get(name) != got.get(name):
                print(f"{name}: {path} says {want.get(name)}, {' '.join(arguments)} --help says {got.get(name)}")
                wrong += 1
    print(f"{len(want)} keys compared, {wrong} differ")
    sys.exit(1 if wrong else 0)


main()
