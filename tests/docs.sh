#!/bin/sh
# Runs the commands of a page, read out of it: those that begin with 'camredir', before a VM that has
# what the page speaks of. TAP on standard output. usage: docs.sh PAGE PROGRAM
set -u
page=$1
program=$(realpath "$2")
folder=$(mktemp -d)
vm=
trap '[ -z "$vm" ] || kill $vm; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

qemu-system-x86_64 -nodefaults -display none -vga none -accel tcg -device qemu-xhci \
    -qmp unix:"$folder"/qmp.sock,server=on,wait=off \
    -chardev socket,id=cam,path="$folder"/cam.sock,server=on,wait=off \
    -device usb-redir,chardev=cam -monitor unix:"$folder"/monitor.sock,server=on,wait=off \
    -chardev socket,id=net,host=127.0.0.1,port=20000,to=60000,server=on,wait=off \
    -device usb-redir,chardev=net >"$folder"/qemu.log 2>&1 &
vm=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -S "$folder"/cam.sock ] || sleep 0.5; done
tcp=$(echo 'info chardev' | socat -t 2 - UNIX-CONNECT:"$folder"/monitor.sock |
    grep -o 'tcp:127.0.0.1:[0-9]*' | head -n 1)

# The files that the page names, and a viewer that says how it was called.
ln -s "$PWD/descriptors" "$folder"/descriptors
cp docs/demo.jpg "$folder"/photo.jpg
"$program" pack descriptors/presets/superspeed.json -o "$folder"/camera.bin
"$program" describe pattern --as json >"$folder"/camera.json
mkdir "$folder"/bin
printf '#!/bin/sh\necho "viewer $* $GTK_MODULES"\n' >"$folder"/bin/remote-viewer
chmod +x "$folder"/bin/remote-viewer

# The page's places are the test's, and where a camera of the machine is meant, the test picture is;
# one to give away is not there.
here() {
    echo "$1" | sed "s/  *#.*//; s#/tmp/#$folder/#g; s#tcp:localhost:4000#$tcp#
        s#^camredir share \(--\|C920 --\)#camredir share pattern --#; s#usb:[0-9.-]*#pattern#
        s#^camredir redirect [^ ]*#camredir redirect ffff:ffff#; s#^camredir doctor\$#& pattern#
        s#^camredir doctor --#camredir doctor pattern --wait 1 --#; s#^camredir#$program#"
}

# What it has to come to: connected and ended by us; a device waited for; a checklist; or success.
run() { # page's command
    log=$folder/log status=0
    line=$(here "$1")
    case $1 in
    "camredir share "*)
        timeout --preserve-status -s TERM 5 $line >"$log" 2>&1 || status=$?
        [ $status -eq 0 ] && grep -q 'the guest will find the camera' "$log" ;;
    "camredir redirect "*)
        timeout --preserve-status -s TERM 3 $line >"$log" 2>&1 && grep -q 'is not plugged in' "$log" ;;
    "camredir viewer "*)
        PATH=$folder/bin:$PATH $line >"$log" 2>&1 && grep -q '^viewer spice:.*camredir' "$log" ;;
    "camredir doctor"*)
        timeout 60 $line >"$log" 2>&1
        [ $? -le 1 ] && grep -q '^. camera found: Test pattern' "$log" ;;
    *) timeout 20 $line >"$log" 2>&1 ;;
    esac
}

# That with a domain is in docs/libvirt.md too, which the guest tests run.
sed -n '/--libvirt/d; s/^    *\(camredir .*\)/\1/p' "$page" >"$folder"/commands
number=0 failed=0
cd "$folder" || exit 1
while IFS= read -r command; do
    number=$((number + 1))
    if run "$command" </dev/null; then
        echo "ok $number - $page: ${command%%  *}"
    else
        failed=1
        echo "not ok $number - $page: ${command%%  *}"
        sed "s/^/#   /; \$s/\$/ (status $status)/" "$folder"/log
    fi
done <"$folder"/commands
[ $number -gt 0 ] || { echo "not ok 1 - $page has no commands"; failed=1; }
echo "1..$number"
exit $failed
