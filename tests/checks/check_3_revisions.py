"""Check 3: a late point and a correction each change exactly their window's row, and say so.

A point 3 hours late, sent after a restart, changes its window's row and adds revision 2; a WriteRecords
correction with a higher version does too; a lower one is rejected with ExistingVersion and changes nothing;
a WriteRecords to a series that the view maintains is rejected and names the view. view_rows() and
view_revisions() say what the revisions endpoint says, before and after a flush and a restart, and what the late
row was before.
"""
import time

import botocore.exceptions

from harness import DATABASE, TABLE, Server, check, equal, put, record, run, sql_time_s, wait_for

DIMENSIONS = [{"Name": "host", "Value": "a"}]


def averages(server):
    rows = server.rows(f'SELECT * FROM "{DATABASE}"."{TABLE}" WHERE measure_name = \'avg_cpu_idle\'')
    return {(r["instance_name"] or r["host"], sql_time_s(r["time"])): float(r["measure_value::double"]) for r in rows}


def revisions(server, **dimensions):
    query = "&".join(f"{k}={v}" for k, v in {"measure": "avg_cpu_idle", **dimensions}.items())
    status, answer = server.api(f"/databases/{DATABASE}/tables/{TABLE}/revisions?{query}")
    equal(status, 200, "revisions")
    return answer["rows"]


def revisions_text(server):
    return server.text(f"/databases/{DATABASE}/tables/{TABLE}/revisions?measure=avg_cpu_idle")


def agree(server):
    """view_revisions() and view_rows() give what the revisions endpoint gives."""
    log, now = {}, {}
    for row in revisions(server):
        key = (tuple(sorted(row["dimensions"].items())), row["time"])
        now[key] = (row["revision"], float(row["value"]))
        log[key] = [(e["revision"], e["old"] and float(e["old"]), e["new"] and float(e["new"]), e["late_points"], e["cause"], e["at"])
                    for e in row["revisions"]]
    names = sorted({name for dimensions, _ in log for name, _ in dimensions})
    number = lambda text: None if text is None else float(text)
    time_ns = lambda text: str(sql_time_s(text[:19]) * 10**9 + int(text[20:].ljust(9, "0")))
    key = lambda r: (tuple((n, r[n]) for n in names if r[n] is not None), time_ns(r["time"]))
    where = "WHERE measure_name = 'avg_cpu_idle'"
    entries, unknown = {}, []
    for r in server.rows(f"SELECT * FROM view_revisions('ec2-5m') {where} ORDER BY time, at, revision"):
        entries.setdefault(key(r), []).append(
            (r["revision"], number(r["old"]), number(r["new"]), r["late_points"], r["cause"], time_ns(r["at"])))
        unknown += [r] if r["version"] is None else []
    equal(entries, log, "view_revisions() and the revisions endpoint")
    equal(unknown, [], "entries without a version")
    rows = server.rows(f"SELECT * FROM view_rows('ec2-5m') {where}")
    equal({key(r): (r["revision"], float(r["measure_value::double"])) for r in rows}, now, "view_rows() and the revisions endpoint")
    check(all(r["complete"] == "true" and r["preliminary"] == "false" for r in rows), "published rows are complete")
    return log


def as_of(server, at_ns):
    time_text = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at_ns // 10**9)) + f".{at_ns % 10**9:09d}"
    rows = server.rows(f"SELECT * FROM view_rows('ec2-5m', TIMESTAMP '{time_text}') WHERE measure_name = 'avg_cpu_idle'")
    return {(r["instance_name"] or r["host"], sql_time_s(r["time"])): (r["revision"], float(r["measure_value::double"])) for r in rows}


def rejected(call):
    try:
        call()
    except botocore.exceptions.ClientError as error:
        equal(error.response["Error"]["Code"], "RejectedRecordsException", "error code")
        equal(error.response["ResponseMetadata"]["HTTPStatusCode"], 419, "status")
        return error.response["RejectedRecords"]
    raise AssertionError("the write was not rejected")


