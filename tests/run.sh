#!/bin/sh
# Runs test commands that speak TAP, one argument each, and closes with 'N passed, N failed' over all
# of them. A command that dies, or that reports nothing, is a failure by itself. Whole output: LOGS.
# What is behind a --beside runs at the same time, in a lane of its own, and is shown at the end.
set -u
logs=${LOGS:-build/logs}
mkdir -p "$logs"
counts=$(mktemp -d) && trap 'rm -rf "$counts"' EXIT

# What runs below this process, but for what looks.
below() { # states that do not count
    read -r self rest </proc/self/stat
    cat /proc/[0-9]*/status 2>/dev/null | awk -v top=$$ -v self="$self" -v but="$1" '
        /^State:/ { state = $2 }
        /^Pid:/ { pid = $2 }
        /^PPid:/ { parent[pid] = $2; counts[pid] = !index(but, state) }
        END {
            for (pid in counts) {
                for (at = pid; at > 1 && at != top && at != self;) at = parent[at]
                if (counts[pid] && at == top && pid != top) print pid
            }
        }'
}

# Nobody else ends what the lanes run. First it is stopped, so that nothing is begun meanwhile.
end() {
    trap '' INT TERM HUP
    for round in 1 2 3 4 5 6 7 8 9; do
        running=$(below TZX)
        [ -n "$running" ] || break
        kill -STOP $running 2>/dev/null
    done
    all=$(below ZX)
    kill $all 2>/dev/null
    kill -CONT $all 2>/dev/null
    exit 1
}
trap end INT TERM HUP

# Verdicts as they come, a failed one with its '#' lines, and what tells of itself.
show() {
    sed -unE '/^(not )?ok /h
        /^(not )?ok |^Bail out|ERROR: |runtime error:|^# (time|seen|left|not )/{p;d}
        /^#/{x;/^not ok/{x;p;x};x}'
}

# The failed ones of a log once more, each with the first of its '#' lines.
failures() { # log
    awk '/^(not )?ok /{ bad = /^not/; lines = 0 } bad && /^(not ok |#)/ && lines++ < 8' "$1"
}

run() { # name of its log, command
    name=$(echo "$2" | sed 's#.*/##; s# .*##')
    log=$logs/$1-$name.log
    printf '# %s\n' "$2"
    { sh -c "$2" 2>&1; echo $? >"$counts/$1.status"; } | tee "$log" | show
    status=$(cat "$counts/$1.status")
    skip=$(grep -ciE '^ok .*# skip' "$log")
    good=$(grep -cE '^ok ' "$log")
    bad=$(grep -cE '^not ok ' "$log")
    failures "$log" >"$counts/$1.failed"
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
        echo "not ok - $name ended with status $status after $good tests" | tee "$counts/$1.failed"
        tail -n 8 "$log" | sed 's/^/#   /' >>"$counts/$1.failed"
        bad=1
    fi
    [ "$bad" -eq 0 ] || [ "$status" -le 1 ] || tail -n 40 "$log" | sed 's/^/    /'
    echo $((good - skip)) "$bad" "$skip" >"$counts/$1.count"
}

lane() { # number
    for command in "$counts/$1"/*; do
        run "$1-${command##*/}" "$(cat "$command")"
    done
}

lanes=1 number=100
mkdir "$counts/1"
for command; do
    number=$((number + 1))
    if [ "$command" = --beside ]; then
        lanes=$((lanes + 1)) number=100
        mkdir "$counts/$lanes"
    else
        printf '%s\n' "$command" >"$counts/$lanes/$number"
    fi
done
for beside in $(seq 2 $lanes); do
    lane "$beside" >"$counts/$beside.shown" 2>&1 &
done
lane 1 &
wait
for beside in $(seq 2 $lanes); do
    cat "$counts/$beside.shown"
done

if [ -n "$(cat "$counts"/*.failed)" ]; then
    echo failed:
    cat "$counts"/*.failed
fi

cat "$counts"/*.count | {
    passed=0 failed=0 skipped=0
    while read -r good bad skip; do
        passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skip))
    done
    [ "$skipped" -eq 0 ] && skipped= || skipped=", $skipped skipped"
    echo "$passed passed, $failed failed$skipped"
    [ "$failed" -eq 0 ]
}
