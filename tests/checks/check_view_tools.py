#!/usr/bin/env python3
"""What asks about a view, against a real server: verify, explain point, advise, simulate, drop --keep-rows."""
import json
import time

from harness import STACK, Server, check, equal, put, record, run, wait_for

TABLE = "InterpolatedBlogDB.EC2MetricTable"
VIEW = "ec2-5m"


def ask(server, *arguments, code=0):
    return json.loads(server.cli(*arguments, "-o", "json", code=code).stdout)


def verify(server):
    found = ask(server, "view", "verify", VIEW)
    equal({k: found[k] for k in ("view", "generation", "differences", "frozen", "gaps", "waiting")},
          {"view": VIEW, "generation": 1, "differences": 0, "frozen": 0, "gaps": 0, "waiting": 0}, "verify is clean")
    check(found["windows"] >= 1 and found["points_read"] >= 12, f"verify compared something: {found}")
    equal(ask(server, "view", "verify", VIEW, "--from", "2030-01-01")["windows"], 0, "no window begins there")
    server.cli("view", "verify", "nope", code=3)


def explain(server, base):
    point = ask(server, "explain", "point", TABLE, "cpu_system", str(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(base + 290))),
                "instance_name=i-1")
    check(point["found"], f"the point is there: {point}")
    current = [v for v in point["versions"] if v["current"]]
    equal([(v["value"], v["pipeline"], v["stream"]) for v in current], [("100.0", "ec2", "ec2-metrics")], "its record is known")
    check(current[0]["sequence"] and current[0]["partition"].startswith("shardId-"), f"with its place: {current}")
    windows = point["views"][0]["windows"]
    equal([w["state"] in ("complete", "sealed") for w in windows], [True], "its window is complete")
    named = [r["cause"] for r in windows[0]["rows"][0]["revisions"]]
    equal(named, ["late"], "the revision that it made names it")
    away = ask(server, "explain", "point", TABLE, "cpu_system", "2020-01-01", "instance_name=i-1", code=3)
    check(not away["found"] and len(away["nearest"]) == 1, f"the nearest point is named: {away}")
    said = server.cli("explain", "point", TABLE, "cpu_system", "2020-01-01", "instance_name=i-2", code=3).stderr
    check("instance_name=i-1" in said, f"what there is is named: {said}")


def advise(server):
    found = ask(server, "view", "advise", VIEW)
    equal(found["out_of_order"], "1", "one point was out of order")
    equal([row["quantile"] for row in found["advice"]], ["99", "99.9", "99.99"], "the quantiles")
    equal(found["advice"][2]["out_of_orderness_ns"], str(310 * 10**9), "it was 310 s behind")


def simulate(server, base):
    # Of several shards, each of which is read by itself: every record once.
    for key in "abcdefgh":
        put(server.kinesis, [record("disk_free", 1, base + 610 + i) for i in range(3)], key)
    server.wait_consumed()
    server.wait_settled(base + 300)
    same = ask(server, "view", "simulate", VIEW, "out_of_orderness=1s")
    equal(same["differences"], 0, "late points correct rows, whatever the bound is")
    equal(same["records"], 12 + 24, "each record is played once")
    point = ask(server, "explain", "point", TABLE, "cpu_system", str(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(base + 290))), "instance_name=i-1")
    equal((point["records_searched"], [v["value"] for v in point["versions"]]), (12 + 24, ["100.0"]), "and each is searched once")
    other = ask(server, "view", "simulate", VIEW, "late=freeze", "allowed_lateness=0s", code=1)
    equal((other["differences"], [r["difference"] for r in other["rows"]], other["simulated"]["frozen"]), (1, ["value"], 1),
          "a frozen row keeps its first value")
    check(ask(server, "view", "simulate", VIEW, "window=1m", code=1)["differences"] > 2, "other windows are other rows")
    said = server.cli("view", "simulate", VIEW, "windw=1m", code=8).stderr
    check("windw" in said, f"an unknown key is named: {said}")


def simulate_columns(server):
    """Rows of several columns, by all of them."""
    stack = server.folder / "columns.toml"
    stack.write_text('''
[[view]]
name = "columns"
database = "InterpolatedBlogDB"
table = "EC2MetricTable"
window = "5m"
aggregates = ["count", "avg"]
rows = "multi"
output = "columns_{measure}"
out_of_orderness = "3s"
''')
    server.cli("apply", str(stack))
    wait_for("the view is there", lambda: server.view("columns")["watermark"])
    other = ask(server, "view", "simulate", "columns", "late=freeze", "allowed_lateness=0s", code=1)
    rows = [(json.loads(r["old"])["count"], json.loads(r["new"])["count"]) for r in other["rows"]]
    equal((other["differences"], rows), (1, [(6, 5)]), "the late point is not in its row")


def simulate_chain(server):
    """A view over a view, with other settings, behind that one as it is."""
    stack = server.folder / "chain.toml"
    stack.write_text('''
[[view]]
name = "five"
database = "InterpolatedBlogDB"
table = "EC2MetricTable"
measures = ["cpu_system"]
window = "5m"
output = "five_{measure}"

[[view]]
name = "over"
database = "InterpolatedBlogDB"
table = "EC2MetricTable"
source = "five"
window = "5m"
aggregates = ["max"]
output = "over_{measure}"
''')
    server.cli("apply", str(stack))
    wait_for("the view is there", lambda: server.view("over")["watermark"])
    same = ask(server, "view", "simulate", "over", "aggregates=max")
    check(same["present"]["rows"] >= 2, f"there are rows: {same}")
    equal((same["differences"], same["present"]["rows"]), (0, same["simulated"]["rows"]), "the same settings are the same rows")
    other = ask(server, "view", "simulate", "over", "offset=1m", code=1)
    check(other["differences"] >= 2 and {r["difference"] for r in other["rows"]} >= {"new", "gone"}, f"other windows are other rows: {other}")
    said = server.cli("view", "simulate", "over", "source=other", code=8).stderr
    check("source" in said, f"what it reads stays: {said}")


def drop(server):
    query = f'SELECT count(*) FROM "InterpolatedBlogDB"."EC2MetricTable" WHERE measure_name = \'avg_cpu_system\''
    before = server.cli("sql", query, "-o", "csv").stdout
    server.cli("view", "drop", VIEW, "--keep-rows", "--yes")
    equal(server.cli("sql", query, "-o", "csv").stdout, before, "the rows stay")
    server.cli("view", "describe", VIEW, code=3)


def main():
    with Server(stack=STACK) as server:
        base = int(time.time()) // 300 * 300 - 900
        put(server.kinesis, [record("cpu_system", 10 * (i % 4), base + 60 * i) for i in range(11)], "one")
        server.wait_consumed()
        server.wait_settled(base + 300)
        put(server.kinesis, [record("cpu_system", 100, base + 290)], "one")
        server.wait_consumed()
        wait_for("the late point is counted", lambda: int(server.view()["revisions_total"]) >= 1 and server.view()["dirty"] == "0")
        verify(server)
        explain(server, base)
        advise(server)
        simulate(server, base)
        simulate_columns(server)
        simulate_chain(server)
        drop(server)


if __name__ == "__main__":
    run(main)
