"""Every aggregate of a view against SELECT over the same points: equal, also after late points and corrections."""
import random
import time

from harness import Failed, Server, check, equal, wait_for

DB, TABLE = "plant", "motors"
# The view's name of an aggregate and what SQL calls it.
AGGREGATES = {
    "count": "count({v})", "sum": "sum({v})", "avg": "avg({v})", "min": "min({v})", "max": "max({v})",
    "first": "min_by({v}, time)", "last": "max_by({v}, time)", "var_pop": "var_pop({v})", "var_samp": "var_samp({v})",
    "stddev_pop": "stddev_pop({v})", "stddev_samp": "stddev_samp({v})", "median": "approx_percentile({v}, 0.5)",
    "p95": "approx_percentile({v}, 0.95)", "p99.9": "approx_percentile({v}, 0.999)", "approx_distinct": "approx_distinct({v})",
}
STACK = f"""
[[database]]
name = "{DB}"
[[table]]
database = "{DB}"
name = "{TABLE}"
memory_retention = "24h"
magnetic_retention = "10d"
[[view]]
name = "all"
database = "{DB}"
table = "{TABLE}"
types = ["DOUBLE", "BIGINT"]
aggregates = [{", ".join(f'"{name}"' for name in AGGREGATES)}]
output = "{{aggregate}}.{{measure}}"
window = "1m"
offset = "20s"
allowed_lateness = "10s"
"""


def put(server, points, version):
    """points: (seconds, host, measure, value)."""
    for start in range(0, len(points), 100):
        server.write.write_records(DatabaseName=DB, TableName=TABLE, Records=[
            {"Dimensions": [{"Name": "host", "Value": host}], "MeasureName": measure, "Time": str(at), "TimeUnit": "SECONDS",
             "MeasureValue": str(value), "MeasureValueType": "BIGINT" if measure == "n" else "DOUBLE", "Version": version}
            for at, host, measure, value in points[start:start + 100]])


def compare(server):
    """The number of rows, all equal to their SELECT."""
    rows = 0
    for measure, kind in (("t", "double"), ("n", "bigint")):
        value = f"measure_value::{kind}"
        raw = server.rows(f"SELECT host, bin(time - 20s, 1m) + 20s AS w, {', '.join(f'{sql.format(v=value)} AS c{i}' for i, sql in enumerate(AGGREGATES.values()))} "
                          f'FROM "{DB}"."{TABLE}" WHERE measure_name = \'{measure}\' GROUP BY 1, 2')
        for i, name in enumerate(AGGREGATES):
            made = {(r["host"], r["time"]): r["value"] for r in server.rows(
                f"SELECT host, time, CAST(coalesce(CAST(measure_value::double AS varchar), CAST(measure_value::bigint AS varchar)) AS varchar) AS value "
                f"FROM view_rows('all') WHERE measure_name = '{name}.{measure}'")}
            want = {(r["host"], r["w"]): r[f"c{i}"] for r in raw if r[f"c{i}"] is not None}
            if name in ("median", "p95", "p99.9") and kind == "bigint":  # DOUBLE in a view (docs/views.md)
                want = {key: f"{v}.0" for key, v in want.items()}
            closed = {key: v for key, v in want.items() if key in made}
            check(len(want) - len(closed) <= len({host for host, _ in want}), f"{name}: only the open window has no row")
            equal(made, closed, f"{name} of {measure}")
            rows += len(made)
    return rows


def settled(server, until):
    """The number of rows once the watermark is there and every row equals its SELECT."""
    why = []

    def probe():
        view = server.view("all")
        if view["watermark"] is None or int(view["watermark"]) // 10**9 < until:
            return None
        try:
            return compare(server)
        except Failed as error:  # a change is on its way
            why[:] = [error]
            return None

    try:
        return wait_for("the rows equal their SELECT", probe)
    except Failed:
        raise (why or [Failed("the watermark did not come")])[0] from None


def main(server_class=Server):
    server = server_class(stack=None)
    draw = random.Random(7)
    with server:
        stack = server.folder / "stack.toml"
        stack.write_text(STACK)
        server.cli("apply", str(stack))
        end = int(time.time()) // 60 * 60 - 600
        start = end - 1200
        points = [(at, host, measure, draw.randrange(1000) if measure == "n" else draw.choice([0.1, 1e16, -1e16, draw.random()]))
                  for at in range(start, end, 5) for host in ("a", "b") for measure in ("t", "n")]
        late = [p for p in points if draw.random() < 0.1 and p[0] < end - 300]
        put(server, [p for p in points if p not in set(late)], 1)
        before = settled(server, end - 6)
        check(before > 500, f"{before} rows")
        put(server, late, 1)
        put(server, [(at, host, measure, 5) for at, host, measure, _ in points[200:260]], 2)
        wait_for("late points and corrections are in", lambda: int(server.view("all")["revisions_total"]) > 0)
        check(settled(server, end - 6) >= before, "rows after late points and corrections")
        server.cli("store", "flush")
        server.restart(kill=True)
        settled(server, end - 6)


if __name__ == "__main__":
    main()
