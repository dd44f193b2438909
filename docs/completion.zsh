#compdef camredir
# zsh completion for camredir: commands and options as its own --help names them, with their words.

_camredir() {
    local -a commands options
    local program=$words[1] command=$words[2]
    if (( CURRENT == 2 )); then
        commands=(${(f)"$($program --help 2>/dev/null |
            sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\)  *\(.*\)/\1:\2/p')"})
        _describe command commands
        return
    fi
    case $words[CURRENT-1] in
    --speed) compadd full high super; return ;;
    --transfer) compadd auto bulk iso; return ;;
    --way) compadd auto port usbredir; return ;;
    --format) compadd YUY2 MJPEG NV12 I420 H264; return ;;
    --mutate) compadd typed bytes; return ;;
    --target) compadd -S '' self qemu unix: tcp:; return ;;
    --guest) [[ $command == fuzz ]] && compadd linux && return; compadd linux windows11 windows10 windows7 macos; return ;;
    --usb) compadd xhci ehci; return ;;
    --accel) compadd kvm tcg; return ;;
    --host) compadd windows linux macos; return ;;
    --to|--as)
        if [[ $command == describe ]]; then compadd tree json c hex bin
        else compadd -S '' unix: tcp: spice:// spice+unix://; fi
        return ;;
    esac
    if [[ $command == vm ]]; then
        if (( CURRENT == 3 )); then compadd args libvirt; return; fi
        command=(vm $words[3])
    fi
    if [[ $words[CURRENT] == -* ]]; then
        options=(${(f)"$($program $command --help 2>/dev/null |
            sed -n 's/^  *\(-[a-z], \)\{0,1\}\(--[a-z0-9-]*\)[^ ]*  *\(.*\)/\2:\3/p')"})
        _describe option options
        return
    fi
    case $words[2] in
    share|describe|doctor|viewer)
        compadd pattern ${(f)"$($program list 2>/dev/null | sed -n 's/^\(\/dev\/[^ ]*\)  .*/\1/p')"} ;;
    esac
    _files
}

_camredir "$@"
