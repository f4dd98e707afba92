#!/usr/bin/env bash
# Lists our C++ sources.
set -euo pipefail
cd "$(dirname "$0")/.."
find src bench tests -name node_modules -prune -o -type f \( -name '*.h' -o -name '*.cpp' \) -print | LC_ALL=C sort
