"""A data directory of an older format opens, answers what it answered then, and goes on: check_golden.py v1.

The server works on a copy. The answers are compared after the first start, after everything was sealed and merged
(where the command line can), after a restart and after a kill -9; then a late point must still correct its window.
"""
import json
import pathlib
import re
import shutil
import sys
import tempfile

import answers
from harness import Server, check, equal, run, wait_for


def main(golden):
    want = json.loads((golden / "expected.json").read_text())

    def compare(server, when):
        wait_for("everything is settled", lambda: answers.settled(server))
        got = answers.collect(server, want["questions"])
        lines = answers.differences(want["answers"], json.loads(json.dumps(got)))
        check(not lines, f"{when}, {len(lines)} answers differ:\n" + "\n".join(lines[:20]))

    folder = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-golden-"))
    shutil.copytree(golden / "data", folder / "data")
    with Server(folder=folder, stack=None) as server:
        compare(server, "after the first start")
        if re.search(r"^  store\b", server.cli("--help").stdout, re.MULTILINE):
            server.cli("store", "flush")
            compare(server, "after a flush")
            server.cli("store", "compact", "--full")
            compare(server, "after a merge")
        server.restart()
        compare(server, "after a restart")
        server.restart(kill=True)
        compare(server, "after a kill")

        # The pipeline and the view go on where they stood.
        late = want["late"]
        before = json.loads(answers.ask_bytes(server, late["path"]))["rows"][0]
        server.kinesis.put_record(StreamName=late["stream"], Data=late["data"].encode(), PartitionKey=late["key"])
        wait_for("the late point's window is corrected", lambda: json.loads(
            answers.ask_bytes(server, late["path"]))["rows"][0]["revision"] != before["revision"])
        after = json.loads(answers.ask_bytes(server, late["path"]))["rows"][0]
        equal(after["revision"], str(int(before["revision"]) + 1), "its revision")
        equal((after["revisions"][-1]["old"], after["revisions"][-1]["new"], after["revisions"][-1]["late_points"]),
              (before["value"], late["value"], "1"), "its newest entry")
    shutil.rmtree(folder, ignore_errors=True)


run(lambda: main(pathlib.Path(__file__).resolve().parent / sys.argv[1]))
