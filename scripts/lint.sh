#!/usr/bin/env bash
# lint.sh [--all]: format, layers, and clang over every source. --all: every check of .clang-tidy, and each header
# compiled alone.
set -euo pipefail
cd "$(dirname "$0")/.."
status=0

scripts/sources.sh | xargs clang-format-19 --dry-run -Werror --ferror-limit=1 || {
  echo "lint: run \`make format\`" >&2
  status=1
}

cmake --preset lint -DTM_TESTS=ON >/dev/null
python3 scripts/check_layers.py build/lint/layers.txt src || status=1

if [ "${1:-}" = --all ]; then
  python3 scripts/clang_tidy.py build/lint --all || status=1
  cmake --build build/lint --target all_verify_interface_header_sets -- -k 0 || status=1
else
  python3 scripts/clang_tidy.py build/lint || status=1
fi
exit $status
