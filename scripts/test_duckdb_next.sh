#!/usr/bin/env bash
# The tests of sql with DuckDB 1.5.6, whose library keeps the C interface of the header of 1.4.4. By hand: it downloads.
set -euo pipefail
cd "$(dirname "$0")/.."
root="$PWD/build/duckdb-next"
mkdir -p "$root"
cp third_party/duckdb/.npmrc "$root/"
cat >"$root/package.json" <<'JSON'
{"name": "tidemark-duckdb-next", "private": true,
 "dependencies": {"@duckdb/node-bindings-linux-x64": "1.5.6-r.1", "duckdb": "1.4.4"}}
JSON
(cd "$root" && npm install --no-progress --loglevel=error </dev/null)
cmake --preset release -B build/release-duckdb-next -DTM_TESTS=ON "-DDUCKDB_ROOT=$root" >/dev/null
cmake --build build/release-duckdb-next -j "$(nproc)" --target sql_test
build/release-duckdb-next/tests/sql_test
