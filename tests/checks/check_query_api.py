"""The QUERY API with boto3: pages in time, cancelling, PrepareQuery, scheduled queries, UNLOAD.

Facts are those of the reference page timestream-api.md sections 5 and 8; the unit tests name its rows one by one.
"""
import csv
import gzip
import io
import json
import time

import botocore.exceptions

from harness import Server, check, equal, wait_for

DB, TABLE, TARGET = "plant", "motors", "hours"
ROWS = 2500
# 10^10 rows: minutes of work, so it runs until somebody ends it.
ENDLESS = ("SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x) CROSS JOIN UNNEST(sequence(1, 10000)) b(y) "
           "CROSS JOIN UNNEST(sequence(1, 100)) c(z) WHERE (x * y + z) % 7 = 3")


def error_of(call):
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("no error")


def fill(server):
    write = server.write
    write.create_database(DatabaseName=DB)
    for table in (TABLE, TARGET):
        write.create_table(DatabaseName=DB, TableName=table, RetentionProperties={
            "MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 10})
    now = int(time.time()) - 3600
    for start in range(0, ROWS, 100):
        records = [{"Dimensions": [{"Name": "line", "Value": f"l{i % 5}"}], "Time": str(now + i)} for i in range(start, start + 100)]
        for i, r in enumerate(records):
            r["MeasureValue"] = str(start + i)
        write.write_records(DatabaseName=DB, TableName=TABLE, Records=records,
                            CommonAttributes={"MeasureName": "rpm", "MeasureValueType": "DOUBLE", "TimeUnit": "SECONDS"})


def pages(server):
    sql = f'SELECT time, measure_value::double FROM "{DB}"."{TABLE}" ORDER BY time'
    # Rows 89 and 92: the paginator draws a new ClientToken for each page.
    seen = list(server.query.get_paginator("query").paginate(QueryString=sql, PaginationConfig={"PageSize": 1000}))
    check(len(seen) >= 3, f"{len(seen)} pages")
    equal(len({page["QueryId"] for page in seen}), 1, "query ids")
    rows = [row["Data"][1]["ScalarValue"] for page in seen for row in page["Rows"]]
    equal(rows, [f"{i}.0" if i < 10**7 else str(float(i)) for i in range(ROWS)], "rows over all pages")
    # Rows 90, 91.
    first = server.query.query(QueryString=sql, MaxRows=10)
    while not first["Rows"]:
        first = server.query.query(QueryString=sql, NextToken=first["NextToken"])
    twice = [server.query.query(QueryString=sql, NextToken=first["NextToken"])["Rows"] for _ in range(2)]
    equal(twice[0], twice[1], "one token twice")
    code, text = error_of(lambda: server.query.query(QueryString=sql + " ", NextToken=first["NextToken"]))
    equal((code, text), ("ValidationException", "Invalid pagination token."), "another statement's token")
    # Whatever the values cause is the statement's fault.
    code, _ = error_of(lambda: server.query.query(QueryString=f'SELECT 1 / (measure_value::double - measure_value::double), '
                                                              f'1 / CAST(0 * measure_value::double AS bigint) FROM "{DB}"."{TABLE}"'))
    equal(code, "ValidationException", "division by zero")
    return sql, first["NextToken"]


def cancel(server):
    page = server.query.query(QueryString=ENDLESS)
    equal(page["Rows"], [], "rows of an endless statement")
    equal([c["Name"] for c in page["ColumnInfo"]], ["_col0"], "its columns")
    check("NextToken" in page and "ProgressPercentage" in page["QueryStatus"], f"an empty page: {page}")
    wait_for("the statement is counted", lambda: server.metric("tidemark_query_running") >= 1)
    listed = server.api("/queries")[1]["queries"][0]
    equal((listed["query_id"], listed["origin"]), (page["QueryId"], "timestream"), "the list of queries")
    server.query.cancel_query(QueryId=page["QueryId"])
    code, _ = error_of(lambda: server.query.query(QueryString=ENDLESS, NextToken=page["NextToken"]))
    equal(code, "ConflictException", "the page of a cancelled query")
    check("CancellationMessage" in server.query.cancel_query(QueryId=page["QueryId"]), "a second cancel says so")
    wait_for("nothing runs", lambda: server.metric("tidemark_query_running") == 0)
    # From the console's list too.
    page = server.query.query(QueryString=ENDLESS)
    equal(server.api(f"/queries/{page['QueryId']}", method="DELETE")[0], 204, "cancel from the list")
    wait_for("nothing runs", lambda: server.metric("tidemark_query_running") == 0)
    code, _ = error_of(lambda: server.query.query(QueryString=ENDLESS, NextToken=page["NextToken"]))
    equal(code, "ConflictException", "its page")


def prepare(server):
    answer = server.query.prepare_query(
        QueryString=f'SELECT measure_value::double AS r FROM "{DB}"."{TABLE}" WHERE time > @from', ValidateOnly=True)
    equal(answer["Columns"], [{"Name": "r", "Type": {"ScalarType": "DOUBLE"}, "DatabaseName": DB, "TableName": TABLE, "Aliased": True}],
          "prepared columns")
    equal(answer["Parameters"], [{"Name": "from", "Type": {"ScalarType": "TIMESTAMP"}}], "prepared parameters")
    equal(error_of(lambda: server.query.query(QueryString="SELECT @from"))[0], "ValidationException", "a parameter without value")


def scheduled(server):
    query = server.query
    arn = query.create_scheduled_query(
        Name="hourly",
        QueryString=f'SELECT bin(time, 1h) AS h, line, avg(measure_value::double) AS a, count(*) AS n FROM "{DB}"."{TABLE}" '
                    "WHERE time <= @scheduled_runtime GROUP BY bin(time, 1h), line",
        ScheduleConfiguration={"ScheduleExpression": "cron(0 0 1 1 ? 2190)"},
        NotificationConfiguration={"SnsConfiguration": {"TopicArn": "arn:aws:sns:us-east-1:111122223333:t"}},
        ScheduledQueryExecutionRoleArn="arn:aws:iam::111122223333:role/r",
        ErrorReportConfiguration={"S3Configuration": {"BucketName": "err-bucket"}},
        TargetConfiguration={"TimestreamConfiguration": {
            "DatabaseName": DB, "TableName": TARGET, "TimeColumn": "h",
            "DimensionMappings": [{"Name": "line", "DimensionValueType": "VARCHAR"}],
            "MultiMeasureMappings": {"TargetMultiMeasureName": "agg", "MultiMeasureAttributeMappings": [
                {"SourceColumn": "a", "MeasureValueType": "DOUBLE"}, {"SourceColumn": "n", "MeasureValueType": "BIGINT"}]}}})["Arn"]
    described = query.describe_scheduled_query(ScheduledQueryArn=arn)["ScheduledQuery"]
    equal(described["State"], "ENABLED", "state")
    for _ in range(2):  # the second run's rows replace the first one's
        before = query.describe_scheduled_query(ScheduledQueryArn=arn)["ScheduledQuery"].get("LastRunSummary", {}).get("TriggerTime")
        query.execute_scheduled_query(ScheduledQueryArn=arn, InvocationTime=int(time.time()))
        summary = wait_for("the run has ended", lambda: (lambda s: s if s and s["TriggerTime"] != before else None)(
            query.describe_scheduled_query(ScheduledQueryArn=arn)["ScheduledQuery"].get("LastRunSummary")))
        equal(summary["RunStatus"], "MANUAL_TRIGGER_SUCCESS", f"run {summary}")
    rows = server.rows(f'SELECT line, h.a, h.n FROM "{DB}"."{TARGET}" h')
    equal(sum(int(row["n"]) for row in rows), ROWS, "rows that the aggregates counted")
    equal([q["Name"] for q in query.list_scheduled_queries()["ScheduledQueries"]], ["hourly"], "list")
    query.tag_resource(ResourceARN=arn, Tags=[{"Key": "env", "Value": "dev"}])
    equal(query.list_tags_for_resource(ResourceARN=arn)["Tags"], [{"Key": "env", "Value": "dev"}], "tags")
    query.update_scheduled_query(ScheduledQueryArn=arn, State="DISABLED")
    return arn


def after_restart(server, sql, token, arn):
    server.restart()
    code, text = error_of(lambda: server.query.query(QueryString=sql, NextToken=token))
    equal((code, text), ("ValidationException", "Invalid pagination token."), "a token of the process before")
    kept = server.query.describe_scheduled_query(ScheduledQueryArn=arn)["ScheduledQuery"]
    equal((kept["State"], kept["LastRunSummary"]["RunStatus"]), ("DISABLED", "MANUAL_TRIGGER_SUCCESS"), "after a restart")
    server.query.delete_scheduled_query(ScheduledQueryArn=arn)
    equal(error_of(lambda: server.query.describe_scheduled_query(ScheduledQueryArn=arn))[0], "ResourceNotFoundException", "deleted")


def unload(server, exports):
    def object_of(uri):
        check(uri.startswith("s3://bucket/"), uri)
        return (exports / uri[5:]).read_bytes()

    def run(options):
        row, = server.rows(f'UNLOAD (SELECT time, measure_value::double AS v, line FROM "{DB}"."{TABLE}") '
                           f"TO 's3://bucket/daily' WITH ({options}, partitioned_by = ARRAY['line'])")
        manifest = json.loads(object_of(row["manifestFile"]))
        check(json.loads(object_of(row["metadataFile"]))["ColumnInfo"], "metadata")
        equal((row["rows"], manifest["query_metadata"]["total_row_count"]), (str(ROWS), ROWS), "rows")
        equal(len(manifest["result_files"]), 5, "one file a partition")
        return manifest["result_files"]

    values = []
    for file in run("format = 'CSV'"):
        data = object_of(file["url"])
        equal(len(data), file["file_metadata"]["content_length_in_bytes"], "length")
        values += [float(v) for _, v in csv.reader(io.StringIO(gzip.decompress(data).decode()))]
    equal(sorted(values), [float(i) for i in range(ROWS)], "unloaded values")
    for file in run("format = 'PARQUET'"):
        data = object_of(file["url"])
        check(data[:4] == data[-4:] == b"PAR1" and "/line=l" in file["url"], file["url"])


def main(server_class=Server):
    server = server_class(stack=None)
    exports = server.folder / "exports"
    server.folder.mkdir(parents=True, exist_ok=True)
    server.config = server.folder / "tidemark.toml"
    server.config.write_text(f'[sql]\nfirst_page_wait = "200ms"\ntimeout = "10m"\n[export]\ndirectory = "{exports}"\n')
    with server:
        fill(server)
        sql, token = pages(server)
        cancel(server)
        prepare(server)
        arn = scheduled(server)
        unload(server, exports)
        after_restart(server, sql, token, arn)


if __name__ == "__main__":
    main()
