"""Made tests/golden/v4 with the first server whose revision log counts the raw points of a row: make_v4.py FOLDER.
Kept to show what is in it; v4 is never made again.

Stack, records and tiers of v2 (make_v2.py); revision files are of format 1.2, and the questions of v3 include the counts.
"""
import sys

import make_v3
from harness import run

if __name__ == "__main__":
    make_v3.REVISIONS = make_v3.REVISIONS.replace("lateness_max, partition ", "lateness_max, partition, record_count, records_added ")
    run(lambda: make_v3.main(sys.argv[1]))
