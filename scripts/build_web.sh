#!/usr/bin/env bash
# Builds the console's pages into web/dist, which the server embeds. Skipped while no source changed.
set -euo pipefail
cd "$(dirname "$0")/../web"

want=$(find . -path ./node_modules -prune -o -path ./dist -prune -o -type f -print0 |
  LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1)
stamp=node_modules/.tidemark-dist-stamp
if [ -f dist/index.html ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
  exit 0
fi
echo "Building the console's pages"
npm run --silent build </dev/null
echo "$want" >"$stamp"
