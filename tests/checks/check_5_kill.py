"""Check 5, the real process: ten kill -9 at random moments while writers run; nothing acknowledged is lost.

Two producers put records and a third client writes points with rising versions, each noting what was
acknowledged. After every kill the server starts again; in the end every acknowledged record is on its shard,
in order, exactly once or (if its answer was lost) at most once, and every acknowledged point has its value.
"""
import os
import random
import threading
import time

import botocore.exceptions

from harness import DATABASE, STREAM, TABLE, Server, check, equal, record, run, sql_time_s, wait_for

KILLS = 10
LOST = (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError, OSError)


class Writer(threading.Thread):
    """Runs step(n) again and again; what raises counts as not acknowledged."""

    def __init__(self, server, gate):
        super().__init__(daemon=True)
        self.server, self.gate, self.stopped, self.error = server, gate, False, None

    def run(self):
        n = 0
        while not self.stopped:
            self.gate.wait()
            try:
                self.step(n)
            except LOST:
                pass
            except Exception as error:  # a bug of the check or the server: shown at the end
                self.error = error
                return
            n += 1


class Producer(Writer):
    def __init__(self, server, gate, name, first):
        super().__init__(server, gate)
        self.name_, self.first, self.acked, self.tried = name, first, {}, set()

    def step(self, n):
        times = [self.first + n * 20 + i for i in range(20)]
        payloads = [record("cpu_user", str(t % 97), t, self.name_) for t in times]
        self.tried.update(payloads)
        answer = self.server.kinesis.put_records(StreamName=STREAM, Records=[{"Data": p, "PartitionKey": self.name_} for p in payloads])
        for payload, result in zip(payloads, answer["Records"]):
            if "SequenceNumber" in result:
                self.acked[payload] = int(result["SequenceNumber"])


class Corrector(Writer):
    """Writes the same 50 points with version n and value n."""

    def __init__(self, server, gate, first):
        super().__init__(server, gate)
        self.first, self.acked, self.tried = first, 0, 0

    def step(self, n):
        self.tried = n + 1
        self.server.write.write_records(DatabaseName=DATABASE, TableName=TABLE, CommonAttributes={
            "Dimensions": [{"Name": "host", "Value": "corrector"}], "MeasureName": "level", "MeasureValueType": "BIGINT",
            "MeasureValue": str(n + 1), "Version": n + 1, "TimeUnit": "SECONDS"},
            Records=[{"Time": str(self.first + i)} for i in range(50)])
        self.acked = n + 1


def read_stream(kinesis):
    out = []
    for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
        iterator = kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator)
            out += [(r["Data"].decode(), int(r["SequenceNumber"])) for r in answer["Records"]]
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                break
            iterator = answer["NextShardIterator"]
    return out


def main():
    seed = int(os.environ.get("TM_SEED", "20260101"))
    print(f"TM_SEED={seed}")
    rng = random.Random(seed)
    now = int(time.time())
    gate = threading.Event()
    with Server() as server:
        writers = [Producer(server, gate, "i-1", now - 7200), Producer(server, gate, "i-2", now - 7200), Corrector(server, gate, now - 3600)]
        for w in writers:
            w.start()
        for _ in range(KILLS):
            acked = [len(w.acked) if isinstance(w, Producer) else w.acked for w in writers]
            gate.set()
            # Let every writer get something through, then a random bit more.
            end = time.monotonic() + 60
            while any((len(w.acked) if isinstance(w, Producer) else w.acked) <= a for w, a in zip(writers, acked)):
                check(time.monotonic() < end and all(w.error is None for w in writers), f"a writer is stuck: {[w.error for w in writers]}")
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.3))  # the random moment
            server.kill()
            gate.clear()
            server.start()
        for w in writers:
            w.stopped = True
        gate.set()
        for w in writers:
            w.join(timeout=60)
            check(w.error is None, f"writer: {w.error!r}")

        stored = read_stream(server.kinesis)
        numbers = dict((payload, number) for payload, number in stored)
        equal(len(numbers), len(stored), "each record is stored at most once")
        for producer in writers[:2]:
            for payload, number in producer.acked.items():
                equal(numbers.get(payload), number, f"acknowledged record {payload[:120]}")
        check(set(numbers) <= writers[0].tried | writers[1].tried, "a record nobody sent")

        for producer in writers[:2]:
            sent = [p for p in numbers if f'"instance_name": "{producer.name_}"' in p]
            def points(name=producer.name_):
                rows = server.rows(f'SELECT time, measure_value::double AS v FROM "{DATABASE}"."{TABLE}" '
                                   f"WHERE measure_name = 'cpu_user' AND instance_name = '{name}'")
                equal(len({r["time"] for r in rows}), len(rows), "each time once")
                return {sql_time_s(r["time"]): float(r["v"]) for r in rows}
            wait_for(f"the {len(sent)} points of {producer.name_}", lambda sent=sent: len(points()) == len(sent))
            got = points()
            check(all(v == float(t % 97) for t, v in got.items()), f"values of {producer.name_}")
        rows = server.rows(f'SELECT time, measure_value::bigint AS v FROM "{DATABASE}"."{TABLE}" WHERE measure_name = \'level\'')
        values = {int(r["v"]) for r in rows}
        equal(len(rows), 50, "points of the corrector")
        equal(len(values), 1, f"a write is all or nothing, values {sorted(values)[:5]}")
        corrector = writers[2]
        check(corrector.acked <= values.pop() <= corrector.tried, "the corrector's last acknowledged value")
        print(f"{KILLS} kills, {sum(len(w.acked) for w in writers[:2])} records and {corrector.acked} corrections acknowledged")


run(main)
