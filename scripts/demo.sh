#!/usr/bin/env bash
# The EC2 sample end to end on ./demo-data, in the foreground until Ctrl-C (exit 0): server, stack, generator.
#   FRESH=1       begins anew
#   PORT=4580     another port
set -euo pipefail
cd "$(dirname "$0")/.."

binary=build/release/tidemark
data=demo-data
sample=examples/ec2
stack=$data/ec2/stack.toml
port=${PORT:-4580}
hosts=${HOSTS:-100}
log=$data/server.log
began=$(date +%s)
say() { printf '[demo %3d s] %s\n' "$(($(date +%s) - began))" "$*"; }

if [ "${FRESH:-}" = 1 ] && [ -e "$data" ]; then
  # Only a folder that is ours goes.
  if [ -e "$data/LOCK" ]; then rm -rf "$data"; else echo "demo: $data is not a data directory; not removed" >&2; exit 1; fi
fi
found=""
[ -e "$data/catalog.sqlite" ] && found=yes
mkdir -p "$data"
# The sample, and besides it early values: windows that are not complete yet are drawn as provisional.
rm -rf "$data/ec2"
cp -r "$sample" "$data/ec2"
sed -i 's/^late = "recompute"$/&\nearly = "10s"\nprovisional_after = "30s"/' "$stack"
grep -q '^provisional_after = "30s"$' "$stack" || { echo "demo: $sample/stack.toml has no line late = \"recompute\" to put early values behind" >&2; exit 1; }

server=""
generator=""
stop() {
  trap - INT TERM EXIT
  printf '\n'
  say "stopping"
  if [ -n "$generator" ]; then kill -TERM "$generator" 2>/dev/null || true; wait "$generator" 2>/dev/null || true; fi
  if [ -n "$server" ]; then kill -TERM "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi
  say "stopped; the data stays in ./$data (make demo goes on with it, make demo FRESH=1 begins anew)"
}
trap 'stop; exit 0' INT TERM
trap 'stop' EXIT

# stdout says when it is ready; the log is appended to, since another run may be writing it.
ready=$(mktemp)
log_before=$(stat -c %s "$log" 2>/dev/null || echo 0)
"$binary" serve --data-dir "$data" --stack "$stack" --listen "127.0.0.1:$port" >"$ready" 2>>"$log" &
server=$!
until grep -q '^listening on ' "$ready"; do
  if ! kill -0 "$server" 2>/dev/null; then
    trap - EXIT
    rm -f "$ready"
    tail -c "+$((log_before + 1))" "$log" | grep '^error:' >&2 || tail -5 "$log" >&2
    echo "demo: the server did not start; its log is $log. Another port: make demo PORT=4581" >&2
    exit 1
  fi
  sleep 0.1
done
endpoint=$(sed -n 's/^listening on //p' "$ready")
rm -f "$ready"
export TIDEMARK_ENDPOINT=$endpoint
say "server ready"
echo
"$binary" describe "$stack" | sed -n '/^Outputs/,$p'
echo

start=-2h
if [ -n "$found" ]; then
  newest=$("$binary" sql -o json "SELECT max(time) FROM \"InterpolatedBlogDB\".\"EC2MetricTable\" WHERE measure_name = 'cpu_system'" |
    sed -n 's/.*"rows":\[\["\([^".]*\).*/\1/p')
  if [ -n "$newest" ] && [ "$(date -u -d "$newest" +%s)" -gt "$(($(date +%s) - 7200))" ]; then
    start=$newest
    say "found data in ./$data: event time goes on at $newest UTC"
  else
    say "found data in ./$data, the newest is over two hours old: event time begins two hours back"
  fi
else
  say "new data in ./$data: event time begins two hours back, as fast as it goes, then live"
fi
say "open $endpoint/ui/ and press Ctrl-C here to stop"

"$binary" generate --hosts "$hosts" --interval 10s --start "$start" --percent-late 5 --late-time 75 &
generator=$!
wait "$generator" && code=0 || code=$?
generator=""
# The generator ends only on an error, or with the server.
kill -0 "$server" 2>/dev/null || { say "the server ended; its log is $log"; server=""; }
exit "$code"
