"""Check 6: the slowest shard that is not idle decides; a silent or empty one goes by its idle rule.

Four shards, one of them ten minutes behind: no window fires early. When that one falls silent, or never had a
record, the others go on after idle_timeout. Both hold again after a restart.
"""
import time

from harness import DATABASE, STREAM, TABLE, Server, check, equal, put, record, run, wait_for


def keys_of_shards(kinesis):
    """One partition key for each shard, found by putting."""
    keys = {}
    for n in range(200):
        answer = kinesis.put_record(StreamName=STREAM, Data=b"not a record", PartitionKey=f"key-{n}")
        keys.setdefault(answer["ShardId"], f"key-{n}")
        if len(keys) == 4:
            return [keys[shard] for shard in sorted(keys)]
    raise AssertionError(f"200 keys reached only {sorted(keys)}")


def published(server):
    return int(server.rows(f'SELECT count(*) AS n FROM "{DATABASE}"."{TABLE}" WHERE measure_name LIKE \'avg_%\'')[0]["n"])


def watermark(server):
    at = server.view()["watermark"]
    return None if at is None else int(at) // 10**9


def main():
    now = int(time.time())
    fast = now // 300 * 300 - 60       # the newest event time of three shards
    slow = fast - 600                  # ... and of the fourth
    with Server() as server:
        kinesis = server.kinesis
        keys = keys_of_shards(kinesis)
        begin = slow - 700
        # The slow shard speaks first: from then on it holds the watermark back.
        put(kinesis, [record("cpu_user", "1", begin, "i-3")], keys[3])
        for shard in range(3):
            put(kinesis, [record("cpu_user", "1", t, f"i-{shard}") for t in range(begin, fast + 1, 20)], keys[shard])
        put(kinesis, [record("cpu_user", "1", t, "i-3") for t in range(begin, slow + 1, 20)], keys[3])
        server.wait_consumed()
        wait_for("the watermark is the slow shard's", lambda: watermark(server) == slow - 3)
        windows = lambda upto: len({t // 300 for t in range(begin, fast + 1, 20) if (t // 300 + 1) * 300 <= upto})
        equal(published(server), 4 * windows(slow - 3), "rows while one shard is ten minutes behind")
        rows = published(server)

        server.restart()
        server.wait_consumed()
        equal(watermark(server), slow - 3, "the watermark after a restart")
        equal(published(server), rows, "rows after a restart")

        # All fall silent; the fast ones are kept awake, so only the slow one becomes idle.
        def awake():
            for shard in range(3):
                put(kinesis, [record("cpu_user", "1", fast, f"i-{shard}")], keys[shard])
            return watermark(server) == fast - 3
        kinesis = server.kinesis
        wait_for("a silent shard is left out after its idle timeout", awake)
        of_slow = len({t // 300 for t in range(begin, slow + 1, 20)})
        equal(published(server), 3 * windows(fast - 3) + of_slow, "rows once the slow shard is idle")

        server.restart(kill=True)
        server.wait_consumed()
        equal(watermark(server), fast - 3, "idleness is journaled: the watermark after a kill")

    # A shard that never had a record.
    with Server() as server:
        kinesis = server.kinesis
        keys = keys_of_shards(kinesis)
        used = keys[:3]

    with Server() as server:
        kinesis = server.kinesis
        def some():
            for shard in range(3):
                put(kinesis, [record("cpu_user", "1", t, f"i-{shard}") for t in range(begin, fast + 1, 20)], used[shard])
            return watermark(server) == fast - 3
        put(kinesis, [record("cpu_user", "1", begin, "i-0")], used[0])
        server.wait_consumed()
        equal(published(server), 0, "no window fires while an empty shard is not yet idle")
        wait_for("the empty shard is idle and the others go on", some)
        equal(published(server), 3 * windows(fast - 3), "rows of the other shards")


run(main)
