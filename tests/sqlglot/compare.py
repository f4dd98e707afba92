"""What our parser accepts and Debian's sqlglot rejects needs a reason in reasons.txt; what it accepts and we reject is
only counted. Statements: the recorded answers', the reference's (golden files), and generated ones.

reasons.txt: a regular expression, " # ", and why; a statement that sqlglot rejects must match one, and each must match one.
"""
import json
import logging
import os
import pathlib
import re
import subprocess
import sys

import sqlglot
from sqlglot.dialects import Presto, Trino

TOOL = os.environ["SQL_STATEMENTS"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTING = ROOT / "src" / "sql" / "testing"
GENERATED = int(os.environ.get("TM_RUNS", "300"))
SEED = os.environ.get("TM_SEED", "20260101")


def recorded():
    for path in sorted((TESTING / "oracle").glob("*.jsonl")):
        for line in path.read_text().splitlines():
            yield json.loads(line)["sql"]


def golden():
    """Statements of src/sql/testing/conformance, see worked.txt."""
    for path in sorted((TESTING / "conformance").glob("*.txt")):
        names = {}
        expand = lambda text: re.sub(r"\$\{(\w+)\}", lambda m: names[m.group(1)], text)
        for block in re.split(r"^## .*$", path.read_text(), flags=re.M):
            lines = []
            for line in block.splitlines():
                let = re.match(r"let (\w+) = (.*)", line)
                if let:
                    names[let.group(1)] = expand(let.group(2))
                elif line.startswith("=>"):
                    break
                elif not lines and re.match(r"(#|set |clock |elsewhere |$)", line):
                    continue
                else:
                    lines.append(expand(line))
            if lines:
                yield "\n".join(lines)


def generated():
    out = subprocess.run([TOOL, "--generate", SEED, str(GENERATED)], capture_output=True, text=True, check=True).stdout
    for line in out.splitlines():
        yield json.loads(line)


def without_durations(sql):
    """5m becomes 5: durations are Timestream's own, and must not hide what else sqlglot says."""
    parts = re.split(r"('[^']*'|\"[^\"]*\")", sql)
    unit = r"(?:ns|us|ms|s|m|h|d|y|nanosecond|microsecond|millisecond|second|minute|hour|day|month|year)"
    parts[::2] = [re.sub(rf"(?<![\w.])(\d+(?:\.\d+)?){unit}\b", r"\1", part) for part in parts[::2]]
    return "".join(parts)


def rejects(sql):
    """Why, or None. The two dialects share a parser; their lexers differ in X'..' alone, which ours refuses."""
    try:
        sqlglot.parse(without_durations(sql), read="presto")
        return None
    except Exception as error:  # sqlglot fails in many ways
        return str(error).split("\n")[0] or type(error).__name__


def main():
    logging.disable(logging.CRITICAL)
    assert Presto.parser_class is Trino.parser_class, "sqlglot's dialects differ now: parse in both"
    reasons = []
    for line in (pathlib.Path(__file__).parent / "reasons.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, _, why = line.rpartition(" # ")
            reasons.append((re.compile(pattern, re.I | re.S), why))
    statements = list(dict.fromkeys([*recorded(), *golden(), *generated()]))
    lines = "".join(json.dumps(sql) + "\n" for sql in statements)
    ours = subprocess.run([TOOL], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(ours) == len(statements)
    used, unexplained, both, only_theirs = set(), 0, 0, 0
    for sql, answer in zip(statements, ours):
        why = rejects(sql)
        if answer != "ok":
            only_theirs += why is None
            continue
        both += why is None
        matching = [i for i, (pattern, _) in enumerate(reasons) if pattern.search(sql)] if why else []
        used.update(matching[:1])
        if why and not matching:
            unexplained += 1
            print(f"accepted here, rejected by sqlglot, no reason given:\n  {sql}\n  {why}")
    for i, (pattern, why) in enumerate(reasons):
        if i not in used:
            unexplained += 1
            print(f"no statement needs this reason: {pattern.pattern} # {why}")
    print(f"{len(statements)} statements: {both} accepted by both, {only_theirs} by sqlglot alone")
    sys.exit(unexplained > 0)


main()
