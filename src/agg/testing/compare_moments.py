#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""compare_moments.py PRINT_MOMENTS GROUPS: variances and covariances must be the exact ones rounded once,
bit for bit; skewness, kurtosis, correlation, slope and intercept within a few units of the last place."""
import math
import struct
import subprocess
import sys
from fractions import Fraction


def bits(value):
    return value if value is None or math.isnan(value) else struct.pack("<d", value)


def to_double(exact):
    """A Fraction rounded once; int / int rounds to nearest-even."""
    try:
        return exact.numerator / exact.denominator
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def root(exact):
    """sqrt of a Fraction to about 200 bits."""
    scale = 400 + exact.denominator.bit_length()
    scale += scale % 2
    return Fraction(math.isqrt((exact.numerator << (2 * scale)) // exact.denominator), 1 << scale)


def expected(x):
    n = len(x)
    if not all(map(math.isfinite, x)):
        pair = math.nan if n > 1 else None
        return [pair, math.nan, pair, pair, math.nan], [math.nan if n > 2 else None, math.nan if n > 3 else None, None, None, None]
    x = list(map(Fraction, x))
    y = [x[(i * 7 + 3) % n] for i in range(n)]
    mx, my = sum(x) / n, sum(y) / n
    m2, m3, m4 = (sum((v - mx) ** k for v in x) for k in (2, 3, 4))
    yy = sum((v - my) ** 2 for v in y)
    xy = sum((a - mx) * (b - my) for a, b in zip(x, y))
    samp = None if n < 2 else to_double(m2 / (n - 1))
    exact = [samp, to_double(m2 / n), samp, None if n < 2 else to_double(xy / (n - 1)), to_double(xy / n)]
    near = [None] * 5
    if n >= 3:
        near[0] = math.nan if m2 == 0 else m3 / m2 / root(m2 / n)
    if n >= 4:
        near[1] = math.nan if m2 == 0 else (Fraction((n + 1) * (n - 1) * n, (n - 2) * (n - 3)) * m4 / m2 ** 2
                                             - Fraction(3 * (n - 1) ** 2, (n - 2) * (n - 3)))
    if n >= 2 and m2 != 0:
        if yy != 0:
            near[2] = xy / root(m2 * yy)
        near[3] = xy / m2
        near[4] = my - xy / m2 * mx
    return exact, near


def close(ours, theirs, index, n):
    if ours is None and theirs is not None and not isinstance(theirs, float):
        return math.isinf(to_double(theirs))  # NULL where the result is not finite
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(theirs, float) and math.isnan(theirs) or math.isnan(ours):
        return isinstance(theirs, float) and math.isnan(ours)
    # Kurtosis subtracts about 3 from a positive term.
    slack = Fraction(64 if index == 1 else 8, 1 << 53)
    scale = max(abs(theirs), 3) if index == 1 else abs(theirs)
    if index == 0:
        scale = max(scale, Fraction(1, 1 << 40))
    return abs(Fraction(ours) - theirs) <= slack * scale + Fraction(1, 1 << 1070)


def main():
    program, groups = sys.argv[1:]
    out = subprocess.run([program, groups], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    checked, wrong, kinds = 0, 0, set()
    for head, tail in zip(out[::2], out[1::2]):
        kind, *numbers = head.split()
        ours = [None if text == "-" else float.fromhex(text) for text in numbers]
        values = list(map(float.fromhex, tail.split()))
        kinds.add(kind)
        if len(values) > 60 and checked % 10 != 0:  # fractions are slow
            checked += 1
            continue
        exact, near = expected(values)
        checked += 1
        same = all(a is b is None or (a is not None and b is not None and
                                      (bits(a) == bits(b) or math.isnan(a) and math.isnan(b) or a == b == 0))
                   for a, b in zip(ours[:5], exact))
        same &= all(close(a, b, i, len(values)) for i, (a, b) in enumerate(zip(ours[5:], near)))
        if not same:
            wrong += 1
            if wrong <= 5:
                print(f"kind {kind}: {ours}\n want {exact} {[v if v is None else float(v) for v in near]}\n {values[:12]}")
    print(f"{checked} groups of {len(kinds)} kinds, {wrong} wrong")
    return 0 if wrong == 0 and checked == int(groups) and len(kinds) == 15 else 1


if __name__ == "__main__":
    sys.exit(main())
