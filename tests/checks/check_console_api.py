"""What the console's pages ask of the server, over the wire: who may call, what statements answer, tables, saved
queries, dashboards and their links, scheduled queries, clients' hand-shakes, and what was known at an earlier time.

Shapes and bounds are unit tests'; here the real engine, store and process stand behind the routes.
"""
import contextlib
import http.client
import json
import socket
import struct
import threading
import time
import urllib.parse

from harness import DATABASE, STREAM, TABLE, Server, check, equal, put, record, run, wait_for

MAGIC = b"TMCOLS1\n"
TYPES = {"timestamp_ns": "q", "bigint": "q", "double": "d", "integer": "i", "boolean": "B"}


def call(server, method, path, body=None, **headers):
    """(status, headers, bytes) with exactly these headers ('_' is '-')."""
    address = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=120)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body=None if body is None else json.dumps(body), headers=names)
    answer = connection.getresponse()
    out = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    connection.close()
    return out


def blocks(data):
    out = []
    while data:
        check(data.startswith(MAGIC), f"a block begins with {data[:8]!r}")
        (size,) = struct.unpack_from("<I", data, 8)
        header = json.loads(data[12:12 + size])
        begin = (12 + size + 7) // 8 * 8
        columns = {}
        for column in header["columns"]:
            offset, length = column["buf"]
            buffer = data[begin + offset:begin + offset + length]
            if column["type"] in TYPES:
                code = TYPES[column["type"]]
                columns[column["name"]] = list(struct.unpack(f"<{length // struct.calcsize(code)}{code}", buffer))
            elif column["type"] == "dict":
                codes = struct.unpack(f"<{length // 4}I", buffer)
                columns[column["name"]] = [column["dict"][code] for code in codes]
        out.append((header, columns))
        data = data[begin + header["bytes"]:]
    return out


def hardening(server):
    aws = {"X_Amz_Target": "Kinesis_20131202.ListStreams", "Content_Type": "application/x-amz-json-1.1"}
    equal(call(server, "POST", "/", {}, **aws)[0], 200, "ListStreams")
    for host in ("evil.example:4580", "127.0.0.1.evil.example"):
        equal(call(server, "POST", "/", {}, Host=host, **aws)[0], 403, f"ListStreams for {host}")
        equal(call(server, "GET", "/api/v1/overview", Host=host)[0], 403, f"overview for {host}")
        equal(call(server, "GET", "/ui/", Host=host)[0], 403, f"pages for {host}")
        equal(call(server, "GET", "/metrics", Host=host)[0], 403, f"metrics for {host}")
    equal(call(server, "GET", "/ui/", Host="console.example")[0], 200, "pages for an allowed name")
    equal(call(server, "POST", "/", {}, Origin="https://evil.example", **aws)[0], 403, "ListStreams from another site")
    equal(call(server, "GET", "/api/v1/overview", Sec_Fetch_Site="cross-site")[0], 403, "overview from another site")
    query = {"sql": "SELECT 1"}
    equal(call(server, "POST", "/api/v1/query", query, Content_Type="application/json")[0], 403, "without X-Console")
    status, headers, _ = call(server, "POST", "/api/v1/query", query, X_Console="1")
    equal(status, 200, "with X-Console")
    check("set-cookie" not in headers, "no cookie while there is no sign-in")
    for path in ("/ui/", "/api/v1/overview"):
        check(call(server, "GET", path)[1]["content-security-policy"].startswith("default-src 'none'"), f"policy of {path}")


def about(server):
    info = server.api("/info")[1]
    equal(info["allowed_hosts"], ["console.example"], "allowed hosts")
    settings = {s["name"]: s for s in server.api("/settings")[1]["settings"]}
    equal(settings["http.allowed_hosts"]["source"], "file", "source of a value in the file")
    equal(settings["data_dir"]["source"], "flag", "source of a flag")
    equal((settings["sql.timeout"]["value"], settings["sql.timeout"]["source"]), ("60s", "default"), "a default")


