#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A short campaign on the kernel with KCOV: which of its code runs is told, it grows beyond the valid cameras', and what
# runs more of it is kept, on which a campaign goes on.
# usage: coverage.sh CAMREDIR KERNEL FOLDER
set -eu

camredir=$1 kernel=$2 folder=$3
cases=${CASES:-150}

fail() {
    echo "coverage: $*" >&2
    tail -n 5 "$folder/log" >&2
    exit 1
}

# fuzz CASES: how much code was seen then
fuzz() {
    "$camredir" fuzz --guest linux --kernel "$kernel" --corpus "$folder/corpus" --cases "$1" >"$folder/log" 2>&1 ||
        [ $? -eq 1 ] || fail "no campaign"
    sed -n "s/^The kernel's code: \([0-9]*\) places (KCOV)$/\1/p" "$folder/log" | grep . || fail "no code was told"
}

rm -rf "$folder"
mkdir -p "$folder"
presets=$(ls "$(dirname "$0")"/../../descriptors/presets/*.json | wc -l)
valid=$(fuzz "$presets")
later=$(fuzz "$cases")
kept=$(ls "$folder/corpus/camredir-1/queue" | wc -l)
echo "coverage: $valid places by valid cameras, $later after $cases cases, $kept kept of which $presets are valid"
[ "$later" -gt "$valid" ] || fail "it does not grow"
[ "$kept" -gt "$presets" ] || fail "nothing is kept"
