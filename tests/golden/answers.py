"""What a server answers about a data directory, as plain JSON values that two servers can be compared by.

collect() asks the questions of a golden directory; differences() names what differs from what it answered when it
was made. Nothing here depends on the time of day, but for one thing that does expire: see records_kept().
"""
import json
import base64
import itertools
import sys
import pathlib
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "checks"))
import botocore.exceptions

TABLE_KEYS = ["DatabaseName", "TableName", "TableStatus", "RetentionProperties", "MagneticStoreWriteProperties"]
STREAM_KEYS = ["StreamName", "StreamARN", "StreamStatus", "RetentionPeriodHours", "OpenShardCount"]


def ask_query(server, sql):
    """Columns with their types and every row, as the wire's text; None is NULL, an array as the wire has it."""
    columns, rows, token, query = None, [], None, server.query
    while True:
        page = query.query(QueryString=sql, **({"NextToken": token} if token else {}))
        columns = [[c["Name"], c["Type"].get("ScalarType", c["Type"])] for c in page["ColumnInfo"]]
        rows += [[None if d.get("NullValue") else d.get("ScalarValue", d) for d in row["Data"]] for row in page["Rows"]]
        token = page.get("NextToken")
        if not token:
            return {"columns": columns, "rows": rows}


def ask_bytes(server, path):
    """The body of GET path, byte for byte."""
    return urllib.request.urlopen(server.url + path, timeout=60).read().decode()


def ask_table(server, database, table):
    answer = server.write.describe_table(DatabaseName=database, TableName=table)["Table"]
    return {key: answer.get(key) for key in TABLE_KEYS} | {"CreationTime": answer["CreationTime"].timestamp()}


def ask_stream(server, name):
    kinesis = server.kinesis
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    out = {key: summary[key] for key in STREAM_KEYS}
    out["StreamCreationTimestamp"] = summary["StreamCreationTimestamp"].timestamp()
    out["Shards"] = kinesis.list_shards(StreamName=name)["Shards"]
    out["Records"] = {}
    for shard in out["Shards"]:
        records = out["Records"][shard["ShardId"]] = []
        iterator = kinesis.get_shard_iterator(StreamName=name, ShardId=shard["ShardId"],
                                              ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while True:
            page = kinesis.get_records(ShardIterator=iterator)
            records += [[r["SequenceNumber"], r["PartitionKey"], r["ApproximateArrivalTimestamp"].timestamp(),
                         text_of(r["Data"])] for r in page["Records"]]
            if not page["Records"] and page["MillisBehindLatest"] == 0:
                break
            iterator = page["NextShardIterator"]
    return out


def text_of(data):
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def ask_write(server, request):
    """What a write that must be refused is answered: the versions that are in its way."""
    try:
        server.write.write_records(**request)
    except botocore.exceptions.ClientError as error:
        refused = error.response.get("RejectedRecords", [])
        return {"code": error.response["Error"]["Code"],
                "rejected": [[r["RecordIndex"], r.get("ExistingVersion")] for r in refused]}
    return {"code": None, "rejected": []}


def ask_progress(server):
    """How far pipelines and views have come."""
    out = {"pipelines": {}, "views": {}}
    for one in server.api("/pipelines")[1]["pipelines"]:
        pipeline = server.pipeline(one["name"])
        out["pipelines"][one["name"]] = {p["partition"]: p["position"] for p in pipeline["partitions"]}
    for one in server.api("/views")[1]["views"]:
        out["views"][one["name"]] = server.view(one["name"])["watermark"]
    return out


def settled(server):
    """All pipelines and views run, and none has anything left to do."""
    return (all(server.pipeline(one["name"])["state"] == "running" for one in server.api("/pipelines")[1]["pipelines"]) and
            all(server.view(one["name"])["state"] == "running" and server.view(one["name"])["dirty"] == "0"
                for one in server.api("/views")[1]["views"]))


def collect(server, questions):
    return {
        "progress": ask_progress(server),
        "queries": {sql: ask_query(server, sql) for sql in questions["queries"]},
        "revisions": {path: ask_bytes(server, path) for path in questions["revisions"]},
        "tables": [ask_table(server, *name) for name in questions["tables"]],
        "streams": [ask_stream(server, name) for name in questions["streams"]],
        "refused": [ask_write(server, request) for request in questions["refused"]],
    }


def records_kept(want, got, retention_hours):
    """`want`, without what the stream's retention may have dropped from its front by now."""
    limit = time.time() - retention_hours * 3600 + 3600
    expired = len(list(itertools.takewhile(lambda record: record[2] < limit, want)))
    missing = max(0, len(want) - len(got))
    return want[min(missing, expired):]


def without_additions(want, got):
    """`got` without the members that were added to the answer since `want` was recorded."""
    if isinstance(want, dict) and isinstance(got, dict):
        return {key: without_additions(want[key], value) for key, value in got.items() if key in want}
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [without_additions(w, g) for w, g in zip(want, got)]
    return got


def differences(want, got, where=""):
    """The first differences, as lines; none: equal."""
    if where.startswith("/revisions/") and isinstance(want, str) and isinstance(got, str):
        # The answer of the endpoint as text; its members may have grown in number.
        want = json.loads(want)
        return differences(want, without_additions(want, json.loads(got)), where[len("/revisions"):])
    if isinstance(want, dict) and isinstance(got, dict):
        out = [f"{where}/{key}: {'is missing' if key in want else 'is new'}" for key in want.keys() ^ got.keys()]
        for key in want.keys() & got.keys():
            wanted = want[key]
            if key == "Records":
                wanted = {shard: records_kept(records, got[key].get(shard, []), want["RetentionPeriodHours"])
                          for shard, records in wanted.items()}
            out += differences(wanted, got[key], f"{where}/{key}")
        return sorted(out)
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return [line for i, (w, g) in enumerate(zip(want, got)) for line in differences(w, g, f"{where}/{i}")]
    return [] if want == got else [f"{where}: want {want!r}, got {got!r}"]
