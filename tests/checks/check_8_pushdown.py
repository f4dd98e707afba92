"""Check 8: what is pushed down, read from EXPLAIN and from the points the store looked at; and both ways, and any
number of threads, give the same bytes.
"""
import json
import random
import shutil
import time

from harness import DATABASE, TABLE, Server, check, equal, put, record, run

FROM = f'FROM "{DATABASE}"."{TABLE}"'
QUERIES = [
    f"SELECT bin(time, 1m) AS b, instance_name, avg(measure_value::double) AS a {FROM} WHERE measure_name = 'cpu_user' "
    "GROUP BY bin(time, 1m), instance_name ORDER BY 1, 2",
    f"SELECT instance_name, sum(measure_value::double), min(measure_value::double), max(measure_value::double), count(*) {FROM} "
    "WHERE measure_name = 'cpu_user' GROUP BY instance_name ORDER BY 1",
    f"SELECT measure_name, avg(measure_value::double), avg(measure_value::bigint), sum(measure_value::bigint) {FROM} "
    "WHERE measure_name IN ('cpu_user', 'task_completed') GROUP BY measure_name ORDER BY 1",
    f"SELECT avg(measure_value::double) {FROM} WHERE measure_name = 'cpu_user'",
    f"SELECT region, bin(time, 5m), count(measure_value::double) {FROM} WHERE time >= ago(2h) AND measure_name LIKE 'cpu%' "
    "GROUP BY region, bin(time, 5m) HAVING avg(measure_value::double) > 0 ORDER BY 1, 2",
    f"SELECT max_by(measure_value::double, time), min_by(measure_value::double, time), instance_name {FROM} "
    "WHERE measure_name = 'cpu_user' GROUP BY instance_name ORDER BY instance_name",
    f"SELECT time, measure_value::double {FROM} WHERE measure_name = 'cpu_user' AND instance_name = 'i-1' ORDER BY time LIMIT 50",
]


def answer(server, sql):
    page = server.query.query(QueryString=sql)
    return json.dumps([page["ColumnInfo"], page["Rows"]])


def explain(server, sql):
    return "\n".join(list(r.values())[0] for r in server.rows("EXPLAIN " + sql))


def main():
    rng = random.Random(20260101)
    first = int(time.time()) - 3600
    records = [record(m, repr(rng.uniform(-1e6, 1e6)), first + 10 * i, f"i-{h}") for i in range(200) for h in range(5) for m in ("cpu_user", "cpu_idle")]
    records += [record("task_completed", str(rng.randint(0, 2**53)), first + 10 * i, f"i-{h}", kind="BIGINT") for i in range(200) for h in range(5)]
    answers = {}
    server = Server()
    server.own = False  # the folder outlives each of the runs below
    for config in ("", "[sql]\npushdown = false\nthreads = 1\n", "[sql]\npushdown = false\nthreads = 2\n",
                   "[sql]\npushdown = true\nthreads = 1\n"):
        (server.folder).mkdir(parents=True, exist_ok=True)
        server.config = server.folder / "tidemark.toml"
        server.config.write_text(config)
        with server:
            if not config:
                put(server.kinesis, records, lambda i: str(i % 7))
                server.wait_consumed()
                scanned = lambda: server.metric("tidemark_store_points_scanned_total")
                before = scanned()
                server.rows(f"SELECT time, measure_value::double {FROM} WHERE measure_name = 'cpu_user' AND instance_name = 'i-3'")
                equal(scanned() - before, 200, "points scanned for one measure of one host")
                text = explain(server, QUERIES[0])
                check("\naggregate " in text and "\n  series: " in text and "bin(time, 1m)" in text and "cpu_user" in text, f"EXPLAIN does not say aggregate:\n{text}")
                text = explain(server, f"SELECT time {FROM} WHERE measure_name = 'cpu_user' AND instance_name = 'i-3'")
                check("\nscan " in text and "i-3" in text, f"EXPLAIN does not show the scan's predicates:\n{text}")
            elif "false" in config:
                for sql in QUERIES[:6]:
                    text = explain(server, sql)
                    check("\nscan " in text, f"pushdown is off, EXPLAIN says:\n{text}")
            for _ in range(20 if config else 3):
                for sql in QUERIES:
                    text = answer(server, sql)
                    equal(text, answers.setdefault(sql, text), f"answer of {sql} with {config!r}")
    shutil.rmtree(server.folder, ignore_errors=True)
    print(f"{len(QUERIES)} queries, 4 configurations, equal bytes")


run(main)
