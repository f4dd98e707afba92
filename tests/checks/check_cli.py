#!/usr/bin/env python3
"""The command line against a real server: what commands print (golden files in tests/checks/cli, as table and as
JSON), exit codes, pipes and terminals, and the SQL shell. What moves with the clock is replaced before comparing.
`check_cli.py --write` writes the golden files; read the difference before it is committed.
"""
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from harness import BINARY, STACK, Failed, Server, check, equal, put, record, run, wait_for

GOLDEN = pathlib.Path(__file__).resolve().parent / "cli"
TABLE = "InterpolatedBlogDB.EC2MetricTable"
QUOTED = '"InterpolatedBlogDB"."EC2MetricTable"'

# Name of the golden file: the command. {late} is the time of the late point.
COMMANDS = {
    "stream_ls": "stream ls",
    "stream_describe": "stream describe events",
    "stream_get": "stream get events --from start",
    "stream_get_filter": "stream get events --from start --filter '$.n >= 2'",
    "pipeline_ls": "pipeline ls",
    "pipeline_describe": "pipeline describe ec2",
    "pipeline_errors": "pipeline errors ec2",
    "view_ls": "view ls",
    "view_describe": "view describe ec2-5m",
    "view_windows": "view windows ec2-5m --limit 2",
    "view_late": "view late ec2-5m",
    "view_watermarks": "view watermarks ec2-5m",
    "view_verify": "view verify ec2-5m",
    "view_advise": "view advise ec2-5m",
    "view_simulate": "view simulate ec2-5m late=freeze allowed_lateness=0s",
    "explain_point": f"explain point {TABLE} cpu_system {{late}} instance_name=i-1",
    "db_ls": "db ls",
    "table_ls": "table ls",
    "table_retention": f"table retention {TABLE}",
    "table_describe": "table describe plant.machines",
    "table_sample": "table sample plant.machines --limit 2",
    "table_rejections": "table rejections plant.machines",
    "dashboard_ls": "dashboard ls",
    "dashboard_export": "dashboard export plant",
    "saved_ls": "saved ls",
    "saved_run": "saved run by-line",
    "doctor": "doctor",
    "sql": "sql \"SELECT measure_name, count(*) AS n, avg(measure_value::double) AS v FROM InterpolatedBlogDB.EC2MetricTable "
           "WHERE measure_name LIKE '%cpu%' GROUP BY measure_name ORDER BY 1\"",
    "sql_values": "sql \"SELECT 9007199254740993 AS big, CAST(NULL AS bigint) AS nothing, 'a|b' AS text, true AS yes\"",
    "revisions_show": f"revisions show {TABLE} --measure avg_cpu_system",
    "config_show": "config show --origin",
    "env": "env",
    "store_stats": "store stats",
}
CODES = {"view_simulate": 1}  # rows would differ
# Titles and members whose values move.
MOVING = {"busy", "IN/S", "BYTES/S", "ITER AGE", "BEHIND", "LAG", "ON DISK", "DELAY", "SIZE", "OF LIMIT", "records_per_second", "bytes_per_second",
          "iterator_age_ms", "history", "disk_bytes", "delay_ms", "lag_ms", "limit_ratio", "lag_records", "bytes", "memory",
          "dict_bytes", "journal_bytes", "write_amplification", "traffic_share", "throttled_per_minute"}


def steady_text(text, url):
    lines, titles = [], []
    for line in text.splitlines():
        cells = re.split(r" {2,}", line.strip())
        if len(cells) == 2 and cells[0] in MOVING:  # a column a line
            cells[1] = "<moving>"
        elif len(cells) > 1 and all(re.fullmatch(r"[A-Z#Δ/][A-Z /]*", cell) for cell in cells):
            titles = cells
        else:
            # The last cell may hold anything.
            cells = [("<moving>" if i < len(titles) and titles[i] in MOVING else c) for i, c in enumerate(cells)]
        line = "  ".join(cells)
        if line.startswith("dictionary "):
            line = "dictionary <moving>"
        lines.append(line)
    text = "\n".join(lines) + "\n"
    text = text.replace(url, "http://SERVER").replace(url.removeprefix("http://"), "SERVER")
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "<time>", text)
    text = re.sub(r"\d{30,}", "<number>", text)
    text = re.sub(r"\b1[789]\d{11}\b", "<ms>", text)
    text = re.sub(r"clock skew -?\d+\.\d s", "clock skew <moving>", text)
    return re.sub(r"^(memory budget|sql|store[.\w]*|total)  .*$", r"\1  <moving>", text, flags=re.M | re.I)


