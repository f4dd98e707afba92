"""Made tests/golden/v1 with the first server: make_v1.py FOLDER. Kept to show what is in it; v1 is never made again.

Event times are fixed and lie in the past of the machine that made it; tables keep them for 200 years. No window has more
than two revisions, since only the first and the newest of one are kept for ever.
"""
import itertools
import json
import pathlib
import sys
import time

import answers
from harness import Server, check, equal, put, run, wait_for

DATABASE, STREAM = "golden", "metrics"
BASE = 1770282000  # 2026-02-05 09:00:00 UTC, the start of a window
MARK = BASE + 3 * 3600  # one record per shard this late closes every window before it, and none after
STACK = """
[[stream]]
name = "metrics"
shards = 2
retention = "8760h"

[[database]]
name = "golden"
""" + "".join(f"""
[[table]]
database = "golden"
name = "{name}"
memory_retention = "{memory}"
magnetic_retention = "73000d"
""" for name, memory in [("raw", "6h"), ("averages", "6h"), ("frozen", "24h"), ("points", "8766h"), ("multi", "8766h"),
                         ("gone", "6h"), ("again", "6h"), ("empty", "6h")]) + """
[[pipeline]]
name = "metrics"
stream = "metrics"
database = "golden"
table = "raw"
idle_timeout = "2s"
measure_name = "m"
measure_value = "v"
measure_type = "k"
time = "t"
time_unit = "u"
dimensions = "*"
"""
VIEW = """
[[view]]
name = "{name}"
database = "golden"
table = "raw"
target_table = "{target}"
measures = ["*"]
types = {types}
aggregate = {aggregates}
window = "5m"
group_by = ["*"]
output = "{{aggregate}}_{{measure}}"
label = "{label}"
out_of_orderness = "3s"
allowed_lateness = "2m"
late = "{late}"
"""
AVERAGES = VIEW.format(name="averages", target="averages", types='["DOUBLE", "BIGINT"]', aggregates='["avg"]',
                       label="end", late="recompute")
FROZEN = VIEW.format(name="frozen", target="frozen", types='["DOUBLE"]', aggregates='["count", "min", "last"]',
                     label="start", late="freeze")
DOOMED = VIEW.format(name="doomed", target="raw", types='["DOUBLE"]', aggregates='["max"]', label="end",
                     late="recompute")


def sample(measure, value, at, host, kind="DOUBLE", unit="SECONDS", **more):
    return json.dumps({"m": measure, "v": str(value), "k": kind, "t": str(at), "u": unit, "host": host,
                       "zone": "z-" + host[-1:], **more}, ensure_ascii=False)


def write(server, table, records, **common):
    server.write.write_records(DatabaseName=DATABASE, TableName=table, Records=records, **({"CommonAttributes": common} if common else {}))


def dimensions(**values):
    return [{"Name": name, "Value": value} for name, value in values.items()]


def point(measure, value, kind, at, unit="SECONDS", version=None, **dims):
    out = {"MeasureName": measure, "MeasureValueType": kind, "Time": str(at), "TimeUnit": unit, "Dimensions": dimensions(**dims)}
    out["MeasureValues" if kind == "MULTI" else "MeasureValue"] = value
    return out if version is None else out | {"Version": version}


def fields(**values):
    return [{"Name": name, "Type": kind, "Value": value} for name, (kind, value) in values.items()]


def settle(server):
    server.wait_consumed("metrics")
    for view in ("averages", "frozen"):
        server.wait_settled(MARK - 3, view)


