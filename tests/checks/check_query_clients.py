"""The QUERY API with two more clients as they are installed: the AWS command line (Debian's) and the JavaScript SDK v3.

Both page through a result, prepare a statement, cancel one that would run for minutes and read errors as their own
types. Facts: timestream-api.md section 5 and clients-seen.md.
"""
import json
import os
import subprocess

from harness import ROOT, Server, check, equal, wait_for
from check_query_api import DB, ENDLESS, ROWS, TABLE, fill

AWS = "/usr/bin/aws"  # Debian's awscli; another one on the PATH may be anything
SELECT = f'SELECT time, measure_value::double AS v FROM "{DB}"."{TABLE}" ORDER BY time'


def aws(server, *args, code=0):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    env |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
            "AWS_PAGER": "", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}
    done = subprocess.run([AWS, "--endpoint-url", server.url, "--output", "json", "timestream-query", *args],
                          env=env, capture_output=True, text=True, timeout=300)
    equal(done.returncode, code, f"aws {' '.join(args)}: {done.stdout[-2000:]}{done.stderr[-2000:]}; exit status")
    return json.loads(done.stdout) if code == 0 and done.stdout.strip() else done.stderr


def values(page):
    return [float(row["Data"][1]["ScalarValue"]) for row in page["Rows"]]


def command_line(server):
    # The CLI follows NextToken by itself.
    equal(values(aws(server, "query", "--query-string", SELECT, "--page-size", "400")), [float(i) for i in range(ROWS)],
          "all pages joined by the CLI")
    # --max-items stops in between and gives a token of the CLI's own, which holds ours.
    first = aws(server, "query", "--query-string", SELECT, "--page-size", "400", "--max-items", "1000")
    rest = aws(server, "query", "--query-string", SELECT, "--page-size", "400", "--starting-token", first["NextToken"])
    equal(values(first) + values(rest), [float(i) for i in range(ROWS)], "resumed by --starting-token")
    prepared = aws(server, "prepare-query", "--validate-only", "--query-string",
                   f'SELECT line FROM "{DB}"."{TABLE}" WHERE time > @from')
    equal([(c["Name"], c["Type"]["ScalarType"]) for c in prepared["Columns"]], [("line", "VARCHAR")], "prepared columns")
    equal([(p["Name"], p["Type"]["ScalarType"]) for p in prepared["Parameters"]], [("from", "TIMESTAMP")], "prepared parameters")
    page = aws(server, "query", "--no-paginate", "--query-string", ENDLESS)
    equal(page["Rows"], [], "rows of an endless statement")
    aws(server, "cancel-query", "--query-id", page["QueryId"])
    text = aws(server, "query", "--no-paginate", "--query-string", ENDLESS, "--next-token", page["NextToken"], code=254)
    check("(ConflictException)" in text, text)
    text = aws(server, "query", "--query-string", "SELECT 1 +", code=254)
    check("(ValidationException)" in text and "line 1" in text, text)
    equal([e["Address"] for e in aws(server, "describe-endpoints")["Endpoints"]], [server.url.removeprefix("http://")], "endpoint")


def javascript(server):
    done = subprocess.run(["node", str(ROOT / "tests/clients/query_api.mjs"), server.url, ENDLESS],
                          capture_output=True, text=True, timeout=300)
    equal(done.returncode, 0, f"node: {done.stdout[-3000:]}{done.stderr[-3000:]}; exit status")


def main(server_class=Server):
    server = server_class(stack=None)
    server.folder.mkdir(parents=True, exist_ok=True)
    server.config = server.folder / "tidemark.toml"
    server.config.write_text('[sql]\nfirst_page_wait = "200ms"\ntimeout = "10m"\n')
    with server:
        fill(server)
        command_line(server)
        javascript(server)
        wait_for("no cancelled statement runs on", lambda: server.metric("tidemark_query_running") == 0)


if __name__ == "__main__":
    main()