def steady_json(value, url, key=""):
    if key in MOVING:
        return "<moving>"
    if isinstance(value, dict):
        return {k: steady_json(v, url, k) for k, v in value.items()}
    if isinstance(value, list):
        return [steady_json(v, url) for v in value]
    if isinstance(value, str):
        if re.fullmatch(r"1[789]\d{17}", value):
            return "<ns>"
        if re.fullmatch(r"1[789]\d{11}", value):
            return "<ms>"
        if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+", value):
            return "<time>"
        value = re.sub(r"\d{30,}", "<number>", value)
        value = re.sub(r"clock skew -?\d+\.\d s", "clock skew <moving>", value)
        return value.replace(url, "http://SERVER").replace(url.removeprefix("http://"), "SERVER")
    return value


def lacks(want, got):
    """Whether something of `want` is missing or another in `got`. New members are no change (web/API.md section 1)."""
    if isinstance(want, dict):
        return not isinstance(got, dict) or any(k not in got or lacks(v, got[k]) for k, v in want.items())
    if isinstance(want, list):
        return not isinstance(got, list) or len(want) != len(got) or any(map(lacks, want, got))
    return want != got


def prepare(server):
    """A stream of its own, and points of one host: on time, one late, one that is no point."""
    base = int(time.time()) // 300 * 300 - 900
    server.cli("stream", "create", "events", "--shards", "2", "--tag", "team=a")
    server.cli("stream", "put", "events", "-", "--key-field", "k", input='{"k":"a","n":1}\n{"k":"a","n":2}\n{"k":"a","n":3}\n')
    put(server.kinesis, [record("cpu_system", 10 * (i % 4), base + 60 * i) for i in range(11)], "one")
    server.wait_consumed()
    server.wait_settled(base + 300)
    put(server.kinesis, [record("cpu_system", 100, base + 290), "no json"], "one")
    server.wait_consumed()
    wait_for("the late point is counted", lambda: int(server.view()["revisions_total"]) >= 1 and server.view()["dirty"] == "0")
    wait_for("the dead letter is there", lambda: int(server.pipeline()["dead_letters_total"]) == 1)
    wait_for("empty shards are idle", lambda: all(p["idle"] for p in server.pipeline()["partitions"] if p["max_event_time"] is None))
    return base


def prepare_plant(server):
    """A table with no view, so that nothing of it moves: two series, a refused record, a dashboard, a saved query."""
    write = server.write
    server.cli("db", "create", "plant")
    write.create_table(DatabaseName="plant", TableName="machines",
                              RetentionProperties={"MemoryStoreRetentionPeriodInHours": 24, "MagneticStoreRetentionPeriodInDays": 7})
    now = int(time.time()) // 60 * 60
    records = [{"Dimensions": [{"Name": "line", "Value": line}, {"Name": "plant", "Value": "north"}], "MeasureName": "temperature",
                "MeasureValue": str(value), "MeasureValueType": "DOUBLE", "Time": str(now - age), "TimeUnit": "SECONDS", "Version": 2}
               for line, value, age in [("a", 20.5, 60), ("a", 21.25, 0), ("b", -3, 1)]]
    write.write_records(DatabaseName="plant", TableName="machines", Records=records)
    try:
        write.write_records(DatabaseName="plant", TableName="machines", Records=[{**records[0], "MeasureValue": "1", "Version": 1}])
    except write.exceptions.RejectedRecordsException:
        pass
    file = {"schema": 1, "title": "Plant", "description": "Temperatures by line", "tags": ["north"], "panels": [
        {"id": "p1", "queries": [{"sql": "SELECT time, measure_value::double FROM \"plant\".\"machines\"", "database": "plant", "table": "machines"}]}]}
    server.cli("dashboard", "apply", "-", "--id", "plant", "--message", "first", input=json.dumps(file))
    server.api("/saved-queries", {"id": "by-line", "name": "by line", "database": "plant", "tags": ["north"], "range": None,
                                  "sql": "SELECT line, count(*) AS n, max(measure_value::double) AS hottest FROM $__database.machines "
                                         "WHERE $__timeFilter GROUP BY line ORDER BY line"})


