"""A changed [[view]] is built beside the old one, unseen, over a kill, and takes its place at once; the log says what
each row was, and apply --wait prints the rows that changed."""
import json
import time

from harness import Server, check, equal, wait_for

DB, TABLE = "plant", "motors"
STACK = """
[[database]]
name = "plant"
[[table]]
database = "plant"
name = "motors"
memory_retention = "24h"
magnetic_retention = "10d"
[[view]]
name = "v"
database = "plant"
table = "motors"
window = "1m"
aggregates = ["AGGREGATE"]
output = "x_{measure}"
LATENESS
"""
HOSTS = 40


def put(server, first, minutes):
    records = [
        {"Dimensions": [{"Name": "host", "Value": f"h{host}"}], "MeasureName": "cpu", "Time": str(first + 60 * minute + k),
         "TimeUnit": "SECONDS", "MeasureValue": str(host + 10 * k), "MeasureValueType": "DOUBLE"}
        for minute in range(minutes) for host in range(HOSTS) for k in (0, 1)]
    for start in range(0, len(records), 100):
        server.write.write_records(DatabaseName=DB, TableName=TABLE, Records=records[start:start + 100])


def apply(server, aggregate, *flags, lateness=""):
    stack = server.folder / "stack.toml"
    stack.write_text(STACK.replace("AGGREGATE", aggregate).replace("LATENESS", lateness))
    return server.cli("apply", *flags, str(stack)).stdout


def planned(server, aggregate):
    """What --dry-run says of the view, as (action, detail)."""
    text = apply(server, aggregate, "--dry-run", "-o", "json")
    return [(i["action"], i["detail"]) for i in json.loads(text)["items"] if i["kind"] == "view"]


def values(server):
    return {(r["host"], r["time"]): float(r["v"])
            for r in server.rows("SELECT host, time, measure_value::double AS v FROM plant.motors WHERE measure_name = 'x_cpu'")}


def main():
    with Server(stack=None) as server:
        equal(planned(server, "sum"), [("create", "")], "what would be made")
        server.cli("view", "describe", "v", code=3)
        apply(server, "sum")
        equal(planned(server, "sum"), [("unchanged", "")], "what is there")
        first = int(time.time()) // 60 * 60 - 3600
        put(server, first, 20)
        rows = 19 * HOSTS
        wait_for("the first generation", lambda: len(values(server)) == rows)
        before = values(server)

        equal(planned(server, "max"), [("update", "builds generation 2 beside generation 1")], "what would change")
        text = apply(server, "max")
        check("generation 2 is being built" in text, text)
        server.restart(kill=True)
        wait_for("the second generation", lambda: server.api("/views/v/generations")[1]["generation"] == 2)
        after = values(server)
        equal(len(after), rows, "rows of the second generation")
        for key, value in after.items():
            host = float(key[0][1:])
            equal((before[key], value), (2 * host + 10, host + 10), key)
        log = server.rows("SELECT cause, old, new FROM view_revisions('v') WHERE host = 'h3' LIMIT 1")
        equal((log[0]["cause"], float(log[0]["old"]), float(log[0]["new"])), ("definition", 16.0, 13.0), "the log")

        # Late points reach the one that is seen.
        server.write.write_records(DatabaseName=DB, TableName=TABLE, Records=[
            {"Dimensions": [{"Name": "host", "Value": "h0"}], "MeasureName": "cpu", "Time": str(first + 5), "TimeUnit": "SECONDS",
             "MeasureValue": "500", "MeasureValueType": "DOUBLE"}])
        wait_for("a late point", lambda: max(values(server).values()) == 500)

        told = json.loads(apply(server, "min", "--wait", "-o", "json"))["generations"]["v"]
        equal((told["generation"], told["changed"], told["added"], told["removed"], told["same"]),
              (3, str(rows), "0", "0", "0"), "what apply --wait says")
        equal((len(told["rows"]), told["whole"]), (100, True), "rows that it names")
        equal(min(values(server).values()), 0.0, "rows of the third generation")

        # Nothing of the values differs; and a definition that is taken back changes nothing.
        text = apply(server, "min", "--wait", lateness='allowed_lateness = "1m"')
        check(f"0 rows changed, 0 added, 0 removed, {rows} as before" in text, text)
        text = apply(server, "min", lateness='allowed_lateness = "1m"')
        check(any(line.split()[:3] == ["unchanged", "view", "v"] for line in text.splitlines()), text)
        stack = server.folder / "stack.toml"
        stack.write_text(stack.read_text().replace('table = "motors"\nwindow', 'table = "motors"\ntarget_table = "other"\nwindow'))
        refused = server.cli("apply", "--dry-run", str(stack), code=8).stderr
        check("stack.toml: view \"v\" exists and differs" in refused, refused)
        stack.write_text("\n[[view]]\nname = \"w\"\ndatabase = \"plant\"\ntable = \"motors\"\nwindow = \"soon\"\n")
        refused = server.cli("apply", "--dry-run", str(stack), code=8).stderr
        check('stack.toml:6: key "window" must be a duration' in refused, refused)
        stack.write_text(stack.read_text().replace("soon", "1m") + "aggregate = \"min\"\noutput = \"x_{measure}\"\n")
        refused = server.cli("apply", "--dry-run", str(stack), code=8).stderr
        check("names of output" in refused and "are reserved" in refused, refused)
        stack.write_text(STACK.replace("AGGREGATE", "min").replace("LATENESS", 'target_table = "other"'))
        refused = server.cli("apply", str(stack), code=4).stderr
        check("differs" in refused, refused)


if __name__ == "__main__":
    main()