def main():
    now = int(time.time())
    first = now // 300 * 300 - 4 * 3600
    with Server() as server:
        put(server.kinesis, [record("cpu_idle", "50", t, "i-1") for t in range(first, now - 30, 60)], "k")
        server.wait_consumed()
        server.wait_settled((now - 95) // 300 * 300)
        before = averages(server)
        check(len(before) >= 40, f"{len(before)} windows")

        server.restart()
        late = now - 3 * 3600
        late_row = ("i-1", late // 300 * 300 + 300)
        points = len([t for t in range(first, now - 30, 60) if late // 300 == t // 300])
        put(server.kinesis, [record("cpu_idle", "80", late // 300 * 300 + 17, "i-1")], "k")
        wait_for("the late point's window changed", lambda: averages(server)[late_row] != before[late_row])
        after = averages(server)
        equal(after[late_row], (50.0 * points + 80.0) / (points + 1), "the corrected average")
        equal({k for k in after if after[k] != before.get(k)}, {late_row}, "rows that changed")
        log = [r for r in revisions(server, instance_name="i-1") if r["revision"] != "1"]
        equal(len(log), 1, "rows with more than one revision")
        equal(log[0]["time"], str(late_row[1] * 10**9), "its time")
        equal([(x["revision"], x["old"], x["late_points"]) for x in log[0]["revisions"]], [("1", None, "0"), ("2", "50.0", "1")],
              "its revision log")
        equal(float(log[0]["revisions"][1]["new"]), after[late_row], "its new value")
        origin = server.rows("SELECT lateness_max >= 2h AS hours, to_milliseconds(lateness_max) AS ms, partition FROM view_revisions('ec2-5m') "
                             "WHERE instance_name = 'i-1' AND revision = 2")
        equal([(r["hours"], r["partition"].split("/")[0]) for r in origin], [("true", "ec2")], "how late it was, and where it came from")
        equal(log[0]["revisions"][1]["lateness_max_ns"][:-6], origin[0]["ms"], "its lateness, by SQL and by the endpoint")
        equal(log[0]["revisions"][0]["lateness_max_ns"], None, "the lateness of what was on time")

        write = server.write
        base = (now - 600) // 300 * 300
        send = lambda value, version, measure="cpu_idle", t=base: write.write_records(
            DatabaseName=DATABASE, TableName=TABLE,
            Records=[{"Dimensions": DIMENSIONS, "MeasureName": measure, "MeasureValue": value, "MeasureValueType": "DOUBLE",
                      "Time": str(t), "TimeUnit": "SECONDS", "Version": version}])
        send("10", 1)
        row = ("a", base + 300)
        wait_for("the written point's window is published", lambda: averages(server).get(row) == 10.0)
        send("20", 2)
        wait_for("the correction changed the average", lambda: averages(server).get(row) == 20.0)
        equal([x["revision"] for x in revisions(server, host="a")[0]["revisions"]], ["1", "2"], "its revisions")

        refused = rejected(lambda: send("30", 1))
        equal((refused[0]["RecordIndex"], refused[0]["ExistingVersion"]), (0, 2), "the lower version's rejection")
        check("lower than the existing version 2" in refused[0]["Reason"], refused[0]["Reason"])
        reserved = rejected(lambda: send("1", 9, measure="avg_cpu_idle"))
        check("series is maintained by view" in reserved[0]["Reason"] and "ec2-5m" in reserved[0]["Reason"], reserved[0]["Reason"])
        # One more accepted write behind them: what it shows, the rejected ones would have shown too.
        send("11", 1, t=base + 1)
        wait_for("the next point counts", lambda: averages(server).get(row) == 15.5)
        equal({k for k in averages(server) if averages(server)[k] != after.get(k)}, {row}, "rows that changed")

        # The same facts in SQL, from memory, from files and after a restart; and the late row as it was.
        log = agree(server)
        changed = [entries for key, entries in log.items() if key[1] == str(late_row[1] * 10**9) and len(entries) == 2][0]
        at = int(changed[1][5])
        then = lambda: [as_of(server, t).get(late_row) for t in (int(changed[0][5]) - 1, at - 1, at)]
        want = [None, ("1", 50.0), ("2", after[late_row])]
        equal(then(), want, "the late row as it was, and is")
        text = revisions_text(server)
        for call in (["store", "flush"], ["store", "compact", "--full"]):
            server.cli(*call)
            equal(agree(server), log, f"the log after {' '.join(call)}")
            equal(revisions_text(server), text, f"the endpoint's bytes after {' '.join(call)}")
        server.restart()
        server.wait_settled((now - 95) // 300 * 300)
        equal(agree(server), log, "the log after the restart")
        equal(revisions_text(server), text, "the endpoint's bytes after the restart")
        equal(then(), want, "the late row as it was, from files")


run(main)
