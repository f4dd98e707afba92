"""Check 1: five-minute averages are right, bit for bit, when data is late, repeated, corrected and malformed.

boto3 puts the sample's record shape with 5 % of records 75 s late, some hours late, some duplicated, some
malformed, and the server is killed (kill -9) and started again in the middle. Then every window is computed
again here with math.fsum, and every row must be equal bit for bit; the dead letters must be the malformed
records, each exactly once.
"""
import base64
import json
import math
import os
import random
import time

from harness import DATABASE, TABLE, Failed, Server, check, dead_letters, equal, put, record, run, sql_time_s, wait_for

HOSTS, MINUTES, STEP = 8, 70, 10
MALFORMED = ['{"MeasureName": "cpu_user"', "[1, 2]", "not json", "",
             record("cpu_user", "NaN", 1), record("cpu_user", "", 1), record("", "1", 1),
             record("cpu_user", "1.5", "9300000000"), record("cpu_user", "1.5", "17e8"),
             record("cpu_user", "1.5", 1, kind="FLOAT"), record("task_completed", "1.5", 1, kind="BIGINT"),
             record("cpu_user", "1.5", 1, unit="MINUTES"), record("cpu_user", "1.5", 1, instance_name="")]


def make_records(seed):
    """(payload, partition key) in the order they are sent. Per host, later records win equal times."""
    rng = random.Random(seed)
    now = int(time.time())
    first = (now - MINUTES * 60) // 300 * 300
    out, malformed = [], 0
    for step in range(first, now - 60, STEP):
        for h in range(HOSTS):
            host = f"i-{h}"
            late = 75 if rng.random() < 0.05 else 3 * 3600 + 600 if rng.random() < 0.01 else 0
            t = step - late
            payloads = [record("cpu_user", repr(rng.uniform(0, 100)), t, host), record("cpu_system", repr(rng.random()), t, host),
                        record("memory_free", repr(rng.uniform(-1e12, 1e12) * 10 ** rng.randint(-20, 3)), t, host),
                        record("task_completed", str(rng.randint(0, 2**53)), t, host, kind="BIGINT"),
                        record("task_end_state", rng.choice(["OK", "ERROR"]), t, host, kind="VARCHAR")]
            if rng.random() < 0.03:  # the same again
                payloads.append(rng.choice(payloads))
            if rng.random() < 0.02:  # another value for the same time: the last one processed wins
                payloads.append(record("cpu_user", repr(rng.uniform(0, 100)), t, host))
            if rng.random() < 0.02:
                payloads.insert(rng.randrange(len(payloads) + 1), MALFORMED[malformed % len(MALFORMED)] or " ")
                malformed += 1
            out += [(p, host) for p in payloads]
    return out


def expected(records):
    """{(host, measure): {time: value}} of what is stored, and the malformed payloads."""
    points, dead = {}, []
    bad = {m or " " for m in MALFORMED}
    for payload, host in records:
        if payload in bad:
            dead.append(payload)
            continue
        r = json.loads(payload)
        kind = r["MeasureValueType"]
        if kind == "VARCHAR":
            continue
        value = int(r["MeasureValue"]) if kind == "BIGINT" else float(r["MeasureValue"])
        points.setdefault((r["instance_name"], r["MeasureName"]), {})[int(r["Time"])] = value
    return points, dead


def averages(points):
    out = {}
    for (host, measure), values in points.items():
        windows = {}
        for t, v in values.items():
            windows.setdefault(t // 300 * 300, []).append(v)
        for start, members in windows.items():
            total = float(sum(members)) if isinstance(members[0], int) else math.fsum(members)
            out[(host, "avg_" + measure, start + 300)] = total / len(members)
    return out


def main():
    seed = int(os.environ.get("TM_SEED", "20260101"))
    print(f"TM_SEED={seed}")
    records = make_records(seed)
    points, dead = expected(records)
    with Server() as server:
        half = len(records) // 2
        for part, kill in ((records[:half], True), (records[half:], False)):
            for start in range(0, len(part), 500):
                chunk = part[start:start + 500]
                put(server.kinesis, [p for p, _ in chunk], lambda i, chunk=chunk: chunk[i][1])
            if kill:
                server.restart(kill=True)
        server.wait_consumed()
        # The stream has ended: its shards become idle, and the largest clock counts.
        last = max(t for values in points.values() for t in values)
        closed = (last - 3) // 300 * 300
        server.wait_settled(closed)

        want = {k: v for k, v in averages(points).items() if k[2] <= closed}
        def differences():
            rows = server.rows(f'SELECT instance_name, measure_name, time, measure_value::double AS v FROM "{DATABASE}"."{TABLE}" '
                               "WHERE measure_name LIKE 'avg_%'")
            got = {(r["instance_name"], r["measure_name"], sql_time_s(r["time"])): float(r["v"]) for r in rows}
            equal(len(rows), len(got), "rows of the view, each (series, window) once")
            return ([("extra", k) for k in sorted(set(got) - set(want))] + [("missing", k) for k in sorted(set(want) - set(got))] +
                    [("differs", k, got[k].hex(), want[k].hex()) for k in want if k in got and got[k].hex() != want[k].hex()])

        # The last late points may still be on their way through the view; what must come is exact equality.
        equal_rows = lambda: (differences()[:3] or "equal") == "equal"
        try:
            wait_for(f"all {len(want)} averages are equal bit for bit", equal_rows, limit_s=60)
        except Failed as failure:
            raise Failed(f"{failure}; {len(differences())} differ: {differences()[:3]}")

        raw = server.rows(f'SELECT count(*) AS n FROM "{DATABASE}"."{TABLE}" WHERE measure_name IN '
                          "('cpu_user','cpu_system','memory_free','task_completed')")
        equal(int(raw[0]["n"]), sum(len(v) for v in points.values()), "raw points")

        letters = dead_letters(server.kinesis)
        equal(sorted(base64.b64decode(x["data"]).decode() for x in letters), sorted(dead), "dead letters")
        keys = [(x["shard"], x["sequence"]) for x in letters]
        equal(len(keys), len(set(keys)), "dead letters, each once")
        revised = server.rows("SELECT count(*) AS n FROM view_rows('ec2-5m') WHERE revision > 1")
        check(int(revised[0]["n"]) > 0, "late data made no second revision")
        print(f"{len(records)} records, {len(want)} averages equal, {len(dead)} dead letters, {revised[0]['n']} rows revised")


run(main)
