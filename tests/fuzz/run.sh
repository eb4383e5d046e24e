#!/bin/sh
# tests/fuzz/run.sh SECONDS [TARGET]...: fuzzes each target (all of them, if none is named) for so
# long, JOBS at a time (1), and tells what came of it. Build them first: cmake --workflow --preset
# fuzz. What was learned stays in build/fuzz/corpus; a find goes into tests/fuzz/corpus, by hand,
# when it is mended.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build/fuzz
seconds=${1:?usage: run.sh SECONDS [TARGET]...}
shift
[ $# -gt 0 ] || set -- $(ls "$here/corpus")

run='
target=$0
mkdir -p "$BUILD/corpus/$target" "$BUILD/finds"
status=0
"$BUILD/tests/fuzz/fuzz_$target" -max_total_time="$SECONDS_EACH" -max_len=16384 -timeout=10 \
    -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$BUILD/finds/$target-" \
    "$BUILD/corpus/$target" "$HERE/corpus/$target" >"$BUILD/$target.log" 2>&1 || status=$?
runs=$(LC_ALL=C sed -n "s/^stat::number_of_executed_units: *//p" "$BUILD/$target.log")
last=$(grep -aE "^#[0-9]+.* cov: [0-9]+" "$BUILD/$target.log" | tail -n 1)
cov=$(echo "$last" | sed -n "s/.* cov: \([0-9]*\).*/\1/p")
corpus=$(echo "$last" | sed -n "s/.* corp: \([0-9]*\).*/\1/p")
find=none
[ $status -eq 0 ] || find="see $BUILD/$target.log"
printf "%-14s %12s runs %6s edges %6s inputs  found: %s\n" "$target" "$runs" "$cov" "$corpus" "$find"
exit $status'
[ ! -d /dev/shm ] || export TMPDIR=/dev/shm  # what fuzzes files should not wait for a disk
export HERE="$here" BUILD="$build" SECONDS_EACH="$seconds"
printf '%s\n' "$@" | xargs -P "${JOBS:-1}" -I '{}' sh -c "$run" '{}'
