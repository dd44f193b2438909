#!/bin/sh
# Installs what building and testing need and the machine lacks. Asks no package index where nothing
# is missing, so that it also works offline.
set -eu

# package: how to tell that it is there (c: a command, l: a pkg-config module, f: a file)
# package?: only where there is such a package; elsewhere another one brings the file
list='
gcc                  c:gcc
libc6-dev            f:/usr/include/stdio.h
pkg-config           c:pkg-config
libglib2.0-dev       l:gio-unix-2.0
libjson-glib-dev     l:json-glib-1.0
libusbredirparser-dev l:libusbredirparser-0.5
libusbredirhost-dev  l:libusbredirhost
libturbojpeg0-dev    l:libturbojpeg
libjpeg62-turbo-dev  l:libjpeg
libpng-dev           l:libpng
libspice-client-glib-2.0-dev l:spice-client-glib-2.0
libspice-server-dev  l:spice-server
libgtk-3-dev         l:gtk+-3.0
clang                c:clang
libclang-rt-dev      f:/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a
qemu-system-x86      c:qemu-system-x86_64
qemu-system-modules-spice? f:/usr/lib/*/qemu/ui-spice-core.so
openssl              c:openssl
valgrind             c:valgrind
busybox-static       f:/bin/busybox
cpio                 c:cpio
kmod                 f:/sbin/depmod
xz-utils             c:xz
v4l-utils            c:v4l2-compliance
usbutils             c:lsusb
libusb-1.0-0-dev     l:libusb-1.0
libuvc-dev           l:libuvc
libumockdev-dev      l:umockdev-1.0
umockdev             c:umockdev-wrapper
scdoc                c:scdoc
virt-viewer          c:remote-viewer
spice-client-gtk     c:spicy
xvfb                 c:Xvfb
dbus-daemon          c:dbus-daemon
libxtst-dev          l:xtst
libvirt-clients      c:virt-xml-validate
libvirt-dev          l:libvirt-qemu
libvirt-daemon       c:libvirtd
libvirt-daemon-driver-qemu f:/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so
socat                c:socat
zsh                  c:zsh
iproute2             c:tc
usbredirect          c:usbredirect
ovmf                 f:/usr/share/OVMF/OVMF_CODE_4M.ms.fd
swtpm                c:swtpm
swtpm-tools          c:swtpm_setup
'

present() {
    case $1 in
    c:*) command -v "${1#c:}" >/dev/null 2>&1 ;;
    l:*) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "${1#l:}" ;;
    f:*) ls ${1#f:} >/dev/null 2>&1 ;;
    esac
}

missing=$(echo "$list" | while read -r package test; do
    [ -z "$package" ] || present "$test" || echo "$package"
done)
missing=$(echo $missing)
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: missing, and there is no apt here; install what these Debian packages hold: $missing" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null 2>&1; then
        echo "deps: as root, run: apt-get install --no-install-recommends $missing" >&2
        exit 1
    fi
fi
$as_root apt-get update -qq || echo "deps: the package index cannot be reached; trying with what is known" >&2
known=
for package in $missing; do
    case $package in
    *\?) ! apt-cache show "${package%?}" >/dev/null 2>&1 || known="$known ${package%?}" ;;
    *) known="$known $package" ;;
    esac
done
missing=$known
[ -n "$missing" ] || exit 0
echo "deps: installing$missing"
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    { echo "deps: apt-get could not install: $missing" >&2; exit 1; }
