#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Takes out of a kernel package what the guest needs: vmlinux, ready to be started without its
# decompressor, and the modules named, with a list of what each of them needs loaded before it.
# usage: unpack-kernel.sh PACKAGE OUTPUT-FOLDER MODULE...
set -eu
PATH=$PATH:/usr/sbin:/sbin # depmod and modprobe, for those who are not root
package=$1 out=$2
shift 2
rm -rf "$out"
mkdir -p "$out/modules"
tree=$(mktemp -d "$out/tree.XXXXXX")
trap 'rm -rf "$tree"' EXIT

dpkg-deb --fsys-tarfile "$package" | tar -x -C "$tree" --wildcards './boot/vmlinuz-*' \
    './lib/modules/*/modules.*' './lib/modules/*/kernel/drivers/usb' \
    './lib/modules/*/kernel/drivers/media' './lib/modules/*/kernel/drivers/virtio' \
    './lib/modules/*/kernel/drivers/char' './lib/modules/*/kernel/drivers/net/ethernet/intel' \
    './lib/modules/*/kernel/drivers/net/veth.ko' './lib/modules/*/kernel/drivers/net/*virtio*' \
    './lib/modules/*/kernel/drivers/net/net_failover.ko' './lib/modules/*/kernel/net/core' \
    './lib/modules/*/kernel/net/sched'

# The boot protocol's header says where the compressed vmlinux lies: 16-bit sectors of setup code at
# 0x1f1, offset and length of the payload at 0x248 (Documentation/arch/x86/boot.rst).
image=$(echo "$tree"/boot/vmlinuz-*)
number() { od -An -tu"$2" -j "$1" -N "$2" "$image" | tr -d ' '; }
start=$((($(number 497 1) + 1) * 512 + $(number 584 4)))
tail -c +$((start + 1)) "$image" | xz -dc --single-stream >"$tree/vmlinux"

version=$(basename "$tree"/lib/modules/*)
depmod -b "$tree" "$version"
for module in "$@"; do
    files=$(modprobe -d "$tree" -S "$version" --show-depends "$module" |
        sed -n 's/^insmod \(.*\.ko\).*/\1/p' | awk '!seen[$0]++')
    cp -u $files "$out/modules"
    echo "$module" $(basename -a $files)
done >"$out/modules/list"
# Without their signatures, which cost a second of each boot to check.
strip --strip-debug "$out"/modules/*.ko
mv "$tree/vmlinux" "$out/vmlinux" # last: make takes it as the sign that all is there
