"""Views over views, filters of values and late streams, by a stack: equal to sums made here
from the same points, on time, after late points and corrections, and after a kill; and what a stack is refused."""
import collections
import json
import random
import time

from harness import Server, check, equal, wait_for
from plant import BASE, DB, TABLE, apply, point, settled, write

HOSTS = ("a", "b", "c")
VIEW = f"""
[[view]]
database = "{DB}"
table = "{TABLE}"
types = ["BIGINT"]
aggregates = ["sum"]
"""
# Readers come before what they read: the order of a file is nothing.
STACK = f"""{BASE}
{VIEW}
name = "hour"
source = "ten"
window = "1h"
output = "hour_{{measure}}"
{VIEW}
name = "ten"
source = "minute"
window = "10m"
group_by = []
output = "ten_{{measure}}"
{VIEW}
name = "minute"
window = "1m"
filter = {{value_min = 100, value_max = 899}}
out_of_orderness = "5s"
refresh = "1s"
recompute_per_second = 200
output = "minute_{{measure}}"
[[view]]
database = "{DB}"
table = "{TABLE}"
name = "both"
types = ["BIGINT"]
aggregates = ["count"]
window = "5m"
output = "both_{{measure}}"
[[view]]
database = "{DB}"
table = "{TABLE}"
name = "frozen"
types = ["BIGINT"]
aggregates = ["count"]
window = "5m"
late = "freeze"
late_stream = "frozen-late"
output = "frozen_{{measure}}"
"""


def put(server, points, version):
    write(server, [point(at, "n", value, version, host=host) for (at, host), value in points])


def compare(server, raw):
    want = {"minute": collections.Counter(), "ten": collections.Counter(), "hour": collections.Counter()}
    sizes = {"minute": 60, "ten": 600, "hour": 3600}
    marks = {name: server.view(name)["watermark"] for name in sizes}
    check(all(marks.values()), "views without a watermark")
    marks = {name: int(mark) // 10**9 for name, mark in marks.items()}
    for (at, host), value in raw.items():
        for name, size in sizes.items():
            start = at // size * size
            if start + size <= marks[name] and 100 <= value <= 899:
                want[name][host if name == "minute" else "", start] += value
    rows = 0
    for name, row in (("minute", "host"), ("ten", "''"), ("hour", "''")):
        made = {(r["row"], int(r["start"])): int(r["value"]) for r in server.rows(
            f"SELECT {row} AS row, CAST(to_milliseconds(window_start) / 1000 AS bigint) AS start, "
            f"measure_value::bigint AS value FROM view_rows('{name}')")}
        equal(made, dict(want[name]), name)
        rows += len(made)
    return rows


def compare_all(server, raw, until):
    """The number of rows that equal what the points give, once the lowest view has come so far."""
    return settled(server, ("minute",), until, lambda _: compare(server, raw))


def late_points(server):
    got = []
    for shard in server.kinesis.list_shards(StreamName="frozen-late")["Shards"]:
        at = server.kinesis.get_shard_iterator(StreamName="frozen-late", ShardId=shard["ShardId"],
                                               ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        got += [json.loads(r["Data"]) for r in server.kinesis.get_records(ShardIterator=at)["Records"]]
    return got


def refuse(server, text, words):
    path = server.folder / "refused.toml"
    path.write_text(BASE + text)
    said = server.cli("apply", str(path), code=8)
    check(words in said.stdout + said.stderr, f"apply says {words!r}, not {said!r}")


def main():
    draw = random.Random(12)
    with Server(stack=None) as server:
        apply(server, STACK)
        said = server.cli("view", "advise", "ten", code=4).stderr
        check("reads view minute" in said, f"rows are never late: {said}")
        end = int(time.time()) // 3600 * 3600 - 120
        start = end - 4 * 3600
        raw = {(at, host): draw.randrange(1000) for at in range(start, end, 30) for host in HOSTS}
        late = dict(item for item in raw.items() if item[0][0] < end - 900 and draw.random() < 0.1)
        now = {key: value for key, value in raw.items() if key not in late}
        put(server, sorted(now.items()), 1)
        check(compare_all(server, now, end - 40) > 500, "rows on time")
        put(server, list(late.items()), 1)
        # Some move out of the filter, some into it.
        corrected = {key: draw.randrange(1000) for key in draw.sample(sorted(raw), 60)}
        raw.update(corrected)
        put(server, list(corrected.items()), 2)
        check(compare_all(server, raw, end - 40) > 500, "rows after late points and corrections")
        check(int(server.view("hour")["revisions_total"]) > 0, "late points reach the end of the chain")

        got = wait_for("late points are copied", lambda: late_points(server) or None)
        one = got[0]
        equal((one["view"], one["measure"], one["reason"], one["window"]["end"] - one["window"]["start"]),
              ("frozen", "n", "frozen", 300 * 10**9), "a late point")
        check((one["time"] // 10**9, one["dimensions"]["host"]) in {**late, **corrected}, "it is one of those that were late")

        server.restart(kill=True)
        compare_all(server, raw, end - 40)
        key = (start + 30, "a")
        raw[key] = 898
        put(server, [(key, 898)], 3)
        compare_all(server, raw, end - 40)

        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start + 30))
        point = json.loads(server.cli("explain", "point", f"{DB}.{TABLE}", "n", at, "host=a", "-o", "json").stdout)
        equal({(v["view"], v["source"]) for v in point["views"]},
              {("minute", None), ("ten", "minute"), ("hour", "ten"), ("both", None), ("frozen", None)}, "a point is told through the chain")
        hour = next(v for v in point["views"] if v["view"] == "hour")["windows"]
        equal([(int(w["window_end"]) - int(w["window_start"])) // 10**9 for w in hour], [3600], "the hour that holds it")
        check(hour[0]["rows"][0]["revisions"], "its correction is named at the end of the chain")

        circle = "".join(f'{VIEW}name = "{a}"\nsource = "{b}"\nwindow = "1h"\noutput = "{a}_{{measure}}"\n'
                         for a, b in (("p", "q"), ("q", "p")))
        refuse(server, circle, "views read each other (p reads q reads p)")
        refuse(server, f'{VIEW}name = "r"\nsource = "nobody"\nwindow = "1h"\noutput = "r_{{measure}}"\n',
               "there is no view nobody")
        below = server.folder / "below.toml"
        below.write_text(f'{VIEW}name = "minute"\nwindow = "1m"\noutput = "minute_{{measure}}"\n')
        said = server.cli("delete", str(below), "--yes", code=4)
        check("view minute is read by view ten" in said.stdout + said.stderr, f"delete says {said!r}")
        server.cli("delete", str(server.folder / "stack.toml"), "--yes")


if __name__ == "__main__":
    main()
