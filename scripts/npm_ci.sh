#!/usr/bin/env bash
# npm_ci.sh FOLDER...: `npm ci` where node_modules does not match the lock file yet. A stamp remembers what was
# installed, so that a second run is instant and works offline.
set -euo pipefail
cd "$(dirname "$0")/.."

# Vite and the pages need it: package.json, engines.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "Node.js 20.19 or newer with npm is needed, and there is no \`node\` or \`npm\` on this PATH: install it from https://nodejs.org" >&2
  exit 1
fi
version=$(node --version)
if ! node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
              process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'; then
  echo "Node.js 20.19 or newer is needed, but \`node\` here is $version: install a newer one from https://nodejs.org" >&2
  exit 1
fi

for folder in "$@"; do
  [ -f "$folder/package-lock.json" ] || continue
  stamp="$folder/node_modules/.tidemark-stamp"
  want=$(cat "$folder/package.json" "$folder/package-lock.json" | sha256sum | cut -d' ' -f1)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ]; then
    continue
  fi
  echo "npm ci in $folder"
  log=$(mktemp)
  if ! (cd "$folder" && npm ci --prefer-offline --no-progress --loglevel=error) </dev/null >"$log" 2>&1; then
    tail -30 "$log" >&2
    rm -f "$log"
    echo "npm ci failed in $folder (see above); it needs the npm registry once" >&2
    exit 1
  fi
  rm -f "$log"
  echo "$want" >"$stamp"
done