def closed_windows(server):
    """What arrives in time: 40 minutes, three hosts on two shards, then the mark."""
    kinesis = server.kinesis
    names = {}
    for n in range(64):
        shard = kinesis.put_record(StreamName=STREAM, Data=b"{}", PartitionKey=f"k{n}")["ShardId"]
        names.setdefault(shard, f"k{n}")
        if len(names) == 2:
            break
    keys = [names[shard] for shard in sorted(names)]
    rows, hosts = [], []
    for i, host in itertools.product(range(27), (1, 2, 3)):
        at = BASE + 90 * i + host
        rows.append(sample("cpu", f"{(i * 37 + host * 11) % 1000 / 10}", at, f"h-{host}"))
        if i % 2 == 0:
            rows.append(sample("requests", i * i * host - 40, at, f"h-{host}", "BIGINT"))
        if i % 8 == 0:
            rows.append(sample("state", ["up", "dégradé", "down"][i % 3], at * 1000, f"h-{host}", "VARCHAR", "MILLISECONDS"))
            rows.append(sample("leader", str(i % 16 == 0).lower(), at, f"h-{host}", "BOOLEAN", role="r"))
        hosts += [host] * (len(rows) - len(hosts))
    put(kinesis, rows, lambda n: keys[hosts[n] % 2], STREAM)
    put(kinesis, ["not a record", '{"m": "cpu", "v": "x", "k": "DOUBLE", "t": "1", "u": "SECONDS", "host": "h-1"}',
                  b"\xff\xfe\x00"], keys[0], STREAM)
    for key in keys:
        put(kinesis, [sample("mark", 1, MARK, "h-" + key, "VARCHAR"), sample("cpu", 1, MARK, "h-" + key)], key, STREAM)
    return keys


def late_points(server, keys):
    put(server.kinesis, [
        sample("cpu", "99.5", BASE + 31, "h-1"),                      # into the first window: revision 2
        sample("cpu", "12.25", BASE + 90 * 5 + 2, "h-2"),             # replaces a point: revision 2
        sample("requests", "7", BASE + 60 * 12 + 30, "h-3", "BIGINT"),
        sample("cpu", "0.1", BASE - 86400 * 3 + 10, "h-1"),           # days late, a window nobody had
        sample("cpu", "0.2", BASE - 86400 * 3 + 20, "h-1"),
        sample("cpu", "5", BASE - 86400 * 9, "h-4"),
    ], keys[1], STREAM)


def points_by_api(server):
    write(server, "points", [point("level", v, "DOUBLE", BASE + i, host="a") for i, v in enumerate(
        ["0", "-0.0", "1.5", "0.1", "-1e-308", "4.9e-324", "1.7976931348623157e308", "-12345.678", "3", "3", "3", "1e15"])])
    write(server, "points", [point("count", v, "BIGINT", (BASE + i) * 10**9 + i, "NANOSECONDS", host="a", zone="x")
                             for i, v in enumerate(["9223372036854775807", "-9223372036854775808", "0", "-1", "42", "42"])])
    write(server, "points", [point("text", v, "VARCHAR", (BASE + i) * 10**6, "MICROSECONDS", host="b")
                             for i, v in enumerate(["plain", "Grüße, 世界 🌊", "quote ' and \" and \\", "line\nbreak", "x" * 300])])
    write(server, "points", [point("on", v, "BOOLEAN", BASE * 1000 + i, "MILLISECONDS", host="b", zone="x", rack="r 1")
                             for i, v in enumerate(["true", "false", "true"])])
    # Late, over several days; the last one 30 years.
    write(server, "points", [point("level", str(day), "DOUBLE", BASE - 86400 * day, host="c") for day in (1, 2, 3, 5, 8, 13, 10957)])
    # Versions: 5, then 7 on a part of them, then refused ones (in the questions).
    write(server, "points", [point("versioned", str(i), "DOUBLE", BASE + i, version=5, host="a") for i in range(6)])
    write(server, "points", [point("versioned", str(i + 100), "DOUBLE", BASE + i, version=7, host="a") for i in range(3)])
    write(server, "points", [point("huge", "1", "BIGINT", BASE - 86400 * 20, version=2**62, host="a", zone="x")])
    write(server, "multi", [
        point("sensor", fields(temperature=("DOUBLE", "21.5"), errors=("BIGINT", "0"), note=("VARCHAR", "first"),
                               ok=("BOOLEAN", "true"), seen=("TIMESTAMP", str(BASE))), "MULTI", BASE, host="m-1"),
        point("sensor", fields(temperature=("DOUBLE", "22.25"), ok=("BOOLEAN", "false")), "MULTI", BASE + 10, host="m-1"),
        point("sensor", fields(errors=("BIGINT", "3"), seen=("TIMESTAMP", str(BASE * 1000 + 20001))), "MULTI", (BASE + 20) * 1000, "MILLISECONDS", host="m-1"),
        point("sensor", fields(note=("VARCHAR", "alone")), "MULTI", BASE + 30, host="m-2"),
        point("sensor", fields(temperature=("DOUBLE", "-3")), "MULTI", BASE - 86400 * 4, host="m-2"),
        point("other", fields(humidity=("DOUBLE", "0.5"), errors=("BIGINT", "-7")), "MULTI", BASE, host="m-2", floor="2")])
    write(server, "multi", [point("sensor", fields(temperature=("DOUBLE", "23"), note=("VARCHAR", "replaced")), "MULTI", BASE + 10,
                                  version=3, host="m-1")])
    write(server, "multi", [point("single", "1.25", "DOUBLE", BASE, host="m-1")])