def statements(server, start):
    sql = f'SELECT time, instance_name, measure_value::double AS v FROM $__database.$__table WHERE $__timeFilter ' \
          "AND measure_name = '$__measure' ORDER BY time"
    body = {"sql": sql, "database": DATABASE, "table": TABLE, "measure": "cpu_user", "from": str(start * 1000),
            "to": str((start + 600) * 1000)}
    status, headers, data = call(server, "POST", "/api/v1/query", body, X_Console="1", Accept="application/vnd.tidemark.columns")
    equal((status, headers["content-type"]), (200, "application/vnd.tidemark.columns"), "a block")
    (header, columns), = blocks(data)
    equal(columns["time"], [(start + i) * 10**9 for i in range(40)], "times")
    equal(columns["v"], [float(i % 7) for i in range(40)], "values")
    equal(set(columns["instance_name"]), {"i-1"}, "dictionary")
    check("from_milliseconds" in header["expanded_sql"], header["expanded_sql"])
    reduced = server.api("/query", {**body, "max_points": 10})[1]
    check(reduced["reduced"] and len(reduced["rows"]) <= 12, f"{len(reduced['rows'])} rows after reduction")

    status, answer = server.api("/query", {"sql": "SELECT $__now_ms,\n  nope FROM $__database.$__table", "database": DATABASE,
                                           "table": TABLE})
    equal((status, answer["error"]["line"], answer["error"]["column"]), (400, 2, 3), "place of an error")
    valid = server.api("/sql:validate", {"sql": f'SELECT 1;\nSELECT regon FROM "{DATABASE}"."{TABLE}"'})[1]
    equal([(d["line"], d["column"], d["end_column"]) for d in valid["diagnostics"]], [(2, 8, 13)], "diagnostics")
    check("region" in valid["diagnostics"][0]["hint"], valid["diagnostics"][0])
    functions = server.api("/sql/functions")[1]
    check(len(functions["functions"]) > 150 and all(f["help"] for f in functions["functions"]), "functions with help")


def cancel(server):
    """The first page of a long statement is awaited; its progress is told and it is cancelled."""
    long = "SELECT count(*) AS n FROM UNNEST(sequence(1, 9000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 9000)) AS b(y) " \
           "CROSS JOIN UNNEST(sequence(1, 9000)) AS c(z) WHERE x + y + z < 0"
    got = []
    thread = threading.Thread(target=lambda: got.append(server.api("/query", {"sql": long, "id": "check-cancel"})))
    thread.start()
    wait_for("the statement runs", lambda: server.api("/query/check-cancel")[1].get("state") == "running")
    equal(server.api("/query", {"sql": "SELECT 1", "id": "check-cancel"})[0], 409, "an id in use")
    begun = time.monotonic()
    equal(server.api("/query/check-cancel", method="DELETE")[0], 204, "cancel")
    thread.join()
    equal((got[0][0], got[0][1]["error"]["code"]), (409, "cancelled"), "the awaited page")
    check(time.monotonic() - begun < 30, "a cancelled statement ends soon")
    equal(server.api("/query/check-cancel")[1]["state"], "cancelled", "state afterwards")


