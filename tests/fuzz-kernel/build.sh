#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Builds a small Linux kernel that sees faults of its own (KASAN, UBSAN) and counts its ways (KCOV), from
# Debian's package of sources: xHCI and uvcvideo inside, no modules, booted as build/fuzz-kernel/NAME/vmlinux.
# Patches are taken back after the build, so that one tree serves kernels that differ by a file.
set -eu

usage="usage: build.sh [--patch FILE]... [--no-kcov] [--config LINE]... NAME
  --patch FILE   applied to the sources before, for this kernel alone
  --no-kcov      without KCOV
  --config LINE  another line behind config.fragment, as CONFIG_PROVE_LOCKING=y
JOBS=N builds with N processes."

here=$(dirname "$(realpath "$0")")
out=$(realpath -m "$here/../../build/fuzz-kernel")
source=$out/linux
package=linux-source-6.1
patches= extra=
while [ $# -gt 1 ]; do
    case $1 in
    --patch)
        patches="$patches $(realpath -e "$2")" # where there is none, this ends it
        shift 2
        ;;
    --config) extra="$extra$2
" && shift 2 ;;
    --no-kcov) extra="$extra# CONFIG_KCOV is not set
" && shift ;;
    *) break ;;
    esac
done
case ${1:-} in '' | -* | linux) echo "$usage" >&2 && exit 2 ;; esac
name=$1

say() { echo "fuzz-kernel: $*" >&2; }

# ---- what it takes ----

need() { # package, how to tell that it is there
    [ -e "$2" ] || command -v "$2" >/dev/null 2>&1 || missing="$missing $1"
}
missing=
need flex flex && need bison bison && need bc bc && need make make && need gcc gcc && need xz-utils xz
need libelf-dev /usr/include/libelf.h
if [ -n "$missing" ]; then
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    say "installing$missing"
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

fetch() {
    say "fetching $package (130 MB)"
    apt_options=
    [ "$(id -u)" -ne 0 ] || apt_options='-o APT::Sandbox::User=root'
    (cd "$1" && apt-get $apt_options -q download "$package" >/dev/null)
    dpkg-deb --fsys-tarfile "$1/$package"_*.deb | tar -x -O "./usr/src/$package.tar.xz" >"$1/linux.tar.xz"
    rm "$1/$package"_*.deb
}

# The Makefile of a folder says whether its files are counted.
prepare() {
    patch -d "$1" -p1 -s --no-backup-if-mismatch <"$here/pvh-kasan.patch"
    while read -r counted; do
        case $counted in '' | '#'*) continue ;; esac
        echo 'KCOV_INSTRUMENT := y' >>"$1/$counted/Makefile"
    done <"$here/kcov.folders"
}

unpack() {
    folder=$(mktemp -d "$source.XXXXXX")
    trap 'rm -rf "$folder"' EXIT
    fetch "$folder"
    say "unpacking"
    tar -xf "$folder/linux.tar.xz" -C "$folder" --strip-components=1
    rm "$folder/linux.tar.xz"
    prepare "$folder"
    mv "$folder" "$source" # last: the sign that all is there
    trap - EXIT
}

# ---- one kernel after the other in the one tree ----

mkdir -p "$out"
exec 9>"$out/lock"
flock 9
[ -d "$source" ] || unpack

take_back() {
    [ -s "$out/applied.diff" ] || return 0
    patch -d "$source" -p1 -R -s --no-backup-if-mismatch <"$out/applied.diff"
    rm "$out/applied.diff"
}
take_back # of a build that was killed
trap take_back EXIT
trap 'exit 1' INT TERM HUP
for patch in $patches; do
    say "$name: $(basename "$patch")"
    patch -d "$source" -p1 --dry-run -s -f <"$patch" >&2
    cat "$patch" >>"$out/applied.diff"
    patch -d "$source" -p1 -s --no-backup-if-mismatch <"$patch"
done

# ---- configuration ----

objects=$out/objects
mkdir -p "$objects" "$out/$name"
kernel_make() { make -C "$source" O="$objects" KBUILD_BUILD_TIMESTAMP=@0 "$@"; }

# A wanted line does not hold where another one that it depends on is missing.
check_config() {
    missing=$(while read -r line; do
        case $line in
        CONFIG_*) grep -qxF "$line" "$1" || echo "$line" ;;
        '# CONFIG_'*' is not set')
            option=${line#\# }
            ! grep -q "^${option%% *}=" "$1" || echo "$line"
            ;;
        esac
    done <"$objects/wanted")
    [ -z "$missing" ] || { say "the kernel's configuration cannot have: $missing" && exit 1; }
}

# A later line about an option takes the place of an earlier one.
{ cat "$here/config.fragment" && printf '%s' "$extra"; } | awk '
    match($0, /CONFIG_[A-Za-z0-9_]+/) && !/^# [^C]/ { option = substr($0, RSTART, RLENGTH); line[option] = $0 }
    END { for (option in line) print line[option] }' | LC_ALL=C sort >"$objects/wanted.new"
if ! cmp -s "$objects/wanted.new" "$objects/wanted" || [ ! -e "$objects/.config" ]; then
    rm -f "$objects/wanted"
    kernel_make -s tinyconfig >/dev/null 2>&1
    cat "$objects/wanted.new" >>"$objects/.config"
    kernel_make -s olddefconfig 2>/dev/null
    mv "$objects/wanted.new" "$objects/wanted"
    check_config "$objects/.config"
fi

# ---- build ----

say "$name: building"
begun=$(date +%s)
kernel_make -j"${JOBS:-$(nproc)}" vmlinux >"$out/$name/build.log" 2>&1 ||
    { tail -n 20 "$out/$name/build.log" >&2 && say "$name: does not build: $out/$name/build.log" && exit 1; }
cp "$objects/System.map" "$objects/.config" "$out/$name/"
cp "$objects/vmlinux" "$out/$name/vmlinux.new"
mv "$out/$name/vmlinux.new" "$out/$name/vmlinux"
say "$name: $out/$name/vmlinux, $(($(date +%s) - begun)) s"
