"""The EC2 load for an hour on the real server, with views of every kind over it, corrections and ten kill -9: at the
end each view is verified against its raw points, and some rows against SQL.

`tidemark generate` puts late records (each host, five of a hundred steps); a second writer corrects past points
through the Timestream API and through the stream, and notes what was acknowledged. While they run, views are verified
one after the other, and in the background by the server itself; memory and size of the data are noted.

--minutes 60, --seed 7, --kills 10, --hosts 100, --folder DIR (kept; else a temporary one, kept after a failure).
The figures are in FOLDER/figures.jsonl.
"""
import argparse
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import botocore.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "checks"))
from harness import BINARY, DATABASE, STREAM, TABLE, Failed, Server, check, equal, run, wait_for  # noqa: E402

LOST = (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, OSError)
ROWS = "EC2ViewTable"
INTERVAL_S = 10
AGO_S = 1800  # the load begins so far in the past

# Rows seal and files merge a few times between two kills.
CONFIG = """
[store]
seal_after = "4m"
[views]
verify_interval = "1m"
"""


def midnight_zone(now):
    """A zone in which a day begins within the next hour."""
    hours = (24 - time.gmtime(now).tm_hour - 1) % 24
    return f"Etc/GMT-{hours}" if hours <= 14 else f"Etc/GMT+{24 - hours}"


def view(name, text, types='["DOUBLE"]'):
    return f"""
[[view]]
name = "{name}"
database = "{DATABASE}"
table = "{TABLE}"
target_table = "{ROWS}"
types = {types}
out_of_orderness = "3s"
{text}
"""


def over(name, source, text):
    """A view over the rows of another."""
    return f"""
[[view]]
name = "{name}"
database = "{DATABASE}"
table = "{ROWS}"
source = "{source}"
{text}
"""


def stack(zone):
    return f"""
[[stream]]
name = "{STREAM}"
shards = 4
retention = "24h"
[[database]]
name = "{DATABASE}"
[[table]]
database = "{DATABASE}"
name = "{TABLE}"
memory_retention = "6h"
magnetic_retention = "1d"
[[table]]
database = "{DATABASE}"
name = "{ROWS}"
memory_retention = "6h"
magnetic_retention = "1d"
[[pipeline]]
name = "ec2"
stream = "{STREAM}"
database = "{DATABASE}"
table = "{TABLE}"
start = "trim_horizon"
idle_timeout = "15s"
format = "json"
measure_name = "MeasureName"
measure_value = "MeasureValue"
measure_type = "MeasureValueType"
time = "Time"
time_unit = "TimeUnit"
dimensions = "*"
""" + "".join([
        view("tumble", 'window = "5m"\naggregates = ["avg", "count"]\nallowed_lateness = "2m"\nlabel = "end"\n'
             'output = "t_{aggregate}_{measure}"', '["DOUBLE", "BIGINT"]'),
        view("hop", 'window = "5m"\nslide = "1m"\nmeasures = ["cpu_*"]\naggregates = ["p95", "max"]\n'
             'output = "h_{aggregate}_{measure}"'),
        view("levels", 'levels = ["1m", "5m", "30m"]\nmeasures = ["memory_*"]\naggregates = ["sum"]\nrefresh = "1s"\n'
             'recompute_per_second = 500\noutput = "l_{window}_{measure}"'),
        view("day", f'calendar = "day"\nzone = "{zone}"\nmeasures = ["disk_*"]\naggregates = ["avg"]\n'
             'early = "30s"\noutput = "d_{measure}"'),
        view("region", 'window = "1m"\ngroup_by = ["region"]\naggregates = ["avg", "count"]\nrefresh = "2s"\nearly = "10s"\n'
             'output = "r_{aggregate}_{measure}"'),
        view("tier", 'window = "2m"\ngroup_by = ["tier"]\nmeasures = ["network_*"]\naggregates = ["stddev_samp"]\n'
             'label_map = {name = "tier", from = "instance_type", map = {"m5*" = "general", "*" = "other"}}\n'
             'output = "g_{measure}"'),
        view("counter", 'window = "1m"\nmeasures = ["disk_io_*", "latency_*"]\naggregates = ["increase", "twa"]\n'
             'output = "c_{aggregate}_{measure}"'),
        view("multi", 'window = "1m"\nrows = "multi"\nmeasures = ["cpu_user"]\nfilter = {value_min = 30.0, value_max = 60.0}\n'
             'aggregates = ["count", "avg", "min"]\noutput = "m_{measure}"'),
        view("frozen", 'window = "1m"\nmeasures = ["cpu_system"]\naggregates = ["last"]\nlate = "freeze"\n'
             'allowed_lateness = "30s"\nlate_stream = "ec2-late"\noutput = "f_{measure}"'),
        view("visit", 'session_gap = "16s"\nmax_session = "10m"\nmeasures = ["cpu_user", "cpu_idle"]\n'
             'aggregates = ["count", "avg"]\noutput = "s_{aggregate}_{measure}"'),
        view("silo", 'session_gap = "12s"\nmax_session = "5m"\nmeasures = ["cpu_user"]\ngroup_by = ["silo"]\nlate = "freeze"\n'
             'allowed_lateness = "1m"\naggregates = ["max"]\noutput = "ss_{measure}"'),
        view("linear", 'every = "7s"\nfill = "linear"\nmax_gap = "1m"\nmeasures = ["cpu_system", "cpu_user"]\n'
             'output = "i_{measure}"'),
        view("spline", 'every = "30s"\nfill = "spline"\nmax_gap = "1m"\nmeasures = ["cpu_steal"]\noutput = "p_{measure}"'),
        view("locf", 'every = "15s"\nfill = "locf"\nmax_gap = "1m"\nmeasures = ["cpu_nice"]\nlate = "freeze"\n'
             'allowed_lateness = "1m"\noutput = "o_{measure}"'),
        # A chain: by host, by cell, all.
        view("minute", 'window = "1m"\nmeasures = ["memory_used"]\naggregates = ["sum"]\noutput = "n1_{measure}"'),
        over("cell", "minute", 'window = "2m"\ngroup_by = ["cell"]\naggregates = ["sum"]\noutput = "n2_{measure}"'),
        over("all", "cell", 'window = "10m"\ngroup_by = []\naggregates = ["max"]\noutput = "n3_{measure}"'),
    ])


