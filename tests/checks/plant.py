"""The plant that checks of views share: a database and a table by a stack, points into it, and waiting until a comparison holds."""
from harness import Failed, wait_for

DB, TABLE = "plant", "motors"
BASE = f"""
[[database]]
name = "{DB}"
[[table]]
database = "{DB}"
name = "{TABLE}"
memory_retention = "24h"
magnetic_retention = "10d"
"""


def write(server, records):
    """By WriteRecords, a hundred at a time."""
    for start in range(0, len(records), 100):
        server.write.write_records(DatabaseName=DB, TableName=TABLE, Records=records[start:start + 100])


def point(at, measure, value, version=1, kind="BIGINT", **dimensions):
    """A record of WriteRecords; `at` in seconds. `value` is a list of MeasureValues where `kind` is MULTI."""
    return {"Dimensions": [{"Name": name, "Value": text} for name, text in dimensions.items()], "MeasureName": measure, "Time": str(at),
            "TimeUnit": "SECONDS", "MeasureValueType": kind, "Version": version,
            **({"MeasureValues": value} if kind == "MULTI" else {"MeasureValue": str(value)})}


def apply(server, text, *flags):
    """What the command says."""
    path = server.folder / "stack.toml"
    path.write_text(text)
    return server.cli("apply", *flags, str(path)).stdout


def settled(server, views, until, compare):
    """What `compare` gives of the first view's watermark, once it holds and all `views` have come to `until`; both in seconds."""
    why = []

    def probe():
        marks = [server.view(name)["watermark"] for name in views]
        if any(mark is None or int(mark) // 10**9 < until for mark in marks):
            return None
        try:
            return compare(int(marks[0]) // 10**9)
        except Failed as error:  # a change is on its way
            why[:] = [error]
            return None

    try:
        return wait_for("the rows are what they are to be", probe)
    except Failed:
        raise (why or [Failed("the watermark did not come")])[0] from None
