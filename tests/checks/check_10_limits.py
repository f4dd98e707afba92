"""Check 10: bounds and mistakes have clear answers; nothing is lost, nothing crashes."""
import json
import os
import pathlib
import resource
import socket
import subprocess
import time

import botocore.exceptions

from harness import BINARY, DATABASE, STACK, STREAM, TABLE, Server, check, equal, put, record, run, wait_for

MIB = 1 << 20


def error_of(call):
    try:
        call()
    except botocore.exceptions.ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("no error")


def serve_fails(code, words, *args, stack=STACK, config=None, folder=None):
    server = Server(stack=stack, config=config, folder=folder)
    command = [a for a in server.command() if not (args and a in ("--listen", server.listen))]
    done = subprocess.run(command + list(args), capture_output=True, text=True, timeout=60)
    equal(done.returncode, code, f"exit code, with {done.stderr!r}")
    for word in words:
        check(word in done.stderr, f"{word!r} is not in {done.stderr!r}")


def memory_stays_bounded():
    limit = 256 * MIB
    with Server(config='memory_max = "256MiB"\n') as server:
        rss = lambda: int(next(line for line in pathlib.Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
                               if line.startswith("VmRSS")).split()[1]) * 1024
        write, offered, throttled, peak, base, n = server.write, 0, 0, 0, int(time.time()) - 3600, 0
        text = "x" * 1900
        while offered < 3 * limit:
            n += 1
            records = [{"Time": str(base * 1000 + n), "MeasureName": f"m{i}", "MeasureValue": f"{n:08}{text}"} for i in range(100)]
            try:
                write.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=records, CommonAttributes={
                    "Dimensions": [{"Name": "host", "Value": "a"}], "MeasureValueType": "VARCHAR", "TimeUnit": "MILLISECONDS"})
            except botocore.exceptions.ClientError as error:
                equal(error.response["Error"]["Code"], "ThrottlingException", "at the memory limit")
                throttled += 1
            offered += 100 * 1908
            peak = max(peak, rss())
        check(throttled > 0, "three times memory_max was offered and nothing was refused")
        # A sanitizer keeps freed memory and shadows the rest: there only the refusals are checked.
        check(peak < limit or "TM_SANITIZER" in os.environ, f"the process held {peak // MIB} MiB, more than memory_max")
        # A pipeline pauses and says why; reads still work.
        put(server.kinesis, [record("cpu_user", "1", int(time.time()) - 60)], "k")
        wait_for("the pipeline pauses", lambda: server.pipeline()["state"] == "paused")
        check("memory" in server.pipeline()["error"], "why it pauses")
        check(int(server.rows(f'SELECT count(*) AS n FROM "{DATABASE}"."{TABLE}"')[0]["n"]) > 0, "reads work at the limit")
        print(f"memory: offered {offered // MIB} MiB, peak {peak // MIB} MiB, {throttled} refused")


