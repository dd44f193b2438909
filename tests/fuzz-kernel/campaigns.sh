#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Lets the fuzzer look for each planted flaw, five times by what fields mean and five times by plain bytes, and
# writes how many cases it took into docs/fuzz.md, of what has been done so far. What is done already is not done again.
# usage: campaigns.sh CAMREDIR FOLDER FLAW...; RUNS=5, CASES=20000 (at most, each), JOBS=1 (campaigns side by side),
# TABLE=1: the table alone
set -eu

camredir=$1 folder=$2
shift 2
runs=${RUNS:-5} cases=${CASES:-20000} jobs=${JOBS:-1} replays=10
here=$(dirname "$0")

# Warnings of the kernel as it is are findings, but no planted flaw.
finding_of() { # a campaign's folder
    ls -d "$1"/corpus/findings/* 2>/dev/null | grep -v /WARNING- | head -n 1
}

# "cases fields title"; nothing where nothing was found.
read_report() {
    awk '
        NR == 1 { title = substr($0, 3) }
        /^- Found by: case/ { number = $5 }
        /^In [0-9]+ place/ { fields = $2 }
        END { printf "%s\t%s\t%s", number, fields, title }' "$1/report.md"
}

# fuzz OPTION...: 0 and 1 are answers
fuzz() {
    "$camredir" fuzz --target qemu --kernel "$kernel" "$@" || [ $? -eq 1 ]
}

cases_done() { # a campaign's folder
    sed -n 's/^execs_done : //p' "$1/corpus/camredir-1/fuzzer_stats" 2>/dev/null | grep . || echo 0
}

# Until the flaw is found, or enough has been tried.
look() { # way, run
    while [ -z "$(finding_of "$dir")" ] && [ "$(cases_done "$dir")" -lt "$cases" ]; do
        fuzz --mutate "$1" --seed "$2" --cases $((cases - $(cases_done "$dir"))) --findings 1 --corpus "$dir/corpus" \
            >>"$dir/log" 2>&1 || { tail -n 5 "$dir/log" >&2 && exit 1; }
    done
}

campaign() { # flaw, way, run
    dir=$folder/$1/$2/$3 kernel=build/fuzz-kernel/$1/vmlinux
    [ ! -e "$dir/result" ] || return 0
    mkdir -p "$dir"
    echo "fuzz-kernel: $1, $2, run $3 of $runs" >&2
    look "$2" "$3"
    finding=$(finding_of "$dir")
    if [ -n "$finding" ]; then
        fuzz --replay "$finding" --cases "$replays" >"$dir/replay" 2>&1 || { tail -n 5 "$dir/replay" >&2 && exit 1; }
        printf '%s\t%s\n' "$(read_report "$finding")" "$(sed -n 's/^reproduced //p' "$dir/replay")" >"$dir/result.new"
    else
        : >"$dir/result.new"
    fi
    mv "$dir/result.new" "$dir/result"
}

# The first run of each comes first. Each campaign is one line of xargs and one call of this script.
if [ "${1:-}" = --one ]; then
    shift
    campaign "$@"
    exit
fi
run=1
while [ $run -le "$runs" ] && [ -z "${TABLE:-}" ]; do
    for way in typed bytes; do
        for flaw; do echo "$flaw $way $run"; done
    done
    run=$((run + 1))
done | RUNS=$runs CASES=$cases xargs -r -L 1 -P "$jobs" "$0" "$camredir" "$folder" --one

# ---- the table ----

# Of a run that has not been made there is nothing.
row() { # flaw, way
    printf '| %s | %s |' "$1" "$2"
    run=1
    while [ $run -le "$runs" ]; do
        result=$folder/$1/$2/$run/result
        [ -e "$result" ] && printf ' %s |' "$(cut -f 1 "$result" | grep . || echo "> $cases")" || printf ' |'
        run=$((run + 1))
    done
    cat "$folder/$1/$2"/*/result 2>/dev/null | awk -F '\t' '
        { if ($2 > fields) fields = $2; shown = shown (shown ? ", " : "") $4 }
        !seen[$3]++ { titles = titles (titles ? "; " : "") $3 }
        END { printf " %s | %s | %s |\n", fields, shown, titles }'
}

table() {
    printf '| flaw | mutations |'
    run=1
    while [ $run -le "$runs" ]; do printf ' run %s |' $run && run=$((run + 1)); done
    echo ' fields, at most | replayed | as |'
    printf '|---|---|'
    run=1
    while [ $run -le "$runs" ]; do printf -- '---|' && run=$((run + 1)); done
    echo '---|---|---|'
    for flaw; do row "$flaw" typed && row "$flaw" bytes; done
}

table "$@" | tee "$folder/table.md"
"$here/put-table.sh" "$here/../../docs/fuzz.md" campaigns <"$folder/table.md"
