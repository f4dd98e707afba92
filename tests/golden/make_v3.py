"""Made tests/golden/v3 with the first server whose revision log says how late a point was and where it came from: make_v3.py FOLDER.
Kept to show what is in it; v3 is never made again.

Stack, records and tiers of v2 (make_v2.py); revision files are of format 1.1, and the questions include view_revisions().
"""
import sys

import make_v1
import make_v2
from harness import check, run

REVISIONS = ("SELECT host, zone, measure_name, time, revision, old, new, at, cause, late_points, lateness_max, partition "
             "FROM view_revisions('{}') ORDER BY time, measure_name, host, zone, at, revision")


def with_revisions(questions):
    def ask(server):
        out = questions(server)
        out["queries"] += [REVISIONS.format(view) for view in ("averages", "frozen")]
        return out
    return ask


def main(folder):
    make_v1.questions = with_revisions(make_v1.questions)
    make_v2.main(folder)
    text = (make_v2.pathlib.Path(folder) / "expected.json").read_text()
    check('"direct/0"' in text and '/0"' in text, "late points came through the pipeline and by the API")


if __name__ == "__main__":
    run(lambda: main(sys.argv[1]))
