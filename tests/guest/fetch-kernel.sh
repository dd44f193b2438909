#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Downloads Debian's kernel package (the one that linux-image-amd64 stands for) to the file named.
set -eu
out=$(realpath -m "$1")
apt_options=
[ "$(id -u)" -ne 0 ] || apt_options='-o APT::Sandbox::User=root'

kernel_package() {
    apt-cache depends linux-image-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1
}

download() {
    package=$(kernel_package)
    [ -n "$package" ] && apt-get $apt_options -q download "$package"
}

mkdir -p "$(dirname "$out")"
folder=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if ! download; then
    # No package lists, or lists that name a version which the mirror has replaced.
    [ "$(id -u)" -eq 0 ] && apt-get -q update && download || {
        echo "fetch-kernel: no kernel package: run 'apt-get update' as root, then again" >&2
        exit 1
    }
fi
mv ./*.deb "$out"
