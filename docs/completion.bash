# bash completion for camredir                                -*- shell-script -*-
# Options are those that 'camredir COMMAND --help' names, so there is no second list of them.

_camredir_options() {
    "$1" "${@:2}" --help 2>/dev/null | sed -n 's/^  *\(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\).*/\2/p'
}

_camredir_commands() {
    "$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p'
}

_camredir_cameras() {
    echo pattern
    "$1" list 2>/dev/null | sed -n 's/^\(\/dev\/[^ ]*\)  .*/\1/p'
}

# What may follow an option, where it is not a file.
_camredir_values() {
    case $1 in
    --speed) echo full high super ;;
    --transfer) echo auto bulk iso ;;
    --way) echo auto port usbredir ;;
    --format) echo YUY2 MJPEG NV12 I420 H264 ;;
    --host) echo windows linux macos ;;
    --mutate) echo typed bytes ;;
    --target) echo self qemu unix: tcp: ;;
    --guest) [ "$2" = fuzz ] && echo linux || echo linux windows11 windows10 windows7 macos ;;
    --usb) echo xhci ehci ;;
    --accel) echo kvm tcg ;;
    --network) echo user none bridge: ;;
    --via) echo unix: tcp: spice-port spice-usbredir ;;
    --to | --as) [ "$2" = describe ] && echo tree json c hex bin || echo unix: tcp: spice:// spice+unix:// ;;
    --use) echo ask always never ;;
    esac
}

_camredir() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local program=${COMP_WORDS[0]} command=${COMP_WORDS[1]} words
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        words="$(_camredir_commands "$program") --help --version"
    elif words=$(_camredir_values "$before" "$command") && [ -n "$words" ]; then
        :
    elif [ "$command" = vm ] && [ "$COMP_CWORD" -eq 2 ]; then
        words="args libvirt"
    elif [ "${current#-}" != "$current" ]; then
        [ "$command" != vm ] || command="vm ${COMP_WORDS[2]}"
        words=$(_camredir_options "$program" $command)
    elif [ "${before#-}" = "$before" ] || [ "$before" = --json ] || [ "$before" = --no-retry ]; then
        case $command in share | describe | doctor | viewer) words=$(_camredir_cameras "$program") ;; esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -o nospace -F _camredir camredir 2>/dev/null