VIEWS = ["tumble", "hop", "levels", "day", "region", "tier", "counter", "multi", "frozen", "visit", "silo", "linear", "spline",
         "locf", "minute", "cell", "all"]
FREEZE = ["frozen", "silo", "locf"]


class Generator(threading.Thread):
    """`tidemark generate`, again after each kill from a little before its last step."""

    def __init__(self, server, gate, hosts, seed):
        super().__init__(daemon=True)
        self.server, self.gate, self.hosts, self.seed = server, gate, hosts, seed
        self.start_at = int(time.time()) - AGO_S
        self.stopped, self.error, self.process, self.runs = False, None, None, 0

    def run(self):
        while not self.stopped:
            self.gate.wait()
            if self.stopped:
                return
            self.runs += 1
            begin = datetime.datetime.fromtimestamp(self.start_at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            url = self.server.url
            self.process = subprocess.Popen(
                [str(BINARY), "generate", "--hosts", str(self.hosts), "--interval", f"{INTERVAL_S}s", "--percent-late", "5",
                 "--seed", str(self.seed), "--start", begin], env={**os.environ, "TIDEMARK_ENDPOINT": url},
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            last = ""
            for line in self.process.stderr:
                last = line
                at = re.search(r"event time (\S+[ T]\S+?)(\.\d+)?,", line)
                if at:
                    step = datetime.datetime.fromisoformat(at[1].rstrip("Z")).replace(tzinfo=datetime.timezone.utc)
                    self.start_at = int(step.timestamp()) - 2 * INTERVAL_S
            code = self.process.wait()
            if self.gate.is_set() and url == self.server.url and not self.stopped and self.server.process.poll() is None:
                self.error = f"the generator ended with {code}: {last}"
                return

    def end(self):
        self.stopped = True
        self.gate.set()
        if self.process and self.process.poll() is None:
            self.process.terminate()
        self.join(timeout=60)


class Corrector(threading.Thread):
    """Gives past points other values: a measure's odd seconds through the stream, the others through the API."""

    def __init__(self, server, gate, seed):
        super().__init__(daemon=True)
        self.server, self.gate, self.random = server, gate, random.Random(seed)
        self.stopped, self.error, self.corrected, self.unknown = False, None, {}, set()
        self.connected = (None,)

    def run(self):
        while not self.stopped:
            self.gate.wait()
            if self.stopped:
                return
            try:
                self.step()
            except LOST:
                pass
            except Exception as error:  # a bug of this script or of the server: shown at the end
                self.error = repr(error)
                return
            time.sleep(1)  # its pace

    def step(self):
        if self.connected[0] != self.server.url:
            self.connected = (self.server.url, self.server.write, self.server.kinesis, self.server.query)
        _, write, kinesis, query = self.connected
        measure = self.random.choice(["cpu_user", "cpu_user", "cpu_system", "memory_used", "cpu_steal", "cpu_nice", "disk_io_reads",
                                      "network_bytes_in"])
        # Not the newest ones: a generator that begins again sends those once more.
        until = int(time.time()) - self.random.choice([120, 120, 300, 900, 1800, 3600])
        page = query.query(QueryString=(
            f'SELECT * FROM "{DATABASE}"."{TABLE}" WHERE measure_name = \'{measure}\' '
            f"AND time BETWEEN from_milliseconds({(until - 20) * 1000}) AND from_milliseconds({until * 1000})"))
        names = [column["Name"] for column in page["ColumnInfo"]]
        points = [{n: d["ScalarValue"] for n, d in zip(names, row["Data"]) if "ScalarValue" in d} for row in page["Rows"]]
        chosen = self.random.sample(points, min(len(points), 12))
        odd = lambda p: int(p["time"][17:19]) // 10 % 2 == 1  # noqa: E731
        self.by_stream(kinesis, measure, [p for p in chosen if odd(p)])
        self.by_api(write, measure, [p for p in chosen if not odd(p)])

    def split(self, point):
        """Its key and dimensions."""
        dims = {n: v for n, v in point.items() if n not in ("time", "measure_name") and not n.startswith("measure_value")}
        return (point["measure_name"], point["time"], tuple(sorted(dims.items()))), dims

    def send(self, points, call):
        """call() with new values of points; {key: value} acknowledged or perhaps there."""
        values = {}
        for point in points:
            key, _ = self.split(point)
            values[key] = round(float(point["measure_value::double"]) + self.random.choice([-25, -1, 1, 25]), 3)
        if not values:
            return
        self.unknown |= set(values)
        call(values)
        self.unknown -= set(values)
        self.corrected.update(values)

    def by_stream(self, kinesis, measure, points):
        def call(values):
            records = []
            for point in points:
                key, dims = self.split(point)
                at = datetime.datetime.fromisoformat(point["time"][:19]).replace(tzinfo=datetime.timezone.utc)
                records.append({"Data": json.dumps({
                    "MeasureName": measure, "MeasureValue": str(values[key]), "MeasureValueType": "DOUBLE", "Time": str(int(at.timestamp())),
                    "TimeUnit": "SECONDS", **dims}).encode(), "PartitionKey": dims["instance_name"]})
            equal(kinesis.put_records(StreamName=STREAM, Records=records)["FailedRecordCount"], 0, "FailedRecordCount")
        self.send(points, call)

    def by_api(self, write, measure, points):
        def call(values):
            version = int(time.time() * 1000) + 1000
            records = []
            for point in points:
                key, dims = self.split(point)
                at = datetime.datetime.fromisoformat(point["time"][:19]).replace(tzinfo=datetime.timezone.utc)
                records.append({"Dimensions": [{"Name": n, "Value": v} for n, v in dims.items()], "MeasureName": measure,
                                "MeasureValue": str(values[key]), "MeasureValueType": "DOUBLE", "Time": str(int(at.timestamp())),
                                "TimeUnit": "SECONDS", "Version": version})
            write.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=records)
        self.send(points, call)

    def compare(self):
        """What was acknowledged is there, the last of each point."""
        check(self.error is None, f"the corrector: {self.error}")
        want = {k: v for k, v in self.corrected.items() if k not in self.unknown}
        got = {}
        for measure in {k[0] for k in want}:
            for row in self.server.rows(f'SELECT * FROM "{DATABASE}"."{TABLE}" WHERE measure_name = \'{measure}\''):
                point = {n: v for n, v in row.items() if v is not None}
                got[self.split(point)[0]] = float(point["measure_value::double"])
        wrong = [(k, v, got.get(k)) for k, v in want.items() if got.get(k) != v]
        check(not wrong, f"{len(wrong)} of {len(want)} acknowledged corrections are not there: {wrong[:3]}")
        return len(want)


class Watcher:
    """Memory, size of the data and what `view verify` says, while all goes on."""

    def __init__(self, server, folder):
        self.server, self.file_path, self.began = server, folder / "figures.jsonl", time.monotonic()
        self.file = open(self.file_path, "a", buffering=1)
        self.differences, self.refused, self.round = [], {}, 0

    def note(self, **what):
        what["minute"] = round((time.monotonic() - self.began) / 60, 2)
        self.file.write(json.dumps(what) + "\n")

    def sizes(self, kills):
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        rss, peak = (int(re.search(rf"{k}:\s+(\d+) kB", status)[1]) // 1024 for k in ("VmRSS", "VmHWM"))
        size = {}
        for part in ("log", "store"):
            files = [p for p in (self.server.data / part).rglob("*") if p.is_file()]
            size[part + "_mib"] = sum(p.stat().st_size for p in files) // 2**20 if files else 0
        self.note(rss_mib=rss, peak_mib=peak, kills=kills, **size)

    def verify(self, name):
        done = subprocess.run([str(BINARY), "view", "verify", name, "-o", "json"], capture_output=True, text=True, timeout=900,
                              env={**os.environ, "TIDEMARK_ENDPOINT": self.server.url})
        try:
            report = json.loads(done.stdout)
        except ValueError:
            self.refused[name] = done.stderr.strip()
            self.note(view=name, code=done.returncode, error=done.stderr.strip())
            return None
        self.note(**report)
        if done.returncode != 0:
            self.differences.append(report)
            print(f"verify {name}: {done.stdout[:3000]}", file=sys.stderr, flush=True)
        return report

    def look(self, kills):
        self.sizes(kills)
        self.verify(VIEWS[self.round % len(VIEWS)])
        self.round += 1


def settle(server, views, rows_s):
    """Until everything that was put is in the tables and nothing waits."""
    server.wait_consumed("ec2")

    def settled():
        waiting = {}
        for name in views:
            status = server.view(name)
            check(status["state"] in ("running", "starting"), f"view {name} is {status['state']}")
            if status["watermark"] is None or int(status["watermark"]) < rows_s * 10**9 or status["dirty"] != "0":
                waiting[name] = (status["watermark"], status["dirty"])
        return not waiting or None
    wait_for("no view has anything to do", settled, limit_s=600)


def compare_sql(server):
    """Rows beside the same by SQL."""
    both = {
        "tumble": ("""SELECT instance_name, silo, process_name, window_start AS w, measure_value::double AS v
                   FROM view_rows('tumble') WHERE measure_name = 't_avg_cpu_user'""",
                   f"""SELECT instance_name, silo, process_name, bin(time, 5m) AS w, avg(measure_value::double) AS v
                   FROM "{DATABASE}"."{TABLE}" WHERE measure_name = 'cpu_user' GROUP BY 1, 2, 3, 4"""),
        "region": ("""SELECT region, window_start AS w, measure_value::double AS v FROM view_rows('region')
                   WHERE measure_name = 'r_avg_memory_used' AND NOT preliminary""",
                   f"""SELECT region, bin(time, 1m) AS w, avg(measure_value::double) AS v
                   FROM "{DATABASE}"."{TABLE}" WHERE measure_name = 'memory_used' GROUP BY 1, 2"""),
        "multi": ("""SELECT instance_name, silo, window_start AS w, avg AS v FROM view_rows('multi')""",
                  f"""SELECT instance_name, silo, bin(time, 1m) AS w, avg(measure_value::double) AS v FROM "{DATABASE}"."{TABLE}"
                  WHERE measure_name = 'cpu_user' AND measure_value::double BETWEEN 30.0 AND 60.0 GROUP BY 1, 2, 3"""),
    }
    rows = 0
    for name, (made, wanted) in both.items():
        fired = int(server.view(name)["watermark"])
        size = {"tumble": 300, "region": 60, "multi": 60}[name]
        key = lambda r: tuple(r[n] for n in sorted(r) if n != "v")  # noqa: E731
        got = {key(r): r["v"] for r in server.rows(made)}
        want = {key(r): r["v"] for r in server.rows(wanted)}
        open_from = fired // (size * 10**9) * size
        begun = {k for k in want if datetime.datetime.fromisoformat(k[-1][:19]).replace(
            tzinfo=datetime.timezone.utc).timestamp() >= open_from}
        want = {k: v for k, v in want.items() if k not in begun}
        wrong = [(k, want.get(k), got.get(k)) for k in sorted(set(want) | set(got), key=str) if want.get(k) != got.get(k)]
        check(not wrong, f"{name}: {len(wrong)} of {len(want)} rows are not what SQL says: {wrong[:3]}")
        rows += len(want)
    return rows


def soak(folder, arguments):
    rng = random.Random(arguments.seed)
    path = folder / "stack.toml"
    path.write_text(stack(midnight_zone(time.time())))
    seconds = arguments.minutes * 60
    kills_at = sorted(rng.uniform(0.02 * seconds, 0.98 * seconds) for _ in range(arguments.kills))
    print(f"kills at {[round(k) for k in kills_at]} s", flush=True)
    gate = threading.Event()
    with Server(folder=folder / "server", stack=path, config=CONFIG) as server:
        writers = [Generator(server, gate, arguments.hosts, arguments.seed), Corrector(server, gate, rng.random())]
        watcher = Watcher(server, folder)
        for writer in writers:
            writer.start()
        gate.set()
        began, kills, look_at = time.monotonic(), 0, 0
        while (now := time.monotonic() - began) < seconds:
            for writer in writers:
                check(writer.error is None, f"{writer.error}")
            check(server.process.poll() is None, f"the server ended by itself:\n{server.log_tail()}")
            if kills_at and now >= kills_at[0]:
                del kills_at[0]
                gate.clear()
                server.kill()
                kills += 1
                started = time.monotonic()
                server.start()
                watcher.note(kill=kills, start_s=round(time.monotonic() - started, 2))
                gate.set()
            elif now >= look_at:
                watcher.look(kills)
                look_at = now + min(20, seconds / 40)
            time.sleep(0.1)
        newest = writers[0].start_at
        for writer in reversed(writers):
            writer.stopped = True
        writers[0].end()
        writers[1].join(timeout=60)
        settle(server, VIEWS, newest - 900)
        print(f"{kills} kills, {writers[0].runs} runs of the generator, {writers[1].compare()} corrected points are there", flush=True)
        print(f"{compare_sql(server)} rows equal SQL", flush=True)
        finish(server, watcher, kills)


def finish(server, watcher, kills):
    """Every view clean, before and after all is sealed and merged and the server started once more."""
    for when in ("as it stands", "sealed, merged and started again"):
        if when != "as it stands":
            server.cli("store", "flush")
            server.cli("store", "compact", "--full")
            server.restart()
        watcher.refused.clear()
        for name in VIEWS:
            report = watcher.verify(name)
            if report is None:
                raise Failed(f"verify of {name} was refused: {watcher.refused}")
            print(f"{when}: " + ", ".join(f"{k} {report[k]}" for k in (
                "view", "windows", "points_read", "differences", "frozen", "gaps", "open", "waiting")), flush=True)
            check(name == "day" or int(report["windows"]) > 0, f"{name}: nothing was compared")
            told = {k: report[k] for k in ("gaps", "waiting", *(() if name in FREEZE else ("frozen",)))}
            check(not any(int(n) for n in told.values()), f"{name}: everything is there and worked off, but {told}")
        check(not watcher.differences, f"{len(watcher.differences)} times rows differed: {[d['view'] for d in watcher.differences]}")
    watcher.sizes(kills)
    figures = [json.loads(line) for line in watcher.file_path.read_text().splitlines()]
    for what in ("rss_mib", "peak_mib", "log_mib", "store_mib"):
        series = [f[what] for f in figures if what in f]
        print(f"{what}: first {series[0]}, middle {series[len(series) // 2]}, last {series[-1]}, most {max(series)}")
    log = (server.folder / "server.log").read_text(errors="replace")
    lines = [line for line in log.splitlines() if '"level":"error"' in line or '"level":"warning"' in line]
    print(f"{len(lines)} warnings and errors in the log", *lines[:20], sep="\n")
    check(not any('"level":"error"' in line for line in lines), "the log has errors")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("TM_SEED", "7")))
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--hosts", type=int, default=100)
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    print(f"TM_SEED={arguments.seed}", flush=True)
    folder = arguments.folder or pathlib.Path(tempfile.mkdtemp(prefix="tidemark-view-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        soak(folder, arguments)
    except BaseException:
        print(f"the data directory, the figures and the server's log: {folder}", file=sys.stderr)
        raise
    if not arguments.folder:
        shutil.rmtree(folder, ignore_errors=True)


run(main)
