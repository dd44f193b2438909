#!/bin/sh
# Holds the table of who may use whom: scans the #includes of each folder, prints a TAP line a folder
# and every include that breaks it. The table is the one in README.md, "How the code is laid out".
set -u
cd "$(dirname "$0")/.."

# folder files : what an #include may name (an extended regular expression)
libc='<[a-z0-9_/]+\.h>'
table="
descriptors/*.[ch]  descriptors/json.c   \"descriptors/|LIBC
descriptors/json.c  -                    \"descriptors/|LIBC|<(glib|json-glib/[a-z-]+)\.h>
vcam/*.[ch]         -                    \"(descriptors|vcam)/|LIBC
vcam/sources/*.[ch] -                    \"(descriptors|vcam)/|LIBC|<linux/[a-z0-9_]+\.h>|<(jpeglib|turbojpeg|png)\.h>
redir/*.[ch]        -                    \"(vcam/(device|profile|format|frame|control|hash|log)\.h|redir/)|LIBC|<(glib|glib-unix|gio/[a-z]+|usbredir[a-z]+|libusb[-0-9.]*/?[a-z]*|libusb|linux/usbdevice_fs)\.h>
redir/transports/*.[ch] redir/transports/(spice[a-z_]*|qmp[a-z_]*|libvirt_plug)\.[ch] \"redir/|LIBC|<(glib|glib-unix|gio/[a-z]+)\.h>
redir/transports/qmp*.[ch] - \"redir/|LIBC|<(glib|gio/[a-z]+|json-glib/[a-z-]+)\.h>
redir/transports/libvirt_plug.c - \"redir/|LIBC|<(glib|glib/[a-z]+|gio/[a-z]+|json-glib/[a-z-]+|libvirt/[a-z-]+)\.h>
redir/transports/spice*.[ch] - \"redir/|LIBC|<(glib|glib-unix|gio/[a-z]+|spice-client.*)\.h>
"
# Libraries that look like libc's headers, and who alone may name a concrete source or transport.
foreign='<(glib|glib-unix|jpeglib|turbojpeg|png|usb|usbredir[a-z]+|libusb|libvirt/[a-z]+|linux/(usb|videodev2|v4l2)[a-z0-9/_-]*)\.h>'
concrete='"(vcam/sources|redir/transports)/'

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

while read -r files except allowed; do
    [ -n "$files" ] || continue
    list=$(ls $files 2>/dev/null | grep -vxE -e "$except") || continue
    plain=$(echo "$allowed" | sed "s#|LIBC##")
    bad=$(includes $list | while IFS= read -r line; do
        name=${line#*include}
        echo "$name" | grep -qE "^ *($plain)" && continue
        if echo "$name" | grep -qE "$libc" && ! echo "$name" | grep -qE "$foreign"; then continue; fi
        echo "$line"
    done)
    verdict "$files" "$bad"
done <<TABLE
$table
TABLE

verdict "only tools/ and tests/ name concrete sources and transports" \
    "$(includes vcam/*.[ch] redir/*.[ch] descriptors/*.[ch] | grep -E "$concrete")"
[ "$failed" -eq 0 ]
