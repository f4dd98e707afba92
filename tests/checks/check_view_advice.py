#!/usr/bin/env python3
"""Advice on lateness over restarts, against a real server: what was counted stays, no record counts twice, direct writes have
their own line."""
import json
import time

from harness import STACK, Server, check, equal, put, record, run, wait_for

VIEW = "ec2-5m"


def advice(server):
    found = json.loads(server.cli("view", "advise", VIEW, "-o", "json").stdout)
    return found, {(p["source"], p["partition"]): (p["points"], p["out_of_order"]) for p in found["partitions"]}


def write_direct(server, time_s):
    server.write.write_records(DatabaseName="InterpolatedBlogDB", TableName="EC2MetricTable", Records=[
        {"Dimensions": [{"Name": "by", "Value": "hand"}], "MeasureName": "level", "MeasureValue": "1", "MeasureValueType": "DOUBLE",
         "Time": str(time_s), "TimeUnit": "SECONDS"}])


def main():
    with Server(stack=STACK) as server:
        base = int(time.time()) - 600
        put(server.kinesis, [record("cpu_system", i, base + i) for i in range(50)], "one")
        put(server.kinesis, [record("cpu_system", 1, base - 30)], "one")
        write_direct(server, base)
        write_direct(server, base - 7)
        server.wait_consumed()
        found, before = advice(server)
        equal((found["points"], found["out_of_order"], found["out_of_order_max_ns"]), ("53", "2", str(79 * 10**9)), "all is counted")
        equal(before.get(("direct", "0")), ("2", "1"), "direct writers are a line of their own")

        server.restart()
        equal(advice(server)[1], before, "a restart takes nothing away")
        put(server.kinesis, [record("cpu_system", i, base + 60 + i) for i in range(20)], "one")
        server.wait_consumed()
        equal(advice(server)[0]["points"], "73", "and counting goes on")

        server.restart(kill=True)
        put(server.kinesis, [record("cpu_system", 1, base + 90)], "one")
        server.wait_consumed()
        points = int(advice(server)[0]["points"])
        check(54 <= points <= 74, f"a kill takes away what came since the last save at most, and nothing counts twice: {points}")

        # From the oldest record on again: what was read before does not count.
        server.cli("pipeline", "stop", "ec2")
        equal(int(advice(server)[0]["points"]), points, "a stopped pipeline's are told as well")
        server.cli("pipeline", "start", "ec2", "--from", "trim_horizon")
        wait_for("all is read again", lambda: server.pipeline()["state"] == "running" and int(server.pipeline()["lag_records"] or 1) == 0)
        equal(int(advice(server)[0]["points"]), points, "nor do records that are read again")


if __name__ == "__main__":
    run(main)
