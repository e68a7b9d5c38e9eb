#!/usr/bin/env bash
# The differential harness must find a bug that is there: it runs on src/http with one planted
# (fuzz/CMakeLists.txt says which), from honest messages only, until it disagrees. Takes the folder
# of a build that has the fuzz_planted_* programs; the fuzz preset's by default.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build/fuzz}
for program in "$build"/bin/fuzz_planted_*; do
  log="$build/$(basename "$program").log"
  if "$program" tests/corpora/http --planted 2>"$log"; then
    sed -n 's/^/  /; 1,20p' "$log"
  else
    echo "$program: the planted bug was not found" >&2
    exit 1
  fi
done
