#!/bin/sh
# Runs fuzzers, by name, for FUZZ_SECONDS each, and prints a TAP line a fuzzer. Each works on a copy of
# its corpus; an input that breaks it is kept in build/fuzz/found/.
set -u
seconds=${FUZZ_SECONDS:-10}
found=build/fuzz/found
mkdir -p "$found"
scratch=$(mktemp -d) && trap 'rm -rf "$scratch"' EXIT INT TERM
number=0 failed=0

run() { # name
    short=${1#fuzz_}
    mkdir -p "$scratch/$short"
    [ ! -d "tests/fuzz/corpus/$short" ] || cp -r "tests/fuzz/corpus/$short/." "$scratch/$short"
    nice "build/fuzz/tests/fuzz/$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -artifact_prefix="$found/$short-" "$scratch/$short" \
        >"build/fuzz/$short.log" 2>&1
    echo $? >"$scratch/$short.status"
}

report() { # name
    short=${1#fuzz_}
    log=build/fuzz/$short.log
    number=$((number + 1))
    if [ "$(cat "$scratch/$short.status")" -eq 0 ]; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "ok $number - fuzz $short ($executions executions in $seconds s)"
    else
        failed=1
        echo "not ok $number - fuzz $short (see $log)"
        grep -E 'ERROR: |runtime error:|SUMMARY: |Test unit written' "$log" | sed 's/^/# /'
    fi
}

# Two at a time, each on a core.
while [ $# -gt 0 ]; do
    run "$1" &
    [ $# -eq 1 ] || run "$2" &
    wait
    report "$1"
    [ $# -eq 1 ] || report "$2"
    shift $(($# > 1 ? 2 : 1))
done
echo "1..$number"
[ "$failed" -eq 0 ]
