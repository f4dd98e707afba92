#!/usr/bin/env python3
"""New zone data under a running installation: days that have begun stay as they are, later ones follow in a generation of
their own, once; a view that keeps what it refused, or rows longer than its points, follows it and keeps its rows."""
import datetime
import os
import pathlib
import shutil
import time
import zoneinfo

from harness import Server, check, equal, wait_for

ZONES = pathlib.Path("/usr/share/zoneinfo")
STACK = """
[[database]]
name = "plant"
[[table]]
database = "plant"
name = "motors"
memory_retention = "240h"
magnetic_retention = "10d"
[[table]]
database = "plant"
name = "archive"
memory_retention = "240h"
magnetic_retention = "3650d"
[[view]]
name = "day"
database = "plant"
table = "motors"
calendar = "day"
zone = "Europe/Berlin"
aggregates = ["count"]
output = "day_{measure}"
[[view]]
name = "frozen"
database = "plant"
table = "motors"
calendar = "day"
zone = "Europe/Berlin"
aggregates = ["count"]
output = "frozen_{measure}"
late = "freeze"
[[view]]
name = "kept"
database = "plant"
table = "motors"
target_table = "archive"
calendar = "day"
zone = "Europe/Berlin"
aggregates = ["count"]
output = "kept_{measure}"
[[view]]
name = "month"
database = "plant"
table = "motors"
source = "day"
window = "30d"
aggregates = ["sum"]
output = "month_{measure}"
"""


def give(folder, version, berlin):
    """The system's zone data as of `version`, in which Berlin's clock is another city's."""
    target = folder / "Europe" / "Berlin"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ZONES / berlin, target)
    (folder / "tzdata.zi").write_text(f"# version {version}\n# of a test\n")


def put(server, times):
    for start in range(0, len(times), 100):
        server.write.write_records(DatabaseName="plant", TableName="motors", Records=[
            {"Dimensions": [{"Name": "host", "Value": "a"}], "MeasureName": "cpu", "Time": str(t), "TimeUnit": "SECONDS",
             "MeasureValue": "1", "MeasureValueType": "DOUBLE"} for t in times[start:start + 100]])


def rows(server, name="day"):
    return [(r["time"], r["n"]) for r in server.rows(
        f"SELECT time, measure_value::bigint AS n FROM plant.motors WHERE measure_name = '{name}_cpu' ORDER BY time")]


def settled(server, name, generation):
    def there():
        view = server.view(name)
        _, built = server.api(f"/views/{name}/generations")
        return view["generation"] == str(generation) and built["next"] is None and view["dirty"] == "0" and view["watermark"]
    wait_for(f"{name} is of generation {generation}", there)


def main():
    server = Server(stack=None)
    zones = server.folder / "zones"
    server.env = dict(os.environ, TZDIR=str(zones))
    give(zones, "2026x", "Europe/Berlin")
    server.stack = server.folder / "stack.toml"
    server.stack.write_text(STACK)
    with server:
        now = int(time.time())
        # Days of five of them, until an hour ago; the newest day is not over.
        put(server, list(range(now - 5 * 86400, now - 3600, 3600)))
        wait_for("days are published", lambda: len(rows(server)) >= 4)
        before = rows(server)
        equal(server.view("day")["zone_version"], "2026x", "the zone data is stored with the view")
        equal(server.view("day")["zone_changes"], [], "it has not changed")
        check("zone data          2026x" in server.cli("view", "describe", "day").stdout, "and is told")

        # The same clock under another version: nothing is built again.
        server.stop()
        give(zones, "2026y", "Europe/Berlin")
        server.start()
        settled(server, "day", 1)

        # Berlin moves to Kolkata.
        server.stop()
        give(zones, "2026z", "Asia/Kolkata")
        server.start()
        settled(server, "day", 2)
        settled(server, "month", 2)
        view = server.view("day")
        begin = int(view["zone_changes"][0]["from"]) // 10**9
        local = datetime.datetime.fromtimestamp(begin, zoneinfo.ZoneInfo("Europe/Berlin"))
        equal((local.hour, local.minute), (0, 0), "it holds from the begin of a day on")
        check(begin <= time.time() < begin + 2 * 86400, f"of the one that was open: {local}")
        equal(view["zone_version"], "2026z", "the new data is stored")
        equal(rows(server)[:len(before)], before, "days that were published stay")
        equal(server.view("frozen")["generation"], "1", "what keeps its sealed rows is not built again")
        equal(server.view("kept")["generation"], "1", "nor what keeps rows longer than points")
        log = (server.folder / "server.log").read_text()
        for name in ("frozen", "kept"):
            check(any("follows it and keeps its rows" in line and f'"view":"{name}"' in line for line in log.splitlines()), f"and the log says so of {name}")
            equal(server.view(name)["zone_version"], "2026z", f"{name} follows the new data")
            equal(server.view(name)["zone_changes"], view["zone_changes"], f"{name} from the same day on")
        for name in ("day", "month", "frozen", "kept"):
            server.cli("view", "verify", name)

        server.restart()
        settled(server, "day", 2)
        equal(len(server.view("day")["zone_changes"]), 1, "it is followed once")

        # The zone goes: what is stored goes on.
        server.stop()
        (zones / "Europe" / "Berlin").unlink()
        server.start()
        settled(server, "day", 2)
        server.cli("view", "verify", "day")
        equal(rows(server)[:len(before)], before, "and days stay")


if __name__ == "__main__":
    from harness import run
    run(main)
