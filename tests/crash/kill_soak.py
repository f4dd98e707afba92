"""The real process, killed at random while clients write, against a file of what it owes.

Four clients write batches of new, late (sealed long ago) and overwriting points; each notes a batch in its file before
it sends it, and the acknowledgement behind it. Meanwhile someone seals and merges. After every kill -9, some of them
during a start, the server starts again and answers are compared with those files: acknowledged points are there with
their newest value, and a batch that was not answered is there whole or not at all.

TM_KILLS (10), TM_SEED, TM_KEEP=1 leaves the folder.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import botocore.exceptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "checks"))
from harness import BINARY, Server, check, equal, run, sql_time_s, wait_for  # noqa: E402

KILLS = int(os.environ.get("TM_KILLS", "10"))
CLIENTS = 4
POINTS_MAX = 3000  # of a client; from then on it overwrites
FULL_EVERY = 10  # kills between comparisons of every point
LOST = (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, OSError)
DAY_S = 86_400

STACK = """
[[database]]
name = "soak"
[[table]]
database = "soak"
name = "points"
memory_retention = "1h"
magnetic_retention = "365d"
"""

# Small enough that segments roll, rows seal and files merge between two kills.
CONFIG = """
memory_max = "256MiB"
[store]
segment_bytes = "64KiB"
seal_bytes = "256KiB"
seal_after = "2s"
"""


class Ledger:
    """What one client is owed: a file, and its reading."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "a", buffering=1)

    def note(self, **what):
        self.file.write(json.dumps(what) + "\n")

    def read(self):
        """({(measure, time): (version, value)} acknowledged, the batch without an answer or None)."""
        state, open_batch = {}, None
        for line in self.path.read_text().splitlines():
            entry = json.loads(line)
            if "try" in entry:
                check(open_batch is None, f"{self.path.name}: two batches without an answer")
                open_batch = entry["try"]
            else:
                if entry["there"]:
                    for measure, at, version, value in open_batch:
                        state[(measure, at)] = (version, value)
                open_batch = None
        return state, open_batch


class Client(threading.Thread):
    def __init__(self, server, folder, number, seed, gate):
        super().__init__(daemon=True)
        self.server, self.gate = server, gate
        self.host = f"client-{number}"
        self.ledger = Ledger(folder / f"{self.host}.jsonl")
        self.random = random.Random(seed)
        self.state = {}
        self.batches = self.acked = 0
        self.next_time = int(time.time()) - 3000
        self.stopped, self.error = False, None
        self.pending = None  # the batch without an answer
        self.connected = (None, None)
        self.lock = threading.Lock()  # a batch, or a comparison

    def run(self):
        try:
            while not self.stopped:
                self.gate.wait()
                with self.lock:
                    if self.gate.is_set():  # else closed meanwhile
                        self.settle() if self.pending else self.step()
        except Exception as error:  # a bug of this script or of the server: shown at the end
            self.error = error

    def choose(self):
        """(measure, time) of one record of the next batch."""
        dice = self.random.random()
        measure = f"m{self.random.randrange(3)}"
        if self.state and (dice < 0.3 or len(self.state) >= POINTS_MAX):
            return self.random.choice(list(self.state))
        if dice < 0.5:  # days ago, among rows that were sealed and merged
            days = self.random.choice([1, 2, 3, 20])
            return measure, int(self.next_time - days * DAY_S + self.random.randrange(2000))
        self.next_time += 1
        return measure, min(self.next_time, int(time.time()))

    def step(self):
        self.batches += 1
        keys = {self.choose() for _ in range(self.random.choice([1, 5, 30, 100]))}
        batch = []
        for place, (measure, at) in enumerate(sorted(keys)):
            version = self.state.get((measure, at), (0, 0))[0] + 1
            batch.append([measure, at, version, self.batches * 1000 + place])
        self.ledger.note(**{"try": batch})
        write = self.connection()
        try:
            write.write_records(
                DatabaseName="soak", TableName="points",
                CommonAttributes={"Dimensions": [{"Name": "host", "Value": self.host}], "MeasureValueType": "BIGINT",
                                  "TimeUnit": "SECONDS"},
                Records=[{"MeasureName": m, "Time": str(t), "Version": v, "MeasureValue": str(value)} for m, t, v, value in batch])
        except write.exceptions.RejectedRecordsException as error:
            raise AssertionError(f"{self.host}: a record was rejected: {error.response['RejectedRecords'][:3]}") from error
        except LOST:
            self.pending = batch
            return
        self.ledger.note(there=True)
        self.acked += 1
        self.take(batch)

    def connection(self):
        """Made once a start: making one takes longer than a batch."""
        if self.connected[0] != self.server.url:
            self.connected = (self.server.url, self.server.write)
        return self.connected[1]

    def take(self, batch):
        for measure, at, version, value in batch:
            self.state[(measure, at)] = (version, value)

    def settle(self):
        """A batch without an answer: whole or not at all, once the server is back."""
        batch = self.pending
        try:
            there = self.stored(min(b[1] for b in batch), max(b[1] for b in batch))
        except LOST:  # killed again
            return
        written = [there.get((m, t)) == value for m, t, _, value in batch]
        before = [there.get((m, t)) == self.state.get((m, t), (0, None))[1] for m, t, _, _ in batch]
        check(all(written) or all(before), f"{self.host}: half of a batch is there: {batch[:3]}.. of {len(batch)}: "
              f"{sum(written)} written, {sum(before)} as before")
        self.ledger.note(there=all(written))
        self.pending = None
        if all(written):
            self.take(batch)

    def stored(self, first=None, last=None):
        """{(measure, time): value} of this client."""
        where = f"host = '{self.host}'"
        if first is not None:
            where += f" AND time >= from_milliseconds({first * 1000}) AND time <= from_milliseconds({last * 1000})"
        rows = self.server.rows(f"SELECT measure_name, time, measure_value::bigint AS v FROM soak.points WHERE {where}")
        out = {(r["measure_name"], sql_time_s(r["time"])): int(r["v"]) for r in rows}
        equal(len(out), len(rows), f"{self.host}: each point once")
        return out

    def compare(self, full):
        """Acknowledged points against the file, not against memory."""
        check(self.error is None, f"{self.host}: {self.error!r}")
        with self.lock:
            self.compare_locked(full)

    def compare_locked(self, full):
        want, unanswered = self.ledger.read()
        if full:
            got = self.stored()
            maybe = {(m, t): value for m, t, _, value in unanswered or []}
            for key, (version, value) in want.items():
                check(got.get(key) in (value, maybe.get(key, value)),
                      f"{self.host}: {key} should have version {version}, value {value}, is {got.get(key)}")
            extra = set(got) - set(want) - set(maybe)
            check(not extra, f"{self.host}: points that nobody wrote: {sorted(extra)[:5]}")
            return
        rows = self.server.rows(f"SELECT count(*) AS n, sum(measure_value::bigint) AS s FROM soak.points WHERE host = '{self.host}'")
        got = (int(rows[0]["n"]), int(rows[0]["s"] or 0))
        either = [dict(want), dict(want)]
        for measure, at, version, value in unanswered or []:
            either[1][(measure, at)] = (version, value)
        sums = [(len(state), sum(value for _, value in state.values())) for state in either]
        check(got in sums, f"{self.host}: count and sum are {got}, should be one of {sums}")


