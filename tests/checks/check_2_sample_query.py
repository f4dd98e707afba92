"""Check 2: the sample's query, before and after windows close.

Two hosts, cpu_idle every 30 s for 15 minutes from a five-minute mark. Before the first window closes the
query returns raw rows only; after three have closed it returns all 60 raw and all 6 average rows.
"""
import math
import time

from harness import DATABASE, TABLE, Server, check, equal, put, record, run, sql_time_s, wait_for

SQL = f'SELECT * FROM "{DATABASE}"."{TABLE}" WHERE measure_name IN (\'cpu_idle\',\'avg_cpu_idle\') LIMIT 100'


def main():
    # Far enough back for all records to be in the past, whatever the minute is now.
    first = int(time.time()) // 300 * 300 - 1200
    value = lambda host, i: 60 + 0.1 * i + host / 3
    with Server() as server:
        kinesis = server.kinesis
        send = lambda steps: put(kinesis, [record("cpu_idle", repr(value(h, i)), first + 30 * i, f"i-{h}") for i in steps for h in (1, 2)], "one-shard")
        send(range(0, 9))
        server.wait_consumed()
        rows = server.rows(SQL)
        equal({r["measure_name"] for r in rows}, {"cpu_idle"}, "before the first window closes")
        equal(len(rows), 18, "raw rows")
        send(range(9, 30))
        # One record past the last window and its out-of-orderness closes the third.
        put(kinesis, [record("cpu_user", "1", first + 904, "i-1")], "one-shard")
        server.wait_consumed()
        server.wait_settled(first + 900)
        rows = server.rows(SQL)
        raw = [r for r in rows if r["measure_name"] == "cpu_idle"]
        averages = [r for r in rows if r["measure_name"] == "avg_cpu_idle"]
        equal(len(raw), 60, "raw rows")
        equal(len(averages), 6, "average rows")
        columns = list(rows[0])
        check("measure_value::double" in columns and columns.index("measure_name") + 1 == columns.index("time"),
              f"columns in the dialect's order, got {columns}")
        check("revision" not in columns and "window_start" not in columns, "hidden columns are not in SELECT *")
        for r in averages:
            host, end = int(r["instance_name"][2:]), sql_time_s(r["time"])
            members = [value(host, i) for i in range(30) if end - 300 <= first + 30 * i < end]
            equal(float(r["measure_value::double"]).hex(), (math.fsum(members) / len(members)).hex(), f"average of i-{host} at {end}")
            equal(r["region"], "us-east-1", "dimensions of an average row")


run(main)
