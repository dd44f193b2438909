#!/bin/sh
# Holds the table of who may use whom: scans the #includes of each folder, prints a TAP line a folder
# and every include that breaks it. The table is the one in README.md, "How the code is laid out".
set -u
cd "$(dirname "$0")/.."

# folder files : what an #include may name (an extended regular expression)
libc='<(assert|ctype|dirent|endian|errno|fcntl|float|inttypes|limits|locale|math|poll|setjmp|signal|stdarg|stdbool|stddef|stdint|stdio|stdlib|string|strings|time|unistd|sys/[a-z]+)[.]h>'
table="
descriptors/*.[ch]  descriptors/json.c   \"descriptors/|LIBC
descriptors/json.c  -                    \"descriptors/|LIBC|<(glib|json-glib/[a-z-]+)[.]h>
vcam/*.[ch]         -                    \"(descriptors|vcam)/|LIBC
vcam/sources/*.[ch] -                    \"(descriptors|vcam)/|LIBC|<linux/[a-z0-9_]+[.]h>|<(jpeglib|jerror|turbojpeg|png)[.]h>
redir/*.[ch]        -                    \"(vcam/(device|profile|format|frame|control|hash|log)[.]h|redir/)|LIBC|<(dlfcn|glib|glib-unix|gio/[a-z]+|usbredir[a-z]+|libusb|linux/usbdevice_fs)[.]h>
redir/transports/*.[ch] redir/transports/(spice[a-z_]*|qmp[a-z_]*|libvirt_plug)[.][ch] \"redir/|LIBC|<(glib|glib-unix|gio/[a-z]+|netinet/[a-z]+|linux/(sockios|tcp))[.]h>
redir/transports/qmp*.[ch] - \"redir/|LIBC|<(glib|gio/[a-z]+|json-glib/[a-z-]+)[.]h>
redir/transports/libvirt_plug.c - \"redir/|LIBC|<(glib|glib/[a-z]+|gio/[a-z]+|json-glib/[a-z-]+|libvirt/[a-z-]+)[.]h>
redir/transports/spice*.[ch] - \"redir/|LIBC|<(glib|glib-unix|gio/[a-z]+|spice-client.*)[.]h>
"
# Who alone may name a concrete source or transport.
concrete='"(vcam/sources|redir/transports)/'
# For nobody below tools/, and what descriptors/ (but for json.c) and vcam/ do without besides.
strangers='"tools/tools.h" <gtk/gtk.h> <curl/curl.h> <zlib.h>'
above_libc='<glib.h> <glib/gstdio.h> <gio/gio.h> <glib-object.h> <libusb.h> <usb.h> "redir/host.h"'

count=0 failed=0
verdict() { # name, offending lines
    count=$((count + 1))
    if [ -n "$2" ]; then
        failed=1
        echo "not ok $count - layers: $1"
        echo "$2" | sed 's/^/# /'
    else
        echo "ok $count - layers: $1"
    fi
}

includes() { grep -HnE '^ *# *include' "$@" 2>/dev/null; }
outside() { grep -vE "^[^:]*:[0-9]+: *# *include *($1)"; } # of what is allowed

# Prints what this script would let through and must not.
overlooked() { # files, allowed
    case $1 in
    descriptors/json.c | redir/*) wrong=$strangers ;;
    *) wrong="$strangers $above_libc" ;;
    esac
    for name in $wrong; do
        echo "#include $name" >"$probe"
        includes "$probe" | outside "$2" >/dev/null || echo "would be let through: $name"
    done
}

probe=$(mktemp) || exit 1
trap 'rm -f "$probe"' EXIT

while read -r files except allowed; do
    [ -n "$files" ] || continue
    list=$(ls $files 2>/dev/null | grep -vxE -e "$except") || continue
    allowed=$(echo "$allowed" | sed "s#LIBC#$libc#")
    verdict "$files" "$(includes $list | outside "$allowed"; overlooked "$files" "$allowed")"
done <<TABLE
$table
TABLE

verdict "only tools/ and tests/ name concrete sources and transports" \
    "$(includes vcam/*.[ch] redir/*.[ch] descriptors/*.[ch] | grep -E "$concrete")"
[ "$failed" -eq 0 ]
