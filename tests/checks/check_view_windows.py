"""Windows that overlap, come in levels, follow a calendar, sessions, and rows of groups: equal to sums made here from the same
points, on time, after late points and corrections, and after a kill. Samples on a grid: equal to what SQL interpolates."""
import collections
import datetime
import random
import time
import zoneinfo

from harness import Server, check, equal
from plant import BASE, DB, TABLE, apply, point, settled, write

ZONE = zoneinfo.ZoneInfo("Asia/Kolkata")
HOSTS = {"a": "m5.large", "b": "m5.xlarge", "c": "c6.large"}
GAP, CELL, EVERY = 45, 3600, 20
VIEW = f"""
[[view]]
database = "{DB}"
table = "{TABLE}"
types = ["BIGINT"]
aggregates = ["sum", "count"]
out_of_orderness = "5s"
"""
STACK = f"""{BASE}
{VIEW}
name = "hop"
window = "5m"
slide = "2m"
output = "hop_{{aggregate}}_{{measure}}"
{VIEW}
name = "levels"
levels = ["1m", "10m", "1h"]
output = "{{window}}_{{aggregate}}_{{measure}}"
{VIEW}
name = "day"
calendar = "day"
zone = "{ZONE.key}"
output = "day_{{aggregate}}_{{measure}}"
{VIEW}
name = "tier"
window = "1m"
group_by = ["tier"]
label_map = {{name = "tier", from = "type", map = {{"m5*" = "general", "*" = "other"}}}}
output = "tier_{{aggregate}}_{{measure}}"
{VIEW}
name = "all"
window = "5m"
group_by = []
filter = {{host = ["a", "c"]}}
label = "end"
output = "all_{{aggregate}}_{{measure}}"
{VIEW}
name = "visit"
session_gap = "{GAP}s"
max_session = "{CELL}s"
output = "visit_{{aggregate}}_{{measure}}"
"""
FILLS = {"linear": "interpolate_linear(create_time_series(time, CAST(measure_value::bigint AS double)), GRID)",
         "locf": "interpolate_locf(create_time_series(time, measure_value::bigint), GRID)",
         "constant": "interpolate_fill(create_time_series(time, measure_value::bigint), GRID, CAST(-1 AS bigint))"}
for fill in FILLS:
    STACK += f"""
[[view]]
name = "{fill}"
database = "{DB}"
table = "{TABLE}"
types = ["BIGINT"]
measures = ["n"]
out_of_orderness = "5s"
every = "{EVERY}s"
fill = "{fill}"
fill_value = -1
max_gap = "10m"
"""


def day_of(at):
    local = datetime.datetime.fromtimestamp(at, ZONE).replace(hour=0, minute=0, second=0)
    return int(local.timestamp()), int((local + datetime.timedelta(days=1)).timestamp())