def tables(server, start):
    at = f"/databases/{DATABASE}/tables/{TABLE}"
    schema = server.api(f"{at}/schema")[1]
    check({"region", "instance_name"} <= {d["name"] for d in schema["dimensions"]}, schema["dimensions"])
    views = {m["name"]: m["view"] for m in schema["measures"]}
    equal((views["cpu_user"], views["avg_cpu_user"]), (None, "ec2-5m"), "who writes the measures")
    equal(int(schema["newest"]) // 10**9 >= start + 39, True, "newest time")
    equal(server.api(f"{at}/values?column=region&q=EAST")[1]["values"], ["us-east-1"], "values of a dimension")
    sample = server.api(f"{at}/sample?limit=3&measure=cpu_user")[1]
    equal(len(sample["rows"]), 3, "rows of the sample")
    storage = server.api(f"{at}/storage?time={time.time_ns()}")[1]
    equal(storage["at"]["zone"], "memory", "zone of now")
    # What the zones say is what WriteRecords does.
    for zone in storage["zones"]:
        inside = int(zone["from"]) + 60 * 10**9 if zone["from"] else int(zone["to"]) - 60 * 10**9
        written, client = True, server.write
        try:
            client.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=[{
                "Dimensions": [{"Name": "region", "Value": "zones"}], "MeasureName": "zone", "MeasureValue": "1",
                "Time": str(inside), "TimeUnit": "NANOSECONDS"}])
        except client.exceptions.RejectedRecordsException:
            written = False
        equal(written, zone["accepted"], f"a write into the zone {zone['zone']}")


def rejections(server):
    at = f"/databases/{DATABASE}/tables/{TABLE}/rejections"
    record_of = {"Dimensions": [{"Name": "region", "Value": "r"}], "MeasureName": "m", "MeasureValue": "1",
                 "Time": str(time.time_ns() // 10**6), "Version": 5}
    client, reason = server.write, None
    client.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=[record_of])
    try:
        client.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=[{**record_of, "MeasureValue": "2", "Version": 4}])
    except client.exceptions.RejectedRecordsException as error:
        reason = error.response["RejectedRecords"][0]["Reason"]
    group, = [g for g in server.api(at)[1]["groups"] if g["reason"] == "version_lower"]
    equal(group["text"], reason, "the API's own text")
    sample = group["samples"][0]
    equal((sample["existing_version"], sample["version"], sample["measure"], sample["dimensions"], sample["source"]),
          ("5", "4", "m", {"region": "r"}, "api"), "sample")


def kept(server):
    """Saved queries and dashboards survive a restart; a link reads what is published."""
    equal(server.api("/saved-queries", {"id": "cpu", "name": "cpu", "sql": "SELECT 1"})[0], 201, "a saved query")
    panel = {"id": "p", "queries": [{"sql": "SELECT count(*) AS n FROM $__database.$__table WHERE instance_name IN ('$host')",
                                     "database": DATABASE, "table": TABLE}]}
    definition = {"schema": 1, "title": "EC2", "variables": [{"name": "host", "default": "i-1"}], "panels": [panel]}
    equal(server.api("/dashboards", {"id": "ec2-check", "definition": definition})[0], 201, "a dashboard")
    status, _, body = call(server, "POST", "/api/v1/dashboards/ec2-check:publish", {}, X_Console="1", If_Match="*")
    equal(status, 200, body)
    token = server.api("/dashboards/ec2-check/shares", {})[1]["token"]
    server.restart()
    equal(server.api("/saved-queries/cpu")[1]["sql"], "SELECT 1", "after a restart")
    link = {"Authorization": f"Bearer {token}", "X_Console": "1"}
    status, _, body = call(server, "GET", "/api/v1/share", **link)
    equal((status, json.loads(body)["definition"]), (200, definition), "what a link reads")
    status, _, body = call(server, "POST", "/api/v1/panels:data", {"panels": [{"id": "p"}]}, **link)
    rows = json.loads(body)["panels"][0]["rows"]
    check(status == 200 and int(rows[0][0]) >= 40, rows)
    for method, path in (("POST", "/query"), ("DELETE", "/dashboards/ec2-check"), ("POST", "/pipelines/ec2/stop"),
                         ("POST", "/panels:data")):
        status = call(server, method, "/api/v1" + path, {"panels": [{"sql": "SELECT 1"}]}, **link)[0]
        equal(status, 403, f"{method} {path} with a link")
    equal(call(server, "DELETE", "/api/v1/dashboards/ec2-check", X_Console="1", If_Match="*")[0], 204, "delete")
    equal(call(server, "GET", "/api/v1/share", **link)[0], 401, "a link of a dashboard that is gone")


