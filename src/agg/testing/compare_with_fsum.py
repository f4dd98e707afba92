#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_with_fsum.py PRINT_SUMS GROUPS DIR: sums and averages must equal math.fsum bit for bit."""
import math
import pathlib
import struct
import subprocess
import sys
from fractions import Fraction


def bits(value):
    return "nan" if math.isnan(value) else struct.pack("<d", value)


def to_double(exact):
    """A Fraction rounded once; int / int rounds to nearest-even."""
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def expected(values):
    finite = all(map(math.isfinite, values))
    if not finite:
        special = {v for v in values if not math.isfinite(v)}
        nan = any(map(math.isnan, special)) or len(special) == 2
        total = math.nan if nan else special.pop()
        return total, total
    try:
        total = math.fsum(values)  # raises when a partial sum overflows, even if the sum does not
        return total, total / len(values)
    except OverflowError:
        exact = sum(map(Fraction, values))
        total = to_double(exact)
        mean = total / len(values) if math.isfinite(total) else to_double(exact / len(values))
        return total, mean


def main():
    program, groups, folder = sys.argv[1:]
    path = pathlib.Path(folder) / "agg_sums.txt"
    with open(path, "w") as out:
        subprocess.run([program, groups], stdout=out, check=True)
    checked, wrong, kinds = 0, 0, set()
    with open(path) as lines:
        for line in lines:
            kind, *numbers = line.split()
            total, mean, *values = map(float.fromhex, numbers)
            kinds.add(kind)
            checked += 1
            want_total, want_mean = expected(values)
            if bits(total) != bits(want_total) or bits(mean) != bits(want_mean):
                wrong += 1
                if wrong <= 5:
                    print(f"kind {kind}: sum {total!r} want {want_total!r}, avg {mean!r} want {want_mean!r}: "
                          f"{[v.hex() for v in values[:40]]}")
    print(f"{checked} groups of {len(kinds)} kinds, {wrong} wrong")
    return 0 if wrong == 0 and checked == int(groups) and len(kinds) == 15 else 1


if __name__ == "__main__":
    sys.exit(main())
