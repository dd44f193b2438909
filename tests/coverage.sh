#!/bin/sh
# Lines and branches of descriptors/ that its unit tests reach, by gcov: a row a file and the total.
# usage: coverage.sh FOLDER TEST... (built below FOLDER with --coverage); fails below 95 % of lines.
set -eu
folder=$1
shift
find "$folder" -name '*.gcda' -delete
for test; do
    "$test" --tap >"$folder/coverage.log" 2>&1 || { tail -n 20 "$folder/coverage.log"; exit 1; }
done
gcov -n -b "$folder"/descriptors/*.o 2>/dev/null | awk '
    /^File /           { file = $2; gsub(/\047/, "", file); next }
    file !~ /^descriptors\/.*\.c$/ { next }
    /^Lines executed/  { split($2, a, /[:%]/); lines[file] = a[2]; n[file] = $4; next }
    /^Branches executed/ { next }
    /^Taken at least once/ { split($4, a, /[:%]/); taken[file] = a[2]; b[file] = $6; file = "" }
    END {
        printf "%-32s %8s %8s\n", "file", "lines %", "branches %"
        for (f in lines) {
            printf "%-32s %8.1f %8.1f\n", f, lines[f], taken[f] | "sort"
            sum += lines[f] * n[f]; all += n[f]; bsum += taken[f] * b[f]; ball += b[f]
        }
        close("sort")
        printf "%-32s %8.1f %8.1f\n", "descriptors/", sum / all, bsum / ball
        exit sum / all < 95
    }'
