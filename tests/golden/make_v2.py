"""Made tests/golden/v2 with the first server that seals: make_v2.py FOLDER. Kept to show what is in it; v2 is never made again.

The same stack, records and questions as v1 (make_v1.py), but in all tiers: base blocks, overlays with late, replaced and corrected
points, revision files, a dictionary, a manifest with edits, a trimmed journal with a tail; tables and a view that ended after they were
sealed.
"""
import json
import pathlib
import sys
import time

import answers
from harness import Server, check, run, wait_for
from make_v1 import (AVERAGES, BASE, DATABASE, DOOMED, FROZEN, STACK, closed_windows, fields, late_points, point,
                     points_by_api, settle, store_answers, write)


def revised(server, count):
    path = f"/api/v1/databases/{DATABASE}/tables/averages/revisions?measure=avg_cpu"
    wait_for(f"{count} windows are corrected", lambda: len(
        [r for r in json.loads(answers.ask_bytes(server, path))["rows"] if r["revision"] == "2"]) == count)


def recreate(server):
    """Tables whose rows are in blocks end; one comes back, empty."""
    for table in ("gone", "again"):
        server.write.delete_table(DatabaseName=DATABASE, TableName=table)
    server.write.create_table(DatabaseName=DATABASE, TableName="again",
                              RetentionProperties={"MemoryStoreRetentionPeriodInHours": 6, "MagneticStoreRetentionPeriodInDays": 73000},
                              MagneticStoreWriteProperties={"EnableMagneticStoreWrites": True})
    write(server, "again", [point("new", str(i), "BIGINT", BASE + i, host="b") for i in range(5)])


def check_tiers(data):
    store = data / "store"
    blocks = list(store.glob("blk/**/*.tsb"))
    for what, files in [("blocks", blocks), ("revisions", list(store.glob("blk/**/*.tsr"))), ("a dictionary", list(store.glob("dict/*"))),
                        ("a manifest", list(store.glob("MANIFEST-*"))), ("a journal", list(store.glob("wal/*.wal")))]:
        check(files, f"there are no files of {what}")
    check(len(blocks) > 3, "there are several tiers of blocks")


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    (folder / "all.toml").write_text(STACK + AVERAGES + FROZEN + DOOMED)
    with Server(folder=folder, stack=folder / "all.toml") as server:
        keys = closed_windows(server)
        settle(server)
        server.wait_settled(BASE + 3 * 3600 - 3, "doomed")
        wait_for("the doomed view has rows", lambda: server.rows("SELECT count(*) AS n FROM view_rows('doomed')")[0]["n"] != "0")
        points_by_api(server)
        for table in ("gone", "again"):
            write(server, table, [point("old", str(i), "DOUBLE", BASE + i, host="a") for i in range(20)])
        server.cli("store", "flush")
        server.cli("store", "compact", "--full")  # base blocks
        (folder / "doomed.toml").write_text(DOOMED)
        server.cli("delete", "--yes", str(folder / "doomed.toml"))
        recreate(server)
        server.stop()

        server.stack = None
        server.start()
        late_points(server, keys)
        settle(server)
        revised(server, 2)
        write(server, "points", [point("level", str(i / 4), "DOUBLE", BASE + 100 + i, host="a") for i in range(8)])
        server.cli("store", "flush")  # overlays
        server.kill()

        server.start()
        write(server, "multi", [point("sensor", fields(late=("VARCHAR", "a new field"), errors=("BIGINT", "9")), "MULTI", BASE + 40, host="m-3")])
        write(server, "raw", [point("cpu", "60", "DOUBLE", BASE + 60 * 22 + 40, host="h-3", zone="z-3")])  # a correction by API
        revised(server, 3)
        server.cli("store", "flush")
        time.sleep(3)  # longer than the idle timeout: nothing is to come any more
        settle(server)
        write(server, "points", [point("level", "1", "DOUBLE", BASE + 200, host="z")])  # the tail
        store_answers(server, folder)
        server.kill()
    for name in ("LOCK", "endpoint"):
        (folder / "data" / name).unlink(missing_ok=True)
    check_tiers(folder / "data")


if __name__ == "__main__":
    run(lambda: main(sys.argv[1]))
