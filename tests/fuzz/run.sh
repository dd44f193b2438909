#!/bin/sh
# Runs fuzzers, by name, for FUZZ_SECONDS each, and prints a TAP line a fuzzer. Each works on a copy of
# its corpus; an input that breaks it is kept in build/fuzz/found/.
set -u
seconds=${FUZZ_SECONDS:-10}
found=build/fuzz/found
mkdir -p "$found"
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT INT TERM
number=0 failed=0

for name; do
    number=$((number + 1))
    short=${name#fuzz_}
    mkdir -p "$scratch/$short"
    [ ! -d "tests/fuzz/corpus/$short" ] || cp -r "tests/fuzz/corpus/$short/." "$scratch/$short"
    log=build/fuzz/$short.log
    if "build/fuzz/tests/fuzz/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$found/$short-" "$scratch/$short" >"$log" 2>&1; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "ok $number - fuzz $short ($executions executions in $seconds s)"
    else
        failed=1
        echo "not ok $number - fuzz $short (see $log)"
        grep -E 'ERROR: |runtime error:|SUMMARY: |Test unit written' "$log" | sed 's/^/# /'
    fi
done
echo "1..$number"
[ "$failed" -eq 0 ]