def golden(server, base, write):
    late = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(base + 290))
    wrong = []
    GOLDEN.mkdir(exist_ok=True)
    for name, command in COMMANDS.items():
        arguments = shlex.split(command.replace("{late}", late))
        for form in ("table", "json"):
            done = server.cli(*arguments, "-o", form, code=CODES.get(name, 0))
            path = GOLDEN / f"{name}.{form}"
            want = path.read_text() if path.exists() else ""
            if form == "table":
                got = steady_text(done.stdout, server.url)
                same = want == got
            else:
                steady = steady_json(json.loads(done.stdout), server.url)
                got = json.dumps(steady, indent=1, ensure_ascii=False) + "\n"
                same = want != "" and not lacks(json.loads(want), steady)
            if write:
                path.write_text(got)
            elif not same:
                wrong.append(f"{path.name}: tidemark {command}\n--- want\n{want or '(none)'}--- got\n{got}")
    check(not wrong, "golden files differ; look, then check_cli.py --write\n" + "\n".join(wrong))


def exit_codes(server):
    nobody = ["--endpoint", "http://127.0.0.1:1"]
    for code, arguments in [
            (0, ["--help"]), (0, ["help", "stream", "put"]), (0, ["stream", "--help"]), (0, ["--version"]),
            (2, ["stream"]), (2, ["frobnicate"]), (2, ["stream", "lst"]), (2, ["stream", "ls", "--nope"]), (2, ["stream", "create"]),
            (2, ["stream", "ls", "-o", "xml"]), (2, ["stream", "get", "events", "--limit", "0"]), (2, ["stream", "rm", "events"]),
            (2, ["stream", "rm", "events", "--confirm", "other"]), (2, ["table", "describe", "nodot"]), (2, ["env", "--shell", "csh"]),
            (3, ["stream", "describe", "nope"]), (3, ["pipeline", "start", "nope"]), (3, ["sql", "-f", "/nope.sql"]),
            (3, ["db", "rm", "nope", "--yes"]),
            (4, ["stream", "create", "events"]), (4, ["stream", "rm", "ec2-metrics", "--yes"]), (4, ["db", "create", "InterpolatedBlogDB"]),
            (6, ["stream", "ls", *nobody]), (6, ["health", *nobody]),
            (8, ["sql", "SELECT nope"]), (8, ["stream", "create", "a b"]), (8, ["stream", "get", "events", "--filter", "$.a"]),
            (8, ["plot", "SELECT 1"]),
            (78, ["serve"]), (78, ["serve", "--data-dir", "/tmp/x", "--config", "/nope.toml"]),
            (0, ["health"]), (0, ["stream", "list"]), (0, ["stream", "ls", "--timeout", "5s"])]:
        server.cli(*arguments, code=code)
    said = server.cli("stream", "lst", code=2)
    check('did you mean "stream ls"?' in said.stderr and said.stdout == "", f"the nearest command is named: {said.stderr}")
    said = server.cli("-o", "json", "stream", "describe", "nope", code=3)
    equal(json.loads(said.stderr)["error"]["code"], "stream_not_found", "the error object of the server")
    said = server.cli("sql", "SELECT nope", code=8).stderr.splitlines()
    check(said[0].startswith("error: line 1:8: ") and said[-1].startswith("request id: "), f"the layout of errors: {said}")
    # Partial rows come before the error of a later statement.
    said = server.cli("sql", "-f", "-", "-o", "csv", input="SELECT 1 AS a; SELECT nope; SELECT 2 AS b", code=8)
    equal(said.stdout, "a\n1\n", "what ran before the error")


def settings(server):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "tidemark.toml").write_text('[cli]\nregion = "from-project"\noutput = "json"\n')
        environment = {**os.environ, "TIDEMARK_ENDPOINT": server.url, "AWS_REGION": "from-aws"}
        shown = subprocess.run([str(BINARY), "config", "show", "--origin"], cwd=folder, env=environment, capture_output=True,
                               text=True, check=True).stdout
        rows = {row["setting"]: (row["value"], row["origin"]) for row in json.loads(shown)}
        equal(rows["region"], ("from-aws", "environment AWS_REGION"), "the environment wins over the project's file")
        equal(rows["output"], ("json", "file ./tidemark.toml"), "the project's file wins over the default")