def disk_full_loses_nothing():
    # A file-size limit stands for the full disk: the next journal or log write fails as one would there.
    limit = 6 * MIB
    server = Server(preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    server.start()
    acked, failed, base = [], None, int(time.time()) - 3600
    for n in range(2000):
        payload = json.dumps({"n": n, "pad": "x" * 20000})
        try:
            server.kinesis.put_record(StreamName=STREAM, Data=payload.encode(), PartitionKey="k")
            acked.append(n)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            failed = str(error)
            break
    check(failed is not None, "the disk never became full")
    check(STREAM in failed and ("No space" in failed or "File too large" in failed), f"which stream, and why: {failed}")
    equal(server.process.poll(), None, "the server goes on")
    equal(server.api("/overview")[0], 200, "reads go on")
    server.kill()
    server.preexec = None
    with server:
        found = []
        for shard in server.kinesis.list_shards(StreamName=STREAM)["Shards"]:
            iterator = server.kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while True:
                answer = server.kinesis.get_records(ShardIterator=iterator)
                found += [json.loads(r["Data"])["n"] for r in answer["Records"]]
                if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                    break
                iterator = answer["NextShardIterator"]
        equal(found[:len(acked)], acked, "acknowledged records after the disk was full")
        put(server.kinesis, [record("cpu_user", "1", base)], "k")


def flip_in_a_frame(segment):
    """In the payload of a frame near the middle; docs/format/journal.md section 2. Confirmations between frames may be damaged."""
    data = bytearray(segment.read_bytes())
    at = data.index(b"FWAL", len(data) // 2)
    while int.from_bytes(data[at + 16:at + 20], "little") == 0:
        at = data.index(b"FWAL", at + 4)
    data[at + 56 + 8] ^= 0x40
    segment.write_bytes(data)


def damage_is_refused_and_named():
    server = Server()
    server.start()
    now = int(time.time())
    for n in range(30):  # a frame each
        server.write.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=[{
            "Dimensions": [{"Name": "host", "Value": "a"}], "MeasureName": "m", "MeasureValue": str(n), "Time": str(now - 60 + n),
            "TimeUnit": "SECONDS"}])
    server.kill()
    segment = max((server.data / "store" / "wal").iterdir(), key=lambda path: path.stat().st_size)
    flip_in_a_frame(segment)
    done = subprocess.run(server.command(), capture_output=True, text=True, timeout=60)
    check(done.returncode != 0, "a damaged journal was accepted")
    option = next((word.strip(",.;:") for word in done.stderr.split() if word.startswith("--accept-log-loss=")), None)
    check(option is not None and segment.name in done.stderr, f"what is damaged, and the remedy: {done.stderr!r}")
    server.extra = [option]
    with server:
        count = int(server.rows(f'SELECT count(*) AS n FROM "{DATABASE}"."{TABLE}" WHERE measure_name = \'m\'')[0]["n"])
        check(0 < count < 30, f"{count} of 30 points precede the damage")


def mistakes_are_named():
    with Server() as server:
        serve_fails(4, ["another server uses the data directory", str(server.data)], folder=server.folder)
        port = server.url.rsplit(":", 1)[1]
        other = Server(listen=f"127.0.0.1:{port}")
        done = subprocess.run(other.command(), capture_output=True, text=True, timeout=60)
        check(done.returncode != 0 and port in done.stderr, f"a taken port: {done.stderr!r}")

        equal(error_of(lambda: server.kinesis.describe_stream(StreamName="nope"))[0], "ResourceNotFoundException", "unknown stream")
        code, message = error_of(lambda: server.query.query(QueryString='SELECT 1 FROM "nope"."t"'))
        check("nope" in message, message)
        code, message = error_of(lambda: server.query.query(QueryString=f'SELECT nope FROM "{DATABASE}"."{TABLE}"'))
        equal(code, "ValidationException", "unknown column")
        check("line 1:8" in message and "nope" in message, message)
        code, message = error_of(lambda: server.query.query(QueryString="SELECT 1 +"))
        check("line 1" in message, message)
        code, message = error_of(lambda: server.write.write_records(DatabaseName=DATABASE, TableName="nope", Records=[
            {"Dimensions": [{"Name": "a", "Value": "b"}], "MeasureName": "m", "MeasureValue": "1", "Time": "1"}]))
        equal(code, "ResourceNotFoundException", "unknown table")
        code, message = error_of(lambda: server.kinesis.put_record(StreamName=STREAM, Data=b"x" * (11 * MIB), PartitionKey="k"))
        equal(code, "ValidationException", "an oversized record")
        # Garbage, and a request larger than any may be.
        host, _, port = server.url[len("http://"):].partition(":")
        for junk in (b"\x00\xff\x16\x03\x01garbage\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
                     b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n"):
            with socket.create_connection((host, int(port)), timeout=30) as s:
                s.sendall(junk)
                s.settimeout(30)
                got = s.recv(4096)
                check(got.startswith(b"HTTP/1.1 4") or got.startswith(b"HTTP/1.1 5"), f"{junk[:20]!r} got {got[:60]!r}")
        equal(server.api("/overview")[0], 200, "after garbage")

        # The command line names what is wrong, with its exit code (console-ux.md 13.4).
        bad = server.folder / "bad.toml"
        bad.write_text('[[stream]]\nname = "s"\nshard = 2\n')
        done = server.cli("apply", str(bad), code=8)
        check('bad.toml:3: unknown key "shard"' in done.stderr and '"shards"' in done.stderr, done.stderr)
        other = server.folder / "differs.toml"
        other.write_text('[[stream]]\nname = "ec2-metrics"\nshards = 2\n[[stream]]\nname = "never"\n')
        done = server.cli("apply", str(other), code=4)
        check("ec2-metrics" in done.stderr and "shards=4" in done.stderr and "shards=2" in done.stderr, done.stderr)
        equal(error_of(lambda: server.kinesis.describe_stream(StreamName="never"))[0], "ResourceNotFoundException", "nothing of the file was applied")
        done = server.cli("apply", str(STACK))
        check("created" not in done.stdout and "unchanged" in done.stdout, done.stdout)
        server.cli("pipeline", "stop", "nope", code=3)
        server.cli("delete", str(STACK), code=2, input="")
        server.cli("frobnicate", code=2)
        check("line 1:" in server.cli("sql", "SELECT", code=8).stderr, "an error of SQL says where")
        server.cli("sql", "--endpoint", "http://127.0.0.1:1", "SELECT 1", code=6)
        server.cli("pipeline", "stop", "ec2")
        server.restart()
        equal(server.pipeline()["state"], "stopped", "stopped stays stopped over a restart")
        server.cli("pipeline", "start", "ec2")
        done = server.cli("delete", str(STACK), "--yes")
        check("deleted" in done.stdout, done.stdout)
        equal(server.kinesis.list_streams()["StreamNames"], [], "streams after delete")
        server.cli("apply", str(STACK))

    serve_fails(78, ["unknown key \"pushdwn\"", "tidemark.toml:2"], config="[sql]\npushdwn = false\n")
    serve_fails(78, ["loopback"], "--listen", "0.0.0.0:0")


def main():
    mistakes_are_named()
    damage_is_refused_and_named()
    disk_full_loses_nothing()
    memory_stays_bounded()


run(main)