def tables_that_go(server):
    for table in ("gone", "again"):
        write(server, table, [point("old", str(i), "DOUBLE", BASE + i, host="a") for i in range(20)])
        server.write.delete_table(DatabaseName=DATABASE, TableName=table)
    server.write.create_table(DatabaseName=DATABASE, TableName="again",
                              RetentionProperties={"MemoryStoreRetentionPeriodInHours": 6, "MagneticStoreRetentionPeriodInDays": 73000},
                              MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True})
    write(server, "again", [point("new", str(i), "BIGINT", BASE + i, host="b") for i in range(5)])


def questions(server):
    selects = [f'SELECT * FROM "{DATABASE}"."{table}" ORDER BY time, measure_name, {keys}' for table, keys in [
        ("raw", "host, zone, role"), ("averages", "host, zone"), ("frozen", "host, zone"), ("points", "host, zone, rack"),
        ("multi", "host, floor"), ("again", "host")]]
    tables = sorted(t["TableName"] for t in server.write.list_tables(DatabaseName=DATABASE)["Tables"])
    some = f'FROM "{DATABASE}"."raw" WHERE measure_name = \'cpu\''
    return {
        "queries": selects + [
            "SHOW DATABASES", f'SHOW TABLES FROM "{DATABASE}"',
            *[f'{what} "{DATABASE}"."{table}"' for table in tables for what in ("SHOW MEASURES FROM", "DESCRIBE")],
            f"SELECT host, zone, measure_name, time, window_start, window_end, revision, record_count, measure_value::double "
            f"FROM view_rows('averages') ORDER BY time, measure_name, host, zone",
            f"SELECT host, zone, measure_name, time, window_start, window_end, revision, record_count, measure_value::double, "
            f"measure_value::bigint FROM view_rows('frozen') ORDER BY time, measure_name, host, zone",
            f"SELECT bin(time, 5m), host, count(*), avg(measure_value::double), sum(measure_value::double), "
            f"min(measure_value::double), max_by(measure_value::double, time) {some} GROUP BY 1, 2 ORDER BY 1, 2",
            f"SELECT count(*), sum(measure_value::double), min(time), max(time) {some}",
            f"SELECT time, measure_value::double {some} AND host = 'h-2' AND time BETWEEN from_iso8601_timestamp('2026-02-05T09:05:00Z') "
            f"AND from_iso8601_timestamp('2026-02-05T09:12:00Z') ORDER BY 1",
            f"SELECT host, zone, rack, count(*), count(measure_value::bigint) FROM \"{DATABASE}\".\"points\" GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        ],
        "revisions": [f"/api/v1/databases/{DATABASE}/tables/{table}/revisions?measure={measure}" for table, measure in
                      [("averages", "avg_cpu"), ("averages", "avg_requests"), ("frozen", "last_cpu")]],
        "tables": [[DATABASE, table] for table in tables],
        "streams": sorted(server.kinesis.list_streams()["StreamNames"]),
        "refused": [
            {"DatabaseName": DATABASE, "TableName": "points", "Records": [
                point("versioned", "-1", "DOUBLE", BASE, version=6, host="a"),
                point("versioned", "-1", "DOUBLE", BASE + 1, version=7, host="a"),
                point("versioned", "-1", "DOUBLE", BASE + 4, version=1, host="a"),
                point("huge", "2", "BIGINT", BASE - 86400 * 20, version=2**62, host="a", zone="x"),
                point("level", "77", "DOUBLE", BASE - 86400 * 8, host="c")]},
            {"DatabaseName": DATABASE, "TableName": "multi", "Records": [
                point("sensor", fields(temperature=("DOUBLE", "1")), "MULTI", BASE + 10, version=2, host="m-1"),
                point("sensor", fields(note=("VARCHAR", "other")), "MULTI", BASE + 30, host="m-2")]},
            {"DatabaseName": DATABASE, "TableName": "averages", "Records": [
                point("avg_cpu", "1", "DOUBLE", BASE + 300, version=99, host="h-1", zone="z-1")]},
        ],
    }


def store_answers(server, folder):
    ask = questions(server)
    first = json.loads(answers.ask_bytes(server, ask["revisions"][0]))["rows"]
    # Nine days before the others there is a window of one point, 5; the check adds a 6.
    at = BASE - 86400 * 9
    late = {"stream": STREAM, "key": "k0", "data": sample("cpu", "6", at + 1, "h-4"), "value": "5.5",
            "path": ask["revisions"][0] + "&host=h-4"}
    equal([r["revision"] for r in first if r["dimensions"].get("host") == "h-4"], ["1"], "the window that the check corrects")
    out = {"questions": ask, "late": late, "answers": answers.collect(server, ask)}
    equal([r["rejected"] for r in out["answers"]["refused"]],
          [[[0, 7], [1, 7], [2, 5], [3, 2**62], [4, 1]], [[0, 3], [1, 1]], [[0, None]]], "versions in the way of refused writes")
    for path, body in out["answers"]["revisions"].items():
        check(all(len(r["revisions"]) <= 2 for r in json.loads(body)["rows"]), f"{path}: more than two entries of a window")
    (folder / "expected.json").write_text(layout(out) + "\n")


def layout(value, indent=0, depth=0):
    """JSON with one line per row or record."""
    pad = " " * indent
    if isinstance(value, dict) and value and depth < 5:
        inner = ",\n".join(f"{pad} {json.dumps(k, ensure_ascii=False)}: {layout(v, indent + 1, depth + 1)}" for k, v in value.items())
        return "{\n" + inner + "\n" + pad + "}"
    if isinstance(value, list) and value and depth < 5 and any(isinstance(v, (list, dict, str)) for v in value):
        return "[\n" + ",\n".join(f"{pad} {layout(v, indent + 1, depth + 1)}" for v in value) + "\n" + pad + "]"
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    (folder / "all.toml").write_text(STACK + AVERAGES + FROZEN + DOOMED)
    with Server(folder=folder, stack=folder / "all.toml") as server:
        keys = closed_windows(server)
        settle(server)
        server.wait_settled(MARK - 3, "doomed")
        # The view's own rows, and then its end.
        wait_for("the doomed view has rows", lambda: server.rows("SELECT count(*) AS n FROM view_rows('doomed')")[0]["n"] != "0")
        (folder / "doomed.toml").write_text(DOOMED)
        server.cli("delete", "--yes", str(folder / "doomed.toml"))
        points_by_api(server)
        tables_that_go(server)
        server.stop()

        server.stack = None
        server.start()
        late_points(server, keys)
        settle(server)
        wait_for("the late points count", lambda: len([r for r in json.loads(answers.ask_bytes(
            server, f"/api/v1/databases/{DATABASE}/tables/averages/revisions?measure=avg_cpu"))["rows"] if r["revision"] == "2"]) == 2)
        write(server, "points", [point("level", str(i / 4), "DOUBLE", BASE + 100 + i, host="a") for i in range(8)])
        server.kill()

        server.start()
        write(server, "multi", [point("sensor", fields(late=("VARCHAR", "a new field"), errors=("BIGINT", "9")), "MULTI", BASE + 40, host="m-3")])
        write(server, "raw", [point("cpu", "60", "DOUBLE", BASE + 60 * 22 + 40, host="h-3", zone="z-3")])  # a correction by API
        wait_for("the correction counts", lambda: len([r for r in json.loads(answers.ask_bytes(
            server, f"/api/v1/databases/{DATABASE}/tables/averages/revisions?measure=avg_cpu"))["rows"] if r["revision"] == "2"]) == 3)
        time.sleep(3)  # longer than the idle timeout: nothing is to come any more
        settle(server)
        write(server, "points", [point("level", "1", "DOUBLE", BASE + 200, host="z")])  # the tail
        store_answers(server, folder)
        server.kill()
    for name in ("LOCK", "endpoint"):
        (folder / "data" / name).unlink(missing_ok=True)


if __name__ == "__main__":
    run(lambda: main(sys.argv[1]))
