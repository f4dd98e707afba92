"""A sort that is larger than sql.memory_max goes to DATA_DIR/spill, and nothing stays there: not behind a client that
cancels, and not behind a server that was killed.
"""


from harness import Server, check, equal, run, wait_for

SORT = ("SELECT a * 10000 + b AS n, 'host-' || CAST(b AS varchar) AS h FROM UNNEST(sequence(1, 300)) s(a) "
        "CROSS JOIN UNNEST(sequence(1, 10000)) t(b) ORDER BY n DESC")


def spilled(server):
    folder = server.data / "spill"
    return sorted(path.name for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def first_page(server):
    page = server.query.query(QueryString=SORT)
    while not page["Rows"]:
        page = server.query.query(QueryString=SORT, NextToken=page["NextToken"])
    return page


def main():
    with Server(stack=None, config='[sql]\nmemory_max = "32MiB"\n') as server:
        page = first_page(server)
        equal(page["Rows"][0]["Data"][0]["ScalarValue"], "3010000", "the largest")
        check(spilled(server), "nothing was spilled")
        server.query.cancel_query(QueryId=page["QueryId"])
        wait_for("the files of a cancelled statement are gone", lambda: not spilled(server))

        page = first_page(server)
        check(spilled(server), "nothing was spilled")
        server.kill()
        check(spilled(server), "a killed server cannot tidy up")
        server.start()
        equal(spilled(server), [], "files that the killed server left")
        equal(first_page(server)["Rows"][:10], page["Rows"][:10], "the same rows")
    equal(spilled(server), [], "files behind a server that stopped")
    print("spilled, cancelled, killed: no file stays")


run(main)
