#!/bin/sh
# Runs test commands that speak TAP, one argument each, and closes with 'N passed, N failed' over all
# of them. A command that dies, or that reports nothing, is a failure by itself. Whole output: LOGS.
set -u
logs=${LOGS:-build/logs}
mkdir -p "$logs"
passed=0 failed=0 skipped=0 number=0

for command; do
    number=$((number + 1))
    name=$(echo "$command" | sed 's#.*/##; s# .*##')
    log=$logs/$number-$name.log
    status_file=$logs/.status
    printf '# %s\n' "$command"
    { sh -c "$command" 2>&1; echo $? >"$status_file"; } | tee "$log" |
        grep --line-buffered -E '^(not )?ok |^Bail out|ERROR: |runtime error:|^# (time|seen|left|not )'
    status=$(cat "$status_file")
    skip=$(grep -ciE '^ok .*# skip' "$log")
    good=$(grep -cE '^ok ' "$log")
    bad=$(grep -cE '^not ok ' "$log")
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
        echo "not ok - $name ended with status $status after $good tests"
        bad=1
    fi
    [ "$bad" -eq 0 ] || tail -n 40 "$log" | sed 's/^/    /'
    passed=$((passed + good - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
done
if [ "$skipped" -gt 0 ]; then
    echo "$passed passed, $failed failed, $skipped skipped"
else
    echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