def grid(size, slide):
    """The windows of a time."""
    return lambda at: [(s, s + size) for s in range((at - size) // slide * slide + slide, at + 1, slide)]


# view: name of the measure's prefix, windows of a time, what the row is called.
KINDS = [
    ("hop", "hop", grid(300, 120), lambda h: h),
    ("levels", "1m", grid(60, 60), lambda h: h),
    ("levels", "10m", grid(600, 600), lambda h: h),
    ("levels", "1h", grid(3600, 3600), lambda h: h),
    ("day", "day", lambda at: [day_of(at)], lambda h: h),
    ("tier", "tier", grid(60, 60), lambda h: "general" if HOSTS[h].startswith("m5") else "other"),
    ("all", "all", grid(300, 300), lambda h: "all" if h in ("a", "c") else None),
]
ROW_NAME = {"tier": "tier", "all": "view"}


def put(server, points, version):
    write(server, [point(at, "n", value, version, host=host, type=HOSTS[host]) for (at, host), value in points])


def compare(server, raw, watermark_s):
    rows = 0
    for view, prefix, windows_of, row_of in KINDS:
        want = collections.defaultdict(lambda: [0, 0])
        for (at, host), value in raw.items():
            row = row_of(host)
            for start, end in windows_of(at) if row else []:
                if end <= watermark_s:
                    want[row, start][0] += value
                    want[row, start][1] += 1
        for i, aggregate in enumerate(("sum", "count")):
            made = {(r["row_name"], int(r["start"])): int(r["value"]) for r in server.rows(
                f"SELECT {ROW_NAME.get(view, 'host')} AS row_name, "
                f"CAST(to_milliseconds(window_start) / 1000 AS bigint) AS start, measure_value::bigint AS value "
                f"FROM view_rows('{view}') WHERE measure_name = '{prefix}_{aggregate}_n'")}
            equal(made, {key: both[i] for key, both in want.items()}, f"{view}, {prefix} {aggregate}")
            rows += len(made)
    return rows


def sessions_of(times):
    """Those of one host."""
    out = []
    for at in sorted(times):
        if out and at - out[-1][-1] < GAP and at // CELL == out[-1][-1] // CELL:
            out[-1].append(at)
        else:
            out.append([at])
    return [((s[0], min(s[-1] + GAP, s[-1] // CELL * CELL + CELL)), s) for s in out]


def compare_sessions(server, raw, watermark_s):
    want, open_from = {}, {}
    for host in HOSTS:
        for (start, end), times in sessions_of(at for at, h in raw if h == host):
            if end <= watermark_s:
                want[host, start, end] = sum(raw[at, host] for at in times)
            else:
                open_from[host] = min(start, open_from.get(host, start))
    made = {(r["host"], int(r["s"]), int(r["e"])): int(r["v"]) for r in server.rows(
        "SELECT host, CAST(to_milliseconds(window_start) / 1000 AS bigint) AS s, "
        "CAST(to_milliseconds(window_end) / 1000 AS bigint) AS e, measure_value::bigint AS v "
        "FROM view_rows('visit') WHERE measure_name = 'visit_sum_n'")}
    # Rows that lie under a session still open stay until that is complete.
    made = {k: v for k, v in made.items() if k[1] < open_from.get(k[0], k[1] + 1)}
    equal(made, want, "sessions")
    return len(made)


def stamp(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("TIMESTAMP '%Y-%m-%d %H:%M:%S'")


def compare_samples(server, raw, watermark_s):
    first, last = min(at for at, _ in raw), max(at for at, _ in raw)
    grid = f"sequence({stamp(first)}, {stamp(last)}, {EVERY}s)"
    passed = watermark_s // EVERY * EVERY  # grid times before it are complete
    begun = {host: min(at for at, h in raw if h == host) for host in HOSTS}
    for fill, sql in FILLS.items():
        want = {(r["host"], int(r["t"])): r["v"] for r in server.rows(
            f"SELECT host, CAST(to_milliseconds(t) / 1000 AS bigint) AS t, CAST(v AS varchar) AS v FROM "
            f"(SELECT host, {sql.replace('GRID', grid)} AS series FROM \"{DB}\".\"{TABLE}\" WHERE measure_name = 'n' "
            f"GROUP BY host) CROSS JOIN UNNEST(series) AS u (t, v)")}
        kind = "double" if fill == "linear" else "bigint"
        made, filled = {}, {}
        for r in server.rows(f"SELECT host, CAST(to_milliseconds(window_start) / 1000 AS bigint) AS t, filled, "
                             f"CAST(measure_value::{kind} AS varchar) AS v FROM view_rows('{fill}')"):
            key = r["host"], int(r["t"])
            made[key], filled[key] = r["v"], r["filled"] in (True, "true")
        # A line waits for the sample behind it; SQL's constant stands before the first sample as well.
        until = passed - (60 if fill == "linear" else 0)
        ready = {k: v for k, v in want.items() if v is not None and begun[k[0]] <= k[1] < until}
        equal({k: v for k, v in made.items() if k in ready}, ready, f"{fill} on the grid")
        check(all(k[1] < passed for k in made), f"{fill}: nothing beyond the watermark")
        equal({k: v for k, v in made.items() if k not in ready}, {k: want.get(k) for k in made if k not in ready},
              f"{fill}, the newest")
        equal(filled, {k: (k[1], k[0]) not in raw for k in made}, f"{fill}: which are filled")


def compare_all(server, raw, until):
    """The number of rows that equal what the points give, once all views have come so far."""

    def compare_at(watermark_s):
        compare_samples(server, raw, watermark_s)
        return compare(server, raw, watermark_s) + compare_sessions(server, raw, watermark_s)

    return settled(server, ("hop", "levels", "day", "tier", "all", "visit", *FILLS), until, compare_at)


def main():
    draw = random.Random(11)
    with Server(stack=None) as server:
        apply(server, STACK)
        equal([server.view(name)["windows"] for name in ("hop", "levels", "day", "visit", "linear")],
              ["5m every 2m", "1m, 10m, 1h", f"day in {ZONE.key}", "sessions 45s apart", "every 20s, linear"],
              "windows in words")
        end = int(time.time()) // 60 * 60 - 120
        start = end - 4 * 3600
        raw = {(at, host): draw.randrange(1000) for at in range(start, end, 30) for host in HOSTS}
        late = dict(item for item in raw.items() if item[0][0] < end - 900 and draw.random() < 0.1)
        now = {key: value for key, value in raw.items() if key not in late}
        put(server, sorted(now.items()), 1)
        check(compare_all(server, now, end - 40) > 300, "rows on time")
        put(server, list(late.items()), 1)
        corrected = dict(draw.sample(sorted(raw.items()), 40))
        raw.update((key, value + 1) for key, value in corrected.items())
        put(server, [(key, raw[key]) for key in corrected], 2)
        check(compare_all(server, raw, end - 40) > 300, "rows after late points and corrections")
        check(int(server.view("tier")["revisions_total"]) > 20, "revisions of groups")
        server.cli("store", "flush")
        server.restart(kill=True)
        compare_all(server, raw, end - 40)
        # A window of a group that was made again after the restart.
        key = (start + 30, "a")
        raw[key] += 100
        put(server, [(key, raw[key])], 3)
        compare_all(server, raw, end - 40)


if __name__ == "__main__":
    main()