class Terminal:
    """A program on a pseudo terminal of its own."""

    def __init__(self, arguments, server, columns=100, **environment):
        self.seen = ""
        # A folder of its own: neither this machine's history nor its settings.
        self.home = tempfile.mkdtemp(prefix="tidemark-home-")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            env = {**os.environ, "TIDEMARK_ENDPOINT": server.url, "HOME": self.home, "TERM": "xterm", "PAGER": "cat",
                   "LC_ALL": "C.UTF-8", **environment}
            env.pop("XDG_STATE_HOME", None)
            os.execve(BINARY, ["tidemark", *arguments], env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def expect(self, text):
        def found():
            ready, _, _ = select.select([self.fd], [], [], 0.1)
            if ready:
                try:
                    self.seen += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    pass
            return text in self.seen
        try:
            wait_for(f"the terminal shows {text!r}", found, 30)
        except Failed as error:
            raise Failed(f"{error}; so far {self.seen[-500:]!r}") from None
        before, _, self.seen = self.seen.partition(text)
        return before

    def send(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """The rest of the output, and the exit code."""
        rest = self.seen
        while True:
            try:
                got = os.read(self.fd, 65536)
            except OSError:
                break
            if not got:
                break
            rest += got.decode(errors="replace")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return rest, os.waitstatus_to_exitcode(status)


def terminals(server):
    text, code = Terminal(["stream", "get", "events"], server, columns=90).end()
    equal(code, 0, "exit code on a terminal")
    check("\x1b[1m" in text, "a terminal has colour")
    plain = re.sub(r"\x1b\[\d*m", "", text)
    check(all(len(line) <= 90 for line in plain.splitlines()), f"rows fit the terminal: {plain!r}")
    check("…" in plain, "the widest text is cut")
    text, _ = Terminal(["stream", "get", "events"], server, columns=90, NO_COLOR="1", LC_ALL="C").end()
    check("\x1b[" not in text and "…" not in text and "..." in text, f"NO_COLOR, and ASCII where the locale is: {text!r}")
    text, _ = Terminal(["stream", "get", "events", "-o", "wide"], server, columns=90).end()
    check("…" not in text, "wide cuts nothing")
    piped = server.cli("stream", "get", "events").stdout
    check("\x1b[" not in piped and "…" not in piped, "a pipe has neither colour nor cuts")
    # A change asks for the name, and no is no.
    asked = Terminal(["stream", "rm", "events"], server)
    asked.expect("Type its name")
    asked.send("other\n")
    rest, code = asked.end()
    check(code == 130 and "nothing was deleted" in rest, f"another name deletes nothing: {code} {rest!r}")


def shell(server):
    t = Terminal(["sql"], server)
    t.expect("tidemark=> ")
    t.send("SELECT 1 AS a,\n")
    t.expect("tidemark-> ")
    t.send("'x;y' AS b;\n")
    check("x;y" in t.expect("(1 row, "), "a statement of two lines, with ; inside quotes")
    t.expect("=> ")
    t.send("SELECT nope;\n")
    t.expect("error:")
    t.expect("=> ")
    t.send("\\x\n")
    t.expect("a column a line")
    t.send("SELECT 2 AS two, NULL AS nothing;\n")
    check(re.search(r"two\S* +2", t.expect("(1 row, ")), "one column a line")
    t.send("\\x\n")
    t.expect("a row a line")
    t.send("\\dt EC2*\n")
    t.expect("EC2MetricTable")
    t.send("\\d " + QUOTED + "\n")
    t.expect("measure_value::double")
    t.expect("=> ")
    t.send("sele\t")
    t.expect("SELECT")
    t.send("\x15\\df bin*\n")
    t.expect("bin(")
    t.expect("=> ")
    # Some 15 rows to the power of ten: it does not end by itself.
    t.send("SELECT count(*) FROM " + ", ".join(f"{QUOTED} t{i}" for i in range(10)) + ";\n")
    wait_for("the statement runs on the server",
             lambda: any(q["state"] == "running" and "count(*)" in q["sql"] for q in server.api("/queries")[1]["queries"]))
    t.send("\x03")
    t.expect("cancelled after 0 rows")
    wait_for("Ctrl-C cancelled it there",
             lambda: not any(q["state"] in ("running", "waiting") for q in server.api("/queries")[1]["queries"]))
    t.expect("=> ")
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        t.send("\\pset format csv\n\\o " + file.name + "\n")
        t.expect("results go to")
        t.send("SELECT 7 AS seven;\n")
        t.expect("(1 row, ")
        equal(pathlib.Path(file.name).read_text(), "seven\n7\n", "\\o writes results into the file")
    t.send("\\o\n")
    t.expect("results are shown here")
    t.send("\\s\n")
    t.expect("SELECT 7 AS seven;")
    t.expect("=> ")
    t.send("\\q\n")
    _, code = t.end()
    equal(code, 0, "exit code of the shell")
    history = pathlib.Path(t.home, ".local/state/tidemark/sql_history")
    check(history.exists() and history.stat().st_mode & 0o077 == 0, "the history is kept for its owner only")


def top(server):
    t = Terminal(["top"], server)
    t.expect("\x1b[?1049h")
    t.expect("PIPELINES")
    t.send("q")
    rest, code = t.end()
    equal(code, 0, "q leaves top")
    check("\x1b[?1049l" in rest, "the screen is given back")


def tail(server):
    t = Terminal(["stream", "tail", "events", "--from", "start", "--max", "4"], server)
    t.expect('"n":3')
    server.cli("stream", "put", "events", "--key", "a", "--data", '{"n":4}')
    t.expect('"n":4')
    _, code = t.end()
    equal(code, 0, "tail ends after --max")
    t = Terminal(["stream", "tail", "events", "--from", "start"], server)
    t.expect('"n":4')
    os.kill(t.pid, signal.SIGINT)
    _, code = t.end()
    equal(code, 130, "Ctrl-C")


def view_changes(server):
    said = server.cli("view", "drop", "ec2-5m", code=2)
    check("--yes" in said.stderr or "--confirm" in said.stderr, f"drop asks first: {said.stderr}")
    stack = pathlib.Path(server.folder, "other.toml")
    stack.write_text(STACK.read_text().replace('aggregate = "avg"', 'aggregate = "max"').replace('"avg_{measure}"', '"x_{measure}"')
                     .replace("dashboards/ec2.json", str(STACK.parent / "dashboards/ec2.json")))
    said = server.cli("apply", "--wait", str(stack)).stdout
    check("generation 2" in said, f"apply --wait says what it waited for: {said}")
    rows = "sql \"SELECT count(*) FROM InterpolatedBlogDB.EC2MetricTable WHERE measure_name = 'x_cpu_system'\" -o csv"
    before = server.cli(*shlex.split(rows)).stdout
    check("\n0\n" not in before, "generation 2 has rows")
    server.cli("view", "drop", "ec2-5m", "--keep-rows", "--yes")
    equal(server.cli(*shlex.split(rows)).stdout, before, "the rows stay")


def changes(server):
    server.cli("db", "create", "made")
    check("made" in server.cli("db", "ls").stdout, "a database is made")
    server.cli("db", "rm", "made", "--confirm", "made")
    server.cli("table", "retention", TABLE, "--memory-hours", "12", "--magnetic-days", "2")
    check("12" in server.cli("table", "retention", TABLE).stdout, "retention is set")
    before = server.pipeline()["records_total"]
    server.cli("pipeline", "resubmit", "ec2", code=2)
    server.cli("pipeline", "resubmit", "ec2", "--reason", "decode", "--yes")
    wait_for("the dead letter came again", lambda: int(server.pipeline()["records_total"]) > int(before))
    server.cli("pipeline", "resubmit", "ec2", "--reason", "retention", "--yes", code=3)
    server.cli("pipeline", "start", "ec2", "--from", "latest", code=4)
    server.cli("pipeline", "stop", "ec2")
    put(server.kinesis, ["left out"], "one")
    server.cli("pipeline", "start", "ec2", "--from", "latest")
    wait_for("it runs", lambda: server.pipeline()["state"] == "running")
    equal((server.pipeline()["records_total"], server.pipeline()["lag_records"]), ("0", "0"), "what came meanwhile is left out")
    server.cli("stream", "rm", "events", "--confirm", "events")
    check("events" not in server.cli("stream", "ls").stdout, "a stream is gone")
    frame = server.cli("top", "--once").stdout
    check("STREAMS" in frame and "ec2-metrics" in frame and "\x1b" not in frame, f"a frame of top as text: {frame}")
    check(server.cli("doctor").stdout.count("\n") >= 5, "doctor says what it found")


def completion(server):
    offered = server.cli("__complete", "--", "stream", "describe", "ec").stdout.splitlines()
    equal([line.split("\t")[0] for line in offered], ["ec2-dead", "ec2-metrics"], "names of the server")
    equal(server.cli("__complete", "--", "stream", "describe", "--endpoint", "http://127.0.0.1:1", "").returncode, 0, "silent without a server")
    script = server.cli("completion", "bash").stdout
    checked = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
    equal(checked.returncode, 0, f"the script is bash: {checked.stderr}")


def main():
    for variable in [name for name in os.environ if name.startswith(("AWS_", "TIDEMARK_")) and name != "TIDEMARK_BINARY"]:
        del os.environ[variable]
    with tempfile.TemporaryDirectory() as home, Server(stack=STACK) as server:
        os.environ["HOME"], os.environ["XDG_CONFIG_HOME"], os.environ["LC_ALL"] = home, home, "C.UTF-8"
        base = prepare(server)
        prepare_plant(server)
        golden(server, base, "--write" in sys.argv)
        exit_codes(server)
        settings(server)
        terminals(server)
        tail(server)
        top(server)
        shell(server)
        completion(server)
        view_changes(server)
        changes(server)


if __name__ == "__main__":
    run(main)
