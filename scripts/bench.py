#!/usr/bin/env python3
"""Runs every benchmark program of a folder and ends with one table: bench.py BENCH_DIR [NAME...].

Programs without the ending `_bench` (series_scale) print a table of their own. A baseline that is not installed
leaves its lines out.

A benchmark that names its baseline sets the counters of base/testing or bench/README.md: `baseline` is by
convention the benchmark of the same program whose name is listed in bench/aims.json; see there.
"""
import json
import pathlib
import subprocess
import sys
import tempfile


# ClickHouse's library is fetched from npm; without it the benchmarks run all the same.
OPTIONAL_BASELINE = "BM_BaselineClickHouse"


def median_times(program: pathlib.Path) -> dict[str, dict]:
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run(
            [str(program), "--benchmark_enable_random_interleaving=true", "--benchmark_repetitions=9",
             "--benchmark_report_aggregates_only=true", f"--benchmark_out={out.name}", "--benchmark_out_format=json"],
            check=True, stdin=subprocess.DEVNULL)
        report = json.loads(pathlib.Path(out.name).read_text())
    rows: dict[str, dict] = {}
    for row in report["benchmarks"]:
        if row.get("aggregate_name") in ("median", "cv"):
            rows.setdefault(row["run_name"], {})[row["aggregate_name"]] = row
    return rows


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    aims_file = pathlib.Path(__file__).resolve().parent.parent / "bench" / "aims.json"
    # program -> list of {ours, baseline, aim}: benchmark names and the wanted ratio or rate as text.
    aims = json.loads(aims_file.read_text()) if aims_file.is_file() else {}
    wanted = sys.argv[2:]
    own_tables = [name for name in ("series_scale",) if not wanted or name in wanted]
    table, counted, failed, missing = [], [], [], set()
    for program in sorted(folder.glob("*_bench")):
        if wanted and program.name not in wanted:
            continue
        print(f"== {program.name}", flush=True)
        try:
            rows = median_times(program)
        except subprocess.CalledProcessError as error:
            failed.append(f"{program.name} ended with {error.returncode}")
            continue
        for line in aims.get(program.name, []):
            ours, baseline = rows.get(line["ours"]), rows.get(line.get("baseline"))
            if ours and "counter" in line:
                counted.append((program.name, line["ours"], line["counter"], ours["median"][line["counter"]],
                                line.get("aim", "")))
                continue
            if ours and not baseline and line["baseline"].startswith(OPTIONAL_BASELINE):
                missing.add(line["baseline"].split("/")[0])
                continue
            if not ours or not baseline:
                failed.append(f"{program.name}: no {line['ours']} or {line.get('baseline')}")
                continue
            table.append((program.name, line["ours"], ours, line["baseline"], baseline, line.get("aim", "")))

    for name in own_tables:
        program = folder / name
        if not program.is_file():
            continue
        print(f"== {name}", flush=True)
        if subprocess.run([str(program)], stdin=subprocess.DEVNULL).returncode != 0:
            failed.append(f"{name} failed")

    def rate(row):
        median = row["median"]
        if "items_per_second" in median:
            return f"{median['items_per_second']:,.0f}/s"
        return f"{median['cpu_time']:,.0f} {median['time_unit']}"

    def speed(row):
        median = row["median"]
        return median.get("items_per_second") or 1.0 / median["cpu_time"]

    print(f"\n{'program':<20} {'ours':<44} {'rate':>16} {'baseline':<36} {'rate':>16} {'ratio':>9}  aim")
    for program, ours, our_row, base, base_row, aim in table:
        spread = our_row.get("cv", {}).get("cpu_time", 0.0) + base_row.get("cv", {}).get("cpu_time", 0.0)
        print(f"{program:<20} {ours:<44} {rate(our_row):>16} {base:<36} {rate(base_row):>16} "
              f"{speed(our_row) / speed(base_row):>6.2f}±{100 * spread:.0f}%  {aim}")
    for program, ours, counter, value, aim in counted:
        print(f"{program:<20} {ours:<44} {counter} = {value:,.1f}  {aim}")
    for name in sorted(missing):
        print(f"{name}: not installed")
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
