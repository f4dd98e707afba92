#!/usr/bin/env python3
"""Fails when docs/man or docs/cli.md differ from what the program says: check_manual.py TIDEMARK DOCS [--write]."""
import pathlib
import subprocess
import sys
import tempfile


def main() -> int:
    binary, docs = sys.argv[1], pathlib.Path(sys.argv[2])
    want = {}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([binary, "__manual", folder], check=True)
        for page in pathlib.Path(folder).iterdir():
            want["man/" + page.name] = page.read_text()
    want["cli.md"] = subprocess.run([binary, "__reference"], check=True, capture_output=True, text=True).stdout
    if "--write" in sys.argv:
        (docs / "man").mkdir(exist_ok=True)
        for page in (docs / "man").glob("*.1"):
            page.unlink()
        for name, text in want.items():
            (docs / name).write_text(text)
        return 0
    have = {"man/" + page.name: page.read_text() for page in (docs / "man").glob("*.1")}
    have["cli.md"] = (docs / "cli.md").read_text()
    wrong = sorted(name for name in want.keys() | have.keys() if want.get(name) != have.get(name))
    for name in wrong:
        print(f"docs/{name} is not what the program says; {sys.argv[0]} {binary} {docs} --write")
    print(f"{len(want)} texts compared, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
