#!/usr/bin/env bash
# build_time.sh BUILD_DIR: the ten slowest compilations in its .ninja_log; fails above 60 s in http and 20 s elsewhere.
# The times are those of the last compilation of each file: for fair ones `make clean`, no ccache, a quiet machine.
set -euo pipefail
log="$1/.ninja_log"
if [ ! -f "$log" ]; then
  echo "build-time: $log is missing; run \`make build\` first" >&2
  exit 1
fi
# Columns: start ms, end ms, mtime, output, hash of the command. The last line of an output counts.
awk -F'\t' '
  $4 ~ /\.o$/ { ms[$4] = $2 - $1 }
  END { for (o in ms) printf "%8.1f %s\n", ms[o] / 1000, o }' "$log" | LC_ALL=C sort -rn |
  awk '
    NR <= 10 { print }
    { limit = $2 ~ /(^|\/)src\/http\// ? 60 : 20
      if ($1 > limit) { bad = bad sprintf("%s takes %s s, more than %d s\n", $2, $1, limit) } }
    END { if (bad != "") { printf "%s", bad; exit 1 } }'
