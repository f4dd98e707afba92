#!/usr/bin/env bash
# stage.sh NAME COMMAND...: runs COMMAND and says how long it took. With TM_STAGE_LOG set, adds "NAME SECONDS" to
# that file (.ci/run prints the sum).
name=$1
shift
start=$(date +%s%N)
"$@"
status=$?
tenths=$((($(date +%s%N) - start) / 100000000))
seconds="$((tenths / 10)).$((tenths % 10))"
if [ "$tenths" -ge 10 ]; then echo "[$name: $seconds s]"; fi
if [ -n "${TM_STAGE_LOG:-}" ]; then echo "$name $seconds" >>"$TM_STAGE_LOG"; fi
exit $status
