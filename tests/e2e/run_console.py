#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts a server with the EC2 sample and a generator, and runs console.mjs against them.

  run_console.py TIDEMARK [SCREENSHOTS]

TIDEMARK is the server's program. The data directory is a temporary one; everything is stopped at the end.
Exit code: that of console.mjs, or 1.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
START_S, HISTORY_S, CONSOLE_S = 60, 180, 400
# Eight hosts are enough that every shard has records: an empty one would hold the first windows back until
# it counts as idle, and late data of the history would then come before their first publication.
GENERATE = ["--hosts", "8", "--interval", "10s", "--start", "-2h", "--percent-late", "5", "--late-time", "75"]


def get(endpoint: str, path: str):
    with urllib.request.urlopen(f"{endpoint}/api/v1{path}", timeout=10) as answer:
        return json.load(answer)


def wait_for(what: str, seconds: float, children, condition):
    """The first true value of `condition`; fails when time is up or a child has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for child in children:
            if child.poll() is not None:
                raise RuntimeError(f"{child.args[1]} ended with {child.returncode} while waiting for {what}")
        value = condition()
        if value:
            return value
        time.sleep(0.2)
    raise RuntimeError(f"no {what} after {seconds} s")


def stop(child) -> int:
    if child.poll() is None:
        child.terminate()
    try:
        return child.wait(timeout=30)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def run(tidemark: str, work: pathlib.Path, screenshots: str) -> int:
    children, logs = [], []

    def spawn(*arguments: str):
        log = open(work / f"{arguments[0]}.log", "wb")
        logs.append(log)
        child = subprocess.Popen([tidemark, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        children.append(child)
        return child

    try:
        server = spawn("serve", "--stack", str(ROOT / "examples/ec2/stack.toml"), "--data-dir", str(work / "data"),
                       "--listen", "127.0.0.1:0")
        address = work / "data" / "endpoint"
        wait_for("address", START_S, children, lambda: address.is_file() and address.read_text().strip())
        endpoint = address.read_text().strip()
        print(f"server at {endpoint}", flush=True)
        spawn("generate", "--endpoint", endpoint, *GENERATE)

        def history_is_there():
            view = get(endpoint, "/views")["views"][0]
            caught_up = view["lag_ms"] is not None and int(view["lag_ms"]) < 30_000
            return view if caught_up and int(view["revisions_total"]) > 0 else None

        view = wait_for("revised history", HISTORY_S, children, history_is_there)
        print(f"history: {view['windows_published']} windows, {view['revisions_total']} revisions", flush=True)
        environment = dict(os.environ, TIDEMARK_ENDPOINT=endpoint)
        if screenshots:
            environment["TIDEMARK_SCREENSHOTS"] = screenshots
        code = subprocess.run(["node", "console.mjs"], cwd=HERE, env=environment, timeout=CONSOLE_S, check=False).returncode
        stop(children[1])
        left = stop(server)
        if left != 0:
            print(f"the server ended with {left} after SIGTERM")
            code = code or 1
        return code
    finally:
        for child in reversed(children):
            stop(child)
        for log in logs:
            log.close()


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    screenshots = str(pathlib.Path(sys.argv[2]).resolve()) if len(sys.argv) == 3 else ""
    work = pathlib.Path(tempfile.mkdtemp(prefix="tidemark-console-"))
    code = 1
    try:
        code = run(sys.argv[1], work, screenshots)
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
        print(f"FAIL  {error}")
    if code != 0:
        for log in sorted(work.glob("*.log")):
            print(f"--- {log.name}")
            print("\n".join(log.read_text(errors="replace").splitlines()[-20:]))
    shutil.rmtree(work, ignore_errors=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
