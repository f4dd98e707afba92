#!/usr/bin/env python3
"""Fails when an #include crosses the layer table: check_layers.py LAYERS.txt SRC_DIR.

LAYERS.txt holds one `folder: allowed folders` line each, written by cmake/Layers.cmake.
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def main() -> int:
    table = {}
    for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
        folder, _, allowed = line.partition(":")
        table[folder] = set(allowed.split())
    src = pathlib.Path(sys.argv[2])
    folders = sorted(table, key=len, reverse=True)

    def layer_of(path: str):
        return next((f for f in folders if path.startswith(f + "/")), None)

    problems, checked = [], 0
    for file in sorted(src.rglob("*.h")) + sorted(src.rglob("*.cpp")):
        name = file.relative_to(src).as_posix()
        layer = layer_of(name)
        # Tests and the test support beside them may link any part (style: Tests).
        is_test = name.endswith("_test.cpp") or name.endswith("_bench.cpp") or "/testing/" in name
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            target = match.group(1)
            checked += 1
            other = layer_of(target)
            where = f"{name}:{number}"
            if other is None:
                problems.append(f'{where}: "{target}" does not start with a part')
            elif target.endswith("_internal.h") and other != layer:
                problems.append(f"{where}: {target} is internal to {other}")
            elif other != layer and other not in table[layer] and not is_test:
                problems.append(f"{where}: {layer} may not use {other} ({target})")
            elif "/testing/" in target and not is_test:
                problems.append(f"{where}: test support {target} in product code")
    print("\n".join(problems) if problems else f"layers: {checked} includes, all allowed")
    return 1 if problems or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
