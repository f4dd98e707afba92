"""What every check needs: a server in a folder of its own, AWS clients, and waiting on facts.

A check is a script with a main(server_class) that ends with an assertion error or not at all. It talks to
the server as a user would: boto3 with endpoint, region and keys given explicitly, the command line, and
/api/v1. Nothing sleeps for a fixed time: wait_for() asks again until a fact holds or a generous limit ends it.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3
import botocore.config

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TIDEMARK_BINARY", ROOT / "build/release/tidemark"))
STACK = ROOT / "examples/ec2/stack.toml"
DATABASE, TABLE, STREAM = "InterpolatedBlogDB", "EC2MetricTable", "ec2-metrics"
WAIT_S = 120


class Failed(AssertionError):
    pass


def check(condition, message):
    if not condition:
        raise Failed(message)


def equal(got, want, what):
    if got != want:
        raise Failed(f"{what}: got {got!r}, want {want!r}")


def wait_for(what, probe, limit_s=WAIT_S):
    """The first true answer of probe(); fails, with the last answer, when none comes in time."""
    end, last = time.monotonic() + limit_s, None
    while time.monotonic() < end:
        last = probe()
        if last:
            return last
        time.sleep(0.05)  # between two questions, not a guess of how long something takes
    raise Failed(f"waited {limit_s} s for: {what}; last answer: {last!r}")


class Server:
    def __init__(self, folder=None, stack=STACK, config=None, listen="127.0.0.1:0", env=None, preexec=None):
        self.own = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="tidemark-check-"))
        self.data = self.folder / "data"
        self.stack, self.listen, self.env, self.preexec = stack, listen, env, preexec
        self.config = None
        if config is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.config = self.folder / "tidemark.toml"
            self.config.write_text(config)
        self.extra = []
        self.process = None
        self.url = None
        LAST_PUT.clear()

    def command(self):
        out = [str(BINARY), "serve", "--data-dir", str(self.data), "--listen", self.listen]
        if self.stack:
            out += ["--stack", str(self.stack)]
        if self.config:
            out += ["--config", str(self.config)]
        return out + self.extra

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        endpoint = self.data / "endpoint"
        if endpoint.exists():
            endpoint.unlink()
        log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, env=self.env, preexec_fn=self.preexec)

        def ready():
            check(self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.log_tail()}")
            if not endpoint.exists():
                return None
            self.url = endpoint.read_text().strip()
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(self.url + "/readyz", timeout=10).status == 200
            return None

        wait_for("the server is ready", ready)
        return self

    def log_tail(self, lines=40):
        path = self.folder / "server.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """SIGTERM; the server must end with 0."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        check(code == 0, f"the server ended with {code} after SIGTERM:\n{self.log_tail()}")

    def restart(self, kill=False):
        self.kill() if kill else self.stop()
        return self.start()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
        finally:
            if self.process is not None and self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if kind is not None:
                print("--- the server's last lines ---\n" + self.log_tail(), file=sys.stderr)
            if self.own and kind is None:
                shutil.rmtree(self.folder, ignore_errors=True)

    def client(self, service):
        # A session of its own: the default one is not for several threads.
        return boto3.session.Session().client(service, endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="x",
                            aws_secret_access_key="x",
                            config=botocore.config.Config(retries={"max_attempts": 0}, read_timeout=120,
                                                          max_pool_connections=16))

    @property
    def kinesis(self):
        return self.client("kinesis")

    @property
    def write(self):
        return self.client("timestream-write")

    @property
    def query(self):
        return self.client("timestream-query")

    def rows(self, sql):
        """Every row as a dict by column name; values as the wire's text, None for NULL."""
        out, token, query = [], None, self.query
        while True:
            page = query.query(QueryString=sql, **({"NextToken": token} if token else {}))
            names = [column["Name"] for column in page["ColumnInfo"]]
            for row in page["Rows"]:
                out.append({n: (None if d.get("NullValue") else d.get("ScalarValue")) for n, d in zip(names, row["Data"])})
            token = page.get("NextToken")
            if not token:
                return out

    def cli(self, *args, code=0, input=None):
        done = subprocess.run([str(BINARY), *args], env={**os.environ, "TIDEMARK_ENDPOINT": self.url or ""},
                              capture_output=True, text=True, input=input, timeout=300)
        check(done.returncode == code, f"tidemark {' '.join(args)} ended with {done.returncode}, want {code}:\n"
              f"{done.stdout}{done.stderr}")
        return done

    def api(self, path, body=None, method=None):
        """(status, parsed answer) of /api/v1."""
        request = urllib.request.Request(self.url + "/api/v1" + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json", "X-Console": "1"})
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def text(self, path):
        """The bytes of an answer of /api/v1, as text."""
        return urllib.request.urlopen(self.url + "/api/v1" + path, timeout=120).read().decode()

    def metric(self, name, **labels):
        """Sum of the samples of a metric that carry all of these labels."""
        total = 0.0
        for line in urllib.request.urlopen(self.url + "/metrics", timeout=30).read().decode().splitlines():
            head, _, value = line.rpartition(" ")
            if head.split("{")[0] == name and all(f'{k}="{v}"' in head for k, v in labels.items()):
                total += float(value)
        return total

    def view(self, name="ec2-5m"):
        status, view = self.api(f"/views/{name}")
        equal(status, 200, f"GET view {name}")
        return view

    def pipeline(self, name="ec2"):
        status, pipeline = self.api(f"/pipelines/{name}")
        equal(status, 200, f"GET pipeline {name}")
        return pipeline

    def wait_consumed(self, name="ec2"):
        """Until the pipeline has taken every record that put() got a sequence number for."""
        def consumed():
            status = self.pipeline(name)
            check(status["state"] in ("running", "starting"), f"pipeline {name} is {status['state']}: {status['error']}")
            taken = {p["partition"]: int(p["position"] or 0) for p in status["partitions"]}
            # Taken is not yet visible: the metric counts points once their frame is durable.
            return (all(taken.get(shard, 0) >= number for shard, number in LAST_PUT.items()) and
                    self.metric("tidemark_pipeline_points_total", pipeline=name) >= int(status["points_total"]))
        wait_for(f"pipeline {name} has read everything", consumed)

    def wait_settled(self, watermark_s, view="ec2-5m"):
        """Until the view's watermark has reached a time and nothing is waiting for evaluation."""
        def settled():
            status = self.view(view)
            at = status["watermark"]
            return at is not None and int(at) >= watermark_s * 10**9 and status["dirty"] == "0"
        wait_for(f"view {view} has passed {watermark_s}", settled)


# The newest sequence number that put() was answered with, by shard, since the last new data directory.
LAST_PUT = {}


def record(measure, value, time_s, host="i-1", kind="DOUBLE", unit="SECONDS", **dimensions):
    """The sample generator's record shape, all values JSON strings."""
    out = {"MeasureName": measure, "MeasureValue": str(value), "MeasureValueType": kind, "Time": str(time_s), "TimeUnit": unit,
           "region": "us-east-1", "cell": "us-east-1-cell-1", "silo": "us-east-1-cell-1-silo-1",
           "availability_zone": "us-east-1-1", "microservice_name": "apollo", "instance_type": "r5.4xlarge",
           "os_version": "AL2", "instance_name": host}
    out.update(dimensions)
    return json.dumps(out)


def put(kinesis, payloads, key, stream=STREAM):
    """Puts in order, 500 a call, one partition key (or a function of the payload's index)."""
    for start in range(0, len(payloads), 500):
        batch = [{"Data": p.encode() if isinstance(p, str) else p, "PartitionKey": key(start + i) if callable(key) else key}
                 for i, p in enumerate(payloads[start:start + 500])]
        answer = kinesis.put_records(StreamName=stream, Records=batch)
        equal(answer["FailedRecordCount"], 0, "FailedRecordCount")
        for place in answer["Records"]:
            LAST_PUT[place["ShardId"]] = max(LAST_PUT.get(place["ShardId"], 0), int(place["SequenceNumber"]))


def dead_letters(kinesis, stream="ec2-dead"):
    """Every record of a dead-letter stream, parsed."""
    out = []
    for shard in kinesis.list_shards(StreamName=stream)["Shards"]:
        iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard["ShardId"],
                                              ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator)
            out += [json.loads(r["Data"]) for r in answer["Records"]]
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                break
            iterator = answer["NextShardIterator"]
    return out


def sql_time_s(text):
    """Seconds since the epoch of "2026-11-26 09:15:00.000000000"; whole seconds only."""
    import calendar
    whole, _, fraction = text.partition(".")
    check(set(fraction) <= {"0"}, f"a fraction in {text}")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%d %H:%M:%S"))


def run(main):
    try:
        main()
    except Failed as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        sys.exit(1)
    print("ok")
