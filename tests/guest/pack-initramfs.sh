#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes an initramfs of the files named, and of the shared libraries that programs among them need.
# A folder's files go below the path, flat. A path that ends in '@' becomes a link to SOURCE.
# usage: pack-initramfs.sh OUTPUT PATH=SOURCE...
set -eu
out=$(realpath -m "$1")
shift
root=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$root"' EXIT

copy() { # source, path in the guest
    mkdir -p "$root/$(dirname "$2")"
    cp -LR "$1" "$root/$2"
}

for entry in "$@"; do
    path=${entry%%=*} source=${entry#*=}
    case $path in
    *@) mkdir -p "$root/$(dirname "$path")" && ln -s "$source" "$root/${path%@}" && continue ;;
    esac
    copy "$source" "$path"
    [ -x "$source" ] && [ ! -d "$source" ] || continue
    # "libname => /path (address)", or "/lib64/ld-linux... (address)"; nothing for a static program.
    for library in $(ldd "$source" 2>/dev/null | sed -n 's/.*\(=> \|\t\)\(\/[^ ]*\) (0x.*/\2/p'); do
        [ -e "$root/$library" ] || copy "$library" "$library"
    done
done
(cd "$root" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >"$out.new"
mv "$out.new" "$out"