def schedules(server, start):
    """A statement is scheduled, run and taken back; its rows are in the target table."""
    path = "/scheduled-queries"
    def refusal(**change):
        status, answer = server.api(path, {**body, **change})
        return status, answer["error"]["code"], answer["error"]["field"]

    target = {"database": DATABASE, "table": TABLE, "time_column": "t", "dimensions": ["instance_name"], "measure_name_column": None,
              "measures": [{"column": "m", "type": "double", "name": "top"}], "multi_measure_name": "scheduled"}
    body = {"name": "hourly", "schedule": "cron(0 0 1 1 ? 2190)", "target": target, "report": {"bucket": "bad-rows", "prefix": "p"},
            "sql": f'SELECT bin(time, 1h) AS t, instance_name, max(measure_value::double) AS m FROM "{DATABASE}"."{TABLE}" WHERE '
                   "measure_name = 'cpu_user' AND time <= @scheduled_runtime GROUP BY bin(time, 1h), instance_name"}
    equal(refusal(name="a b"), (400, "invalid_request", "name"), "a name")
    equal(refusal(name=None), (400, "invalid_request", "name"), "no name")
    equal(refusal(sql="SELECT nope"), (400, "invalid_sql", "sql"), "a statement")
    equal(refusal(sql="SELECT @other"), (400, "invalid_sql", "sql"), "a parameter")
    equal(refusal(schedule="cron(5 * *)"), (400, "invalid_request", "schedule"), "a schedule")
    equal(refusal(target={**target, "table": "none"}), (400, "invalid_request", "target"), "a table")
    equal(refusal(target={**target, "time_column": "m"}), (400, "invalid_request", "target"), "a column's type")
    equal(refusal(target={**target, "measures": [{"column": "m", "type": "int"}]}), (400, "invalid_request", "target"), "a type")
    equal(refusal(target={**target, "database": 7}), (400, "invalid_request", "target"), "a number")
    equal(refusal(report={"bucket": "B"}), (400, "invalid_request", "report"), "a bucket")

    status, answer = server.api(path + ":check", {"schedule": "cron(5 * *)"})
    equal((status, answer["error"]["field"]), (400, "schedule"), "a schedule alone")
    times = [int(at) for at in server.api(path + ":check", {"schedule": "rate(5 minutes)"})[1]["next"]]
    equal([b - a for a, b in zip(times, times[1:])], [300 * 10**9] * 4, "five due times")
    equal(server.api(path + ":check", {"schedule": "cron(0 0 1 1 ? 2190)"})[1]["next"], [str(6942585600 * 10**9)], "the only one")

    status, made = server.api(path, body)
    equal((status, made["target"], made["report"], made["runs"]), (201, target, body["report"], []), "created")
    equal(server.api(path, body)[0], 409, "the name is taken")
    equal(made["arn"], server.query.list_scheduled_queries()["ScheduledQueries"][0]["Arn"], "the same as the API's")
    equal([q["name"] for q in server.api(path + "?limit=1000&sort=name")[1]["items"]], ["hourly"], "list")
    equal(server.api(f"{path}/hourly:run", {"at": str((start + 600) * 10**9)})[0], 202, "run")
    one = wait_for("the run has ended", lambda: (lambda q: q if q["runs"] else None)(server.api(f"{path}/hourly")[1]))
    last = one["last"]
    check(last["succeeded"] and last["manual"] and last["failure"] is None and last["report"] is None, last)
    equal((one["runs"], last["invocation"], int(last["records"])), ([last], str((start + 600) * 10**9), int(last["rows"])), "history")
    rows = server.rows(f'SELECT top FROM "{DATABASE}"."{TABLE}" WHERE measure_name = \'scheduled\' AND instance_name = \'i-1\'')
    equal((len(rows), {float(row["top"]) for row in rows}), (int(last["rows"]), {6.0}), "rows in the target table")

    off = server.api(f"{path}/hourly", {"enabled": False}, method="PATCH")[1]
    equal((off["enabled"], off["next_run"]), (False, None), "disabled")
    equal(server.query.list_scheduled_queries()["ScheduledQueries"][0]["State"], "DISABLED", "to the API too")
    equal(server.api(f"{path}/hourly", method="DELETE")[0], 204, "delete")
    equal(server.api(f"{path}/hourly")[1]["error"]["code"], "scheduled_query_not_found", "gone")


