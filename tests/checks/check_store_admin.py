"""The operator's commands: store flush, compact and stats; backup, restore and check; view pause and resume.

What was written before a backup is in the restored server, what came after is not; a server's folder, a damaged
backup, a folder in use are refused with the exit codes of docs and --help.
"""
import json
import pathlib
import shutil
import time
import urllib.request

from harness import DATABASE, STREAM, TABLE, Server, check, dead_letters, equal, put, record, run, wait_for

STAT_KEYS = ["tables", "dict_bytes", "journal_bytes", "write_amplification", "memory"]
TABLE_KEYS = ["database", "table", "points", "series", "bytes", "block_files", "overlay_points"]


def stats(server):
    out = json.loads(server.cli("store", "stats", "-o", "json").stdout)
    equal(list(out), STAT_KEYS, "members of the stats")
    for table in out["tables"]:
        equal(list(table), TABLE_KEYS, "members of a table's stats")
    check(out["memory"] and all(isinstance(v, int) for v in out["memory"].values()), f"memory budgets {out['memory']}")
    return out


def count(server, where="1 = 1"):
    return int(server.rows(f'SELECT count(*) AS n FROM "{DATABASE}"."{TABLE}" WHERE {where}')[0]["n"])


def values(server):
    rows = server.rows(f'SELECT measure_name, time, instance_name, measure_value::double AS v FROM "{DATABASE}"."{TABLE}" '
                       "ORDER BY 1, 2, 3")
    return [tuple(sorted(r.items(), key=lambda kv: kv[0])) for r in rows]


def revisions(server):
    status, answer = server.api(f"/databases/{DATABASE}/tables/{TABLE}/revisions?measure=avg_cpu_user")
    equal(status, 200, "revisions")
    return answer["rows"]  # the rest tells of now: watermark, and how far the log reaches back


def findings(server, folder, code):
    return [json.loads(line) for line in server.cli("check", str(folder), code=code).stdout.splitlines()]


def records_of(server):
    kinesis, out = server.kinesis, 0
    for shard in kinesis.list_shards(StreamName=STREAM)["Shards"]:
        iterator = kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard["ShardId"],
                                              ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while True:
            answer = kinesis.get_records(ShardIterator=iterator)
            out += len(answer["Records"])
            if not answer["Records"] and answer["MillisBehindLatest"] == 0:
                break
            iterator = answer["NextShardIterator"]
    return out


def sealing(server, now):
    put(server.kinesis, [record("cpu_user", (i * 7) % 100 / 4, now - 4000 + i, f"i-{i % 5}") for i in range(3000)],
        lambda i: str(i % 5))
    server.wait_consumed()
    server.wait_settled(now - 1200)
    before, history = values(server), revisions(server)
    server.cli("store", "flush")
    after = stats(server)
    table = next(t for t in after["tables"] if t["table"] == TABLE)
    check(table["points"] >= 3000 and table["series"] >= 5, f"{table}")
    check(table["bytes"] > 0 and table["block_files"] > 0, f"nothing is in files after a flush: {table}")
    equal(values(server), before, "points after a flush")
    equal(revisions(server), history, "revisions after a flush")
    # A late point and a correction of sealed ones; then everything is merged.
    put(server.kinesis, [record("cpu_user", 50, now - 3900, "i-0"), record("cpu_user", 1, now - 4100, "i-0")], "0")
    server.wait_consumed()
    server.wait_settled(now - 1200)
    server.cli("store", "flush")
    before, history = values(server), revisions(server)
    server.cli("store", "compact")
    server.cli("store", "compact", "--full")
    equal(stats(server)["tables"][0]["overlay_points"], 0, "points left to merge")
    equal(values(server), before, "points after a merge")
    equal(revisions(server), history, "revisions after a merge")
    server.restart(kill=True)
    server.wait_settled(now - 1200)
    equal(values(server), before, "points after a restart")
    equal(revisions(server), history, "revisions after a restart")


