#!/usr/bin/env bash
# install_packages.sh LIST...: installs what is missing of scripts/packages/LIST. With everything installed
# it does nothing and needs neither root nor network.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=$(for list in "$@"; do grep -v '^#' "scripts/packages/$list"; done | sort -u)
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p' | sort -u)
missing=$(comm -23 <(echo "$wanted") <(echo "$installed") | tr '\n' ' ')
missing=${missing% }
if [ -z "$missing" ]; then
  exit 0
fi

if ! command -v apt-get >/dev/null; then
  echo "These Debian packages are missing and there is no apt-get here: $missing" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    as_root=(sudo)
  else
    echo "These Debian packages are missing and installing them needs root: $missing" >&2
    echo "Run as root: apt-get install --no-install-recommends $missing" >&2
    exit 1
  fi
fi

echo "Installing Debian packages: $missing"
install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends
  -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 $missing)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The lists may be absent (a fresh image) or old (the version they name is gone): once more after an update.
if ! "${as_root[@]}" "${install[@]}" </dev/null >"$log" 2>&1; then
  if ! { "${as_root[@]}" apt-get update -q -o Acquire::Retries=3 &&
         "${as_root[@]}" "${install[@]}"; } </dev/null >"$log" 2>&1; then
    tail -30 "$log" >&2
    echo "apt-get could not install: $missing" >&2
    exit 1
  fi
fi
