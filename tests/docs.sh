#!/bin/sh
# Runs the commands of a page of docs/, read out of it: those that begin with 'camredir', before a VM
# that has what the page speaks of. TAP on standard output. usage: docs.sh PAGE PROGRAM
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
    -device usb-redir,chardev=cam >"$folder"/qemu.log 2>&1 &
vm=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -S "$folder"/cam.sock ] || sleep 0.5; done

# The page's places are the test's, and where a camera of the machine is meant, the test picture is.
here() {
    echo "$1" | sed "s/  *#.*//; s#/tmp/#$folder/#g; s#frames.json#$folder/frames.json#
        s#^camredir share --#camredir share pattern --#; s#^camredir doctor\$#camredir doctor pattern#
        s#^camredir doctor --#camredir doctor pattern --wait 1 --#; s#^camredir#$program#"
}

# What it has to come to: connected and ended by us; a checklist; or success.
run() { # page's command
    log=$folder/log
    line=$(here "$1")
    case $1 in
    "camredir share "*)
        timeout --preserve-status -s TERM 5 $line >"$log" 2>&1 &&
            grep -q 'the guest will find the camera' "$log" ;;
    "camredir doctor"*)
        timeout 60 $line >"$log" 2>&1
        [ $? -le 1 ] && grep -q '^. camera found: Test pattern' "$log" ;;
    *) timeout 20 $line >"$log" 2>&1 ;;
    esac
}

sed -n 's/^    *\(camredir .*\)/\1/p' "$page" >"$folder"/commands
number=0 failed=0
while IFS= read -r command; do
    number=$((number + 1))
    if run "$command" </dev/null; then
        echo "ok $number - $page: ${command%%  *}"
    else
        failed=1
        echo "not ok $number - $page: ${command%%  *}"
        sed 's/^/#   /' "$folder"/log
    fi
done <"$folder"/commands
[ $number -gt 0 ] || { echo "not ok 1 - $page has no commands"; failed=1; }
echo "1..$number"
exit $failed
