#!/usr/bin/env python3
"""Runs clang over every source of a configured build folder: clang_tidy.py BUILD_DIR [--all] [-j N].

One pass per source reports what a -fsyntax-only run would (all warnings of the lint preset, -Wthread-safety
among them) and the clang-tidy checks of FATAL_CHECKS; any finding is an error. With --all the checks are
those of .clang-tidy. A source whose bytes, command and included files of ours did not change since it was
last clean is skipped.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

FATAL_CHECKS = "-*,clang-diagnostic-*,bugprone-use-after-move,bugprone-dangling-handle,bugprone-unused-return-value"
FOLDERS = ("src", "bench", "fuzz", "tests")
TIDY = "clang-tidy-19"
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def own_files(root: pathlib.Path, source: pathlib.Path) -> list[pathlib.Path]:
    """The source and every file of ours it includes, directly or not."""
    seen, todo = set(), [source]
    while todo:
        file = todo.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        for name in INCLUDE.findall(file.read_bytes()):
            todo += [root / "src" / name.decode(), file.parent / name.decode()]
    return sorted(seen)


def fingerprint(root: pathlib.Path, source: pathlib.Path, command: str, checks: str) -> str:
    digest = hashlib.sha256((command + checks).encode())
    for file in [root / ".clang-tidy", pathlib.Path(__file__), *own_files(root, source)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("-j", type=int, default=os.cpu_count())
    args = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parent.parent
    checks = "" if args.all else FATAL_CHECKS
    cache = args.build / ("tidy-all" if args.all else "tidy")
    cache.mkdir(parents=True, exist_ok=True)

    sources = {}
    for entry in json.loads((args.build / "compile_commands.json").read_text()):
        file = pathlib.Path(entry["file"])
        if file.is_relative_to(root) and file.relative_to(root).parts[0] in FOLDERS:
            sources[file] = entry["command"]
    if not sources:
        print("clang_tidy: no sources of ours in compile_commands.json", file=sys.stderr)
        return 1

    def run(source: pathlib.Path) -> tuple[pathlib.Path, str, bool, float]:
        mark = cache / hashlib.sha256(str(source.relative_to(root)).encode()).hexdigest()[:16]
        print_now = fingerprint(root, source, sources[source], checks)
        if mark.is_file() and mark.read_text() == print_now:
            return source, "", True, 0.0
        start = time.monotonic()
        command = [TIDY, "--quiet", "-p", str(args.build), "--warnings-as-errors=*"]
        if checks:
            command.append("--checks=" + checks)
        done = subprocess.run(command + [str(source)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            mark.write_text(print_now)
        errors = [line for line in done.stderr.splitlines() if not re.match(r"^\d+ warnings? ", line)
                  and not line.startswith(("Suppressed ", "Use -header-filter"))]
        return source, done.stdout + "\n".join(errors), done.returncode == 0, time.monotonic() - start

    # The largest first, so that the last one running is a short one.
    order = sorted(sources, key=lambda file: -file.stat().st_size)
    bad, fresh, seconds = [], 0, 0.0
    with concurrent.futures.ThreadPoolExecutor(args.j) as pool:
        for source, output, ok, took in pool.map(run, order):
            fresh += took > 0
            seconds += took
            if not ok:
                bad.append(source)
                print(output.strip() or f"{source}: {TIDY} failed")
    print(f"clang: {len(sources)} sources, {fresh} of them checked now ({seconds:.0f} s of work), {len(bad)} with findings")
    for source in bad:
        print(f"  {source.relative_to(root)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