def restoring(server, now):
    backups = server.data / "backups"
    points, stored, history = values(server), records_of(server), revisions(server)
    server.write.create_table(DatabaseName=DATABASE, TableName="before")
    made = json.loads(server.cli("backup", str(backups / "one"), "-o", "json").stdout)
    check(made["files"] > 3 and made["bytes"] > 0, f"{made}")
    check((backups / "one/COMPLETE").exists(), "COMPLETE is written")
    # Written later: not in the backup.
    server.write.create_table(DatabaseName=DATABASE, TableName="after")
    put(server.kinesis, [record("cpu_user", 99, now - 100 + i, "i-late") for i in range(50)], "0")
    server.wait_consumed()
    server.cli("store", "flush")

    server.cli("backup", str(backups / "one"), code=4)  # it is taken
    for outside in (server.folder / "elsewhere", backups / ".." / "x", "/"):
        refused = server.cli("backup", str(outside), code=8)
        check("backup.directory" in refused.stderr, refused.stderr)
    equal(server.api("/backups", {"path": "relative"})[0], 400, "a relative path")
    equal(server.api("/backups", {"path": str(backups / "one")})[0], 409, "a taken path")
    server.cli("check", str(server.data), code=4)  # in use
    server.cli("restore", str(backups / "one"), "--data-dir", str(server.data), code=4)

    equal(findings(server, backups / "one", 0), [], "findings in a backup")
    new = server.folder / "restored"
    server.cli("restore", str(backups / "one"), "--data-dir", str(new / "data"))
    server.cli("restore", str(backups / "one"), "--data-dir", str(new / "data"), code=4)  # not empty
    equal(findings(server, new / "data", 0), [], "findings in a restored folder")
    with Server(folder=new, stack=None) as restored:
        restored.wait_settled(now - 1200)
        equal(values(restored), points, "restored points")
        equal(records_of(restored), stored, "restored stream records")
        equal(revisions(restored), history, "restored revisions")
        tables = {t["TableName"] for t in restored.write.list_tables(DatabaseName=DATABASE)["Tables"]}
        check("before" in tables and "after" not in tables, f"restored tables {tables}")
        # It goes on: the pipeline, the view.
        put(restored.kinesis, [record("cpu_user", 5, now - 50, "i-new")], "0")
        restored.wait_consumed()
        wait_for("the new point", lambda: count(restored, "instance_name = 'i-new'") == 1)
        equal(dead_letters(restored.kinesis), [], "dead letters")


def damaged(server):
    source = server.data / "backups/one"
    broken = server.folder / "broken"
    shutil.copytree(source, broken)
    victim = max((p for p in (broken / "store").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 4
    victim.write_bytes(data)
    found = findings(server, broken, 1)
    check(all(set(f) == {"file", "kind", "message"} for f in found), f"{found}")
    check(str(victim.relative_to(broken)) in {f["file"] for f in found}, f"{victim} is not in {found}")
    refused = server.cli("restore", str(broken), "--data-dir", str(server.folder / "no"), code=1)
    check(victim.name in refused.stderr, refused.stderr)
    unfinished = server.folder / "unfinished"
    shutil.copytree(source, unfinished)
    (unfinished / "COMPLETE").unlink()
    refused = server.cli("restore", str(unfinished), "--data-dir", str(server.folder / "no2"), code=1)
    check("COMPLETE" in refused.stderr, refused.stderr)
    server.cli("check", str(server.folder / "nothing"), code=3)
    # A restore that did not end is no data directory.
    half = Server(folder=server.folder / "half", stack=None)
    half.data.mkdir(parents=True)
    (half.data / "RESTORING").write_text("x")
    import subprocess
    done = subprocess.run(half.command(), capture_output=True, text=True, timeout=60)
    equal(done.returncode, 4, "a server on a half-restored folder")


def pausing(server, now):
    server.cli("view", "pause", "ec2-5m")
    wait_for("the view is paused", lambda: server.view()["state"] == "paused")
    put(server.kinesis, [record("cpu_user", 8, now - 3000 + i, "i-paused") for i in range(600)], "0")
    server.wait_consumed()
    server.restart()
    equal(server.view()["state"], "paused", "the view's state after a restart")
    equal(count(server, "measure_name = 'avg_cpu_user' AND instance_name = 'i-paused'"), 0, "rows published while paused")
    server.cli("view", "resume", "ec2-5m")
    wait_for("the windows of what came meanwhile",
             lambda: count(server, "measure_name = 'avg_cpu_user' AND instance_name = 'i-paused'") >= 1)
    server.cli("view", "pause", "nothing", code=3)


def main():
    now = int(time.time()) // 300 * 300
    with Server() as server:
        body = urllib.request.urlopen(server.url + "/readyz", timeout=30).read().decode()
        equal(body, "ok\n", "/readyz")
        equal(server.metric("tidemark_store_blocks_quarantined"), 0.0, "quarantined files")
        check(server.metric("tidemark_memory_bytes_max", budget="store") > 0, "the store's budget is a metric")
        server.cli("store", "accept-gap", "0000000001.tsb", code=3)
        sealing(server, now)
        restoring(server, now)
        damaged(server)
        pausing(server, now)
        server.stop()
        equal(findings(server, server.data, 0), [], "findings in a stopped server's folder")


run(main)