class Keeper(threading.Thread):
    """Seals and merges now and then, as an operator would; a killed server's answers do not matter."""

    VERBS = (["flush"], ["flush"], ["compact"], ["compact", "--full"], ["stats", "-o", "json"])

    def __init__(self, server, seed, gate):
        super().__init__(daemon=True)
        self.server, self.gate, self.random = server, gate, random.Random(seed)
        self.stopped, self.answered = False, 0

    def run(self):
        while not self.stopped:
            self.gate.wait()
            done = subprocess.run([str(BINARY), "store", *self.random.choice(self.VERBS)], capture_output=True, text=True, timeout=300,
                                  env={**os.environ, "TIDEMARK_ENDPOINT": self.server.url})
            self.answered += done.returncode == 0
            time.sleep(self.random.uniform(0, 0.3))


def kill_while_starting(server, rng):
    """Starts the server and kills it before, or just when, it is ready."""
    with open(server.folder / "server.log", "ab") as log:
        process = subprocess.Popen(server.command(), stdout=log, stderr=log)
    time.sleep(rng.uniform(0, 0.15))  # the random moment
    check(process.poll() is None, f"the server refused to start:\n{server.log_tail()}")
    process.send_signal(signal.SIGKILL)
    process.wait()


def soak(folder, seed):
    rng = random.Random(seed)
    stack = folder / "stack.toml"
    stack.write_text(STACK)
    gate = threading.Event()
    with Server(folder=folder / "server", stack=stack, config=CONFIG) as server:
        clients = [Client(server, folder, n, rng.random(), gate) for n in range(CLIENTS)]
        keeper = Keeper(server, rng.random(), gate)
        for thread in [*clients, keeper]:
            thread.start()
        kills = 0
        while kills < KILLS:
            acked = [c.acked for c in clients]
            gate.set()
            wait_for("every client gets something through", lambda: all(
                c.acked > a or c.error for c, a in zip(clients, acked)))
            time.sleep(rng.uniform(0, 0.5))  # the random moment
            gate.clear()
            server.kill()
            kills += 1
            while rng.random() < 0.25 and kills < KILLS:
                kill_while_starting(server, rng)
                kills += 1
            server.start()
            for client in clients:
                client.compare(full=kills % FULL_EVERY == 0)
        # The end: every answer is known, every point compared, before and after everything is sealed and merged.
        gate.set()
        acked = [c.acked for c in clients]
        wait_for("the last batches", lambda: all(c.acked > a or c.error for c, a in zip(clients, acked)))
        for thread in clients + [keeper]:
            thread.stopped = True
        for client in clients:
            client.join(timeout=120)
            client.compare(full=True)
        server.cli("store", "flush")
        server.cli("store", "compact", "--full")
        for client in clients:
            client.compare(full=True)
        server.restart()
        for client in clients:
            client.compare(full=True)
        print(f"{kills} kills, {sum(c.acked for c in clients)} batches acknowledged, {sum(len(c.state) for c in clients)} points, "
              f"{keeper.answered} seals and merges")


def main():
    seed = int(os.environ.get("TM_SEED", "20260101"))
    print(f"TM_SEED={seed}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-soak-"))
    try:
        soak(folder, seed)
    except BaseException:
        print(f"the data directory and what is owed: {folder}", file=sys.stderr)
        raise
    if not os.environ.get("TM_KEEP"):
        shutil.rmtree(folder, ignore_errors=True)


run(main)