def connections(server):
    client = server.kinesis
    with contextlib.suppress(client.exceptions.ResourceNotFoundException):
        client.describe_stream_summary(StreamName="none")
    newest = server.api("/connections")[1]["items"][0]
    equal((newest["library"], newest["service"], newest["operation"], newest["status"], newest["code"], newest["ok"]),
          ("Boto3", "kinesis", "DescribeStreamSummary", 400, "ResourceNotFoundException", False), "a failed hand-shake")
    check("does not exist" in newest["sentence"], newest["sentence"])
    call_raw(server, b"\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03" + bytes(64))
    tls = server.api("/connections")[1]["items"][0]
    equal(tls["protocol"], "TLS", "TLS to a plain port")
    check("http://" in tls["sentence"], tls["sentence"])


def producers_and_activity(server):
    """console-ux.md 5.1 and 5.2: who puts records, and what happened lately, over a restart too."""
    client = server.kinesis
    client.put_records(StreamName=STREAM, Records=[{"Data": b"{}", "PartitionKey": "k"}] * 3)
    with contextlib.suppress(client.exceptions.ClientError):
        client.put_records(StreamName=STREAM, Records=[{"Data": b"{}", "PartitionKey": "k", "ExplicitHashKey": "x"}])
    [boto] = [p for p in server.api(f"/streams/{STREAM}/producers")[1]["producers"] if p["operation"] == "PutRecords"]
    equal((boto["library"], boto["protocol"], boto["address"]), ("Boto3", "HTTP/1.1", "127.0.0.1"), "a producer")
    check(int(boto["records"]) >= 3 and int(boto["bytes"]) >= 9, boto)
    equal([(e["code"], e["count"]) for e in boto["errors"]], [("ValidationException", "1")], "its errors")
    equal(server.api("/views/none/history")[0], 404, "history of no view")
    check(len(server.api("/overview/history")[1]["steps"]) >= 1, "the overview has a past")

    client.create_stream(StreamName="fleeting", ShardCount=1)
    client.delete_stream(StreamName="fleeting")
    wait_for("the stream is gone", lambda: server.api("/streams/fleeting")[0] == 404)
    server.restart()
    lately = [(a["kind"], a["name"], a["action"]) for a in server.api("/activity")[1]["items"]]
    equal(lately[:3], [("server", "tidemark", "restarted"), ("stream", "fleeting", "deleted"), ("stream", "fleeting", "created")], "activity")
    check(("table", f"{DATABASE}.{TABLE}", "created") in lately and ("server", "tidemark", "created") in lately, lately)


def call_raw(server, data):
    address = urllib.parse.urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(data)
        while connection.recv(4096):
            pass


def main():
    start = int(time.time()) // 300 * 300 - 1200
    with Server(config='[http]\nallowed_hosts = ["console.example"]\n') as server:
        put(server.kinesis, [record("cpu_user", float(i % 7), start + i) for i in range(40)], "k", STREAM)
        put(server.kinesis, [record("cpu_user", 1.0, start + 900)], "k", STREAM)
        server.wait_consumed()
        server.wait_settled(start + 600)
        hardening(server)
        about(server)
        statements(server, start)
        cancel(server)
        tables(server, start)
        rejections(server)
        schedules(server, start)
        connections(server)
        kept(server)
        producers_and_activity(server)


run(main)
