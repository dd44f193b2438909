#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Puts what comes by standard input into a document, in place of what is between <!-- NAME --> and <!-- end of NAME -->.
# usage: put-table.sh DOCUMENT NAME <TABLE
set -eu
document=$1 name=$2
table=$(mktemp)
trap 'rm -f "$table" "$document.new"' EXIT
cat >"$table"
grep -qxF "<!-- $name -->" "$document" || { echo "put-table: $document has no place for $name" >&2 && exit 1; }
awk -v name="$name" -v table="$table" '
    $0 == "<!-- end of " name " -->" { skip = 0 }
    !skip { print }
    $0 == "<!-- " name " -->" { skip = 1; while ((getline line < table) > 0) print line }' "$document" >"$document.new"
cp "$document.new" "$document"
