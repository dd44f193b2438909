/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a virtual machine with a camera port is made of. */
#include "tools/vm_table.h"

#define QEMU(o, v)      .option = o, .value = v
#define MORE(v)         .value = v
#define XML(where, ...) .place = VM_IN_##where, .xml = __VA_ARGS__

#define SATA        (VM_WINDOWS7 | VM_MACOS)
#define VIRTIO      (VM_LINUX | VM_WINDOWS10 | VM_WINDOWS11)
#define MODERN      (VM_WINDOWS10 | VM_WINDOWS11)
#define NO_WINDOWS  (VM_LINUX | VM_MACOS)
#define NO_UEFI     (VM_LINUX | VM_WINDOWS10 | VM_WINDOWS7 | VM_MACOS)
#define NETWORK     (VM_USER | VM_BRIDGE)
#define OTHER_GUEST (VM_WINDOWS | VM_MACOS)

/* An enlightenment; libvirt's element is inside <hyperv>. */
#define HYPERV(guests, flag, element, text)                                                        \
    {                                                                                              \
        .when = (guests) | VM_KVM, .camera = TRUE, .why = text, MORE("," flag),                    \
        XML(HYPERV, element)                                                                       \
    }

static const struct vm_row vm_rows[] = {
    /* ---- the machine ---- */
    {QEMU("name", "{name}"), XML(DOMAIN, "<name>{name}</name>")},
    {.why = "what is not named here is not there", QEMU("nodefaults", NULL)},
    {.when = NO_UEFI,
     QEMU("machine", "q35"),
     XML(DOMAIN, "<os><type arch='x86_64' machine='q35'>hvm</type></os>")},
    {.when = VM_WINDOWS11,
     .why = "Windows 11 asks for UEFI with Secure Boot (package ovmf)",
     QEMU("machine", "q35"),
     XML(DOMAIN, "<os firmware='efi'><type arch='x86_64' machine='q35'>hvm</type>"
                 "<firmware><feature enabled='yes' name='secure-boot'/>"
                 "<feature enabled='yes' name='enrolled-keys'/></firmware></os>")},
    {.when = VM_WINDOWS11, .why = "keeps the firmware's variables from the guest", MORE(",smm=on")},
    {.when = VM_WINDOWS,
     .why = "no HPET: Windows would read it, and leave the VM each time",
     MORE(",hpet=off"),
     XML(CLOCK, "<timer name='hpet' present='no'/>")},
    {.when = VM_KVM, QEMU("accel", "kvm")},
    {.when = VM_TCG,
     .why = "the processor is emulated: slow, for hosts without KVM",
     QEMU("accel", "tcg")},
    {.when = VM_WINDOWS | VM_TCG, .why = "Hyper-V's enlightenments are KVM's: none here"},
    {QEMU("m", "{memory}M"), XML(DOMAIN, "<memory unit='MiB'>{memory}</memory>")},
    {.when = VM_WINDOWS, .why = "one socket: Windows for desktops uses two at most"},
    {QEMU("smp", "{cpus},sockets=1,cores={cpus},threads=1"), XML(DOMAIN, "<vcpu>{cpus}</vcpu>")},
    {XML(FEATURES, "<acpi/><apic/>")},

    /* ---- the processor ---- */
    {.when = VM_KVM, QEMU("cpu", "host")},
    {.when = VM_TCG,
     QEMU("cpu", "max"),
     XML(DOMAIN, "<cpu mode='maximum'><topology sockets='1' cores='{cpus}' threads='1'/></cpu>")},
    {.when = VM_KVM | VM_LINUX | VM_WINDOWS,
     XML(DOMAIN,
         "<cpu mode='host-passthrough'><topology sockets='1' cores='{cpus}' threads='1'/></cpu>")},
    {.when = VM_KVM | VM_MACOS,
     .why = "macOS asks for a clock that never changes its pace, and for an Intel processor: on "
            "AMD name one (Skylake-Client) and its vendor (GenuineIntel)",
     MORE(",invtsc=on"),
     XML(DOMAIN, "<cpu mode='host-passthrough' migratable='off'>"
                 "<topology sockets='1' cores='{cpus}' threads='1'/>"
                 "<feature policy='require' name='invtsc'/></cpu>")},
    {.when = VM_WINDOWS | VM_KVM,
     .camera = TRUE,
     .why = "Windows reads the time from a page of memory, without leaving the VM",
     MORE(",hv-time=on"),
     XML(CLOCK, "<timer name='hypervclock' present='yes'/>")},
    HYPERV(VM_WINDOWS, "hv-relaxed=on", "<relaxed state='on'/>",
           "no watchdog's blue screen where the host was busy"),
    HYPERV(VM_WINDOWS, "hv-vapic=on", "<vapic state='on'/>",
           "an interrupt ends by a write to memory, without leaving the VM"),
    HYPERV(VM_WINDOWS, "hv-spinlocks=0x1fff", "<spinlocks state='on' retries='8191'/>",
           "who tries a lock that often in vain lets another processor run"),
    HYPERV(VM_WINDOWS, "hv-vpindex=on", "<vpindex state='on'/>",
           "processors have numbers: hv-synic, hv-tlbflush and hv-ipi need them"),
    HYPERV(VM_WINDOWS, "hv-runtime=on", "<runtime state='on'/>",
           "Windows knows how long each processor really ran"),
    HYPERV(MODERN, "hv-synic=on", "<synic state='on'/>",
           "the interrupt controller that hv-stimer needs"),
    HYPERV(MODERN, "hv-stimer=on", "<stimer state='on'/>",
           "timers of the hypervisor: an idle Windows costs next to nothing"),
    HYPERV(VM_WINDOWS, "hv-reset=on", "<reset state='on'/>",
           "Windows can reset the VM by one write"),
    HYPERV(VM_WINDOWS, "hv-frequencies=on", "<frequencies state='on'/>",
           "clock rates are told, not measured"),
    HYPERV(MODERN, "hv-tlbflush=on", "<tlbflush state='on'/>",
           "one call empties the address caches of all processors"),
    HYPERV(MODERN, "hv-ipi=on", "<ipi state='on'/>", "one call interrupts many processors"),

    /* ---- clocks ---- */
    {.when = VM_WINDOWS,
     .why = "Windows keeps local time in the clock; lost ticks are made up for",
     QEMU("rtc", "base={clock},driftfix=slew"),
     XML(CLOCK, "<timer name='rtc' tickpolicy='catchup'/>")},
    {.when = VM_WINDOWS | VM_KVM,
     QEMU("global", "driver=kvm-pit,property=lost_tick_policy,value=delay"),
     XML(CLOCK, "<timer name='pit' tickpolicy='delay'/>")},

    /* ---- UEFI and TPM ---- */
    {.when = VM_WINDOWS11,
     .setup = "[ -e {variables} ] || cp {fresh_variables} {variables}",
     QEMU("global", "driver=cfi.pflash01,property=secure,value=on")},
    {.when = VM_WINDOWS11,
     QEMU("drive", "if=pflash,unit=0,format=raw,readonly=on,file={firmware}")},
    {.when = VM_WINDOWS11,
     .why = "the firmware's variables, a copy for this machine",
     QEMU("drive", "if=pflash,unit=1,format=raw,file={variables}")},
    {.when = VM_WINDOWS11,
     .setup = "(mkdir -p {tpm} && cd {tpm} && swtpm socket --tpm2 --tpmstate dir=. "
              "--ctrl type=unixio,path=socket --terminate --daemon)",
     QEMU("chardev", "socket,id=tpm,path={tpm_socket}")},
    {.when = VM_WINDOWS11, QEMU("tpmdev", "emulator,id=tpm,chardev=tpm")},
    {.when = VM_WINDOWS11,
     .why = "Windows 11 asks for a TPM (package swtpm; libvirt wants swtpm-tools too)",
     QEMU("device", "tpm-crb,tpmdev=tpm"),
     XML(DEVICES, "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>")},

    /* ---- macOS ---- */
    {.when = VM_MACOS,
     .why = "macOS starts with two things that are yours to bring: the boot loader OpenCore on "
            "a disk of its own, and the key of Apple's SMC, by -device isa-applesmc,osk=KEY"},
    {.when = VM_MACOS,
     .why = "the SMBIOS says what the mainboard is",
     QEMU("smbios", "type=2"),
     .place = VM_IN_ARGUMENTS},

    /* ---- disk ---- */
    {.when = VM_NO_DISK | VM_QEMU, .why = "no disk: give --disk FILE"},
    {.when = VM_DISK, QEMU("drive", "if=none,id=disk,format={format},file={disk}")},
    {.when = VM_DISK | VIRTIO,
     QEMU("device", "virtio-blk-pci,drive=disk,bootindex=1"),
     XML(DEVICES, "<disk type='file' device='disk'><driver name='qemu' type='{format}'/>"
                  "<source file='{disk}'/><target dev='vda' bus='virtio'/></disk>")},
    {.when = VM_DISK | SATA,
     QEMU("device", "ide-hd,drive=disk,bus=ide.0,bootindex=1"),
     .why = "SATA, for which the installer has a driver",
     XML(DEVICES, "<disk type='file' device='disk'><driver name='qemu' type='{format}'/>"
                  "<source file='{disk}'/><target dev='sda' bus='sata'/></disk>")},
    {.when = MODERN,
     .why = "virtio: the installer asks for the drivers, which are on virtio-win.iso (viostor for "
            "the disk, NetKVM for the network)"},
    {.when = VM_QEMU | MODERN,
     .why = "to install, add: -drive media=cdrom,file=WINDOWS.iso "
            "-drive media=cdrom,file=virtio-win.iso"},
    {.when = VM_QEMU | VM_WINDOWS7, .why = "to install, add: -drive media=cdrom,file=WINDOWS.iso"},

    /* ---- network ---- */
    {.when = VM_BRIDGE,
     .why = "the bridge {bridge}, made once over the interface that leads out (here eth0; nmcli "
            "device shows yours):\n"
            "    nmcli connection add type bridge con-name {bridge} ifname {bridge}\n"
            "    nmcli connection add type bridge-slave con-name {bridge}-eth0 ifname eth0 "
            "master {bridge}\n"
            "    nmcli connection up {bridge}-eth0"},
    {.when = VM_BRIDGE | VM_QEMU,
     .why = "QEMU's helper, setuid root, joins it where /etc/qemu/bridge.conf has: allow {bridge}"},
    {.when = VM_USER, QEMU("netdev", "user,id=net"), XML(DEVICES, "<interface type='user'>")},
    {.when = VM_BRIDGE,
     QEMU("netdev", "bridge,id=net,br={bridge}"),
     XML(DEVICES, "<interface type='bridge'><source bridge='{bridge}'/>")},
    {.when = NETWORK | VIRTIO,
     QEMU("device", "virtio-net-pci,netdev=net"),
     XML(DEVICES, "+<model type='virtio'/></interface>")},
    {.when = NETWORK | VM_WINDOWS7,
     QEMU("device", "e1000,netdev=net"),
     XML(DEVICES, "+<model type='e1000'/></interface>")},
    {.when = NETWORK | VM_MACOS,
     QEMU("device", "vmxnet3,netdev=net"),
     XML(DEVICES, "+<model type='vmxnet3'/></interface>")},

    /* ---- screen ---- */
    {.when = VM_LINUX,
     QEMU("device", "virtio-vga"),
     XML(DEVICES, "<video><model type='virtio'/></video>")},
    {.when = OTHER_GUEST,
     .why = "a screen that every guest has a driver for",
     QEMU("device", "VGA"),
     XML(DEVICES, "<video><model type='vga'/></video>")},
    {.when = VM_PASSWORD | VM_QEMU, QEMU("object", "secret,id=password,file={password_file}")},
    {.when = VM_PASSWORD | VM_LIBVIRT,
     .why = "the password stands in this XML: let nobody else read it"},
    {.when = VM_SPICE_OPEN,
     .why = "SPICE without a password: whoever reaches this port has the machine"},
    {.when = VM_SPICE, XML(DEVICES, "<graphics type='spice'")},
    {.when = VM_PASSWORD | VM_LIBVIRT, XML(DEVICES, "+ passwd='{password}'")},
    {.when = VM_SPICE_UNIX,
     QEMU("spice", "unix=on,addr={spice_path}"),
     XML(DEVICES, "+><listen type='socket' socket='{spice_path}'/></graphics>")},
    {.when = VM_SPICE_TCP,
     QEMU("spice", "addr={spice_host},port={spice_port}"),
     XML(DEVICES, "+ autoport='no' port='{spice_port}'><listen type='address' "
                  "address='{spice_host}'/></graphics>")},
    {.when = VM_SPICE_TLS,
     .why = "TLS: its certificates are in {tls} (ca-cert.pem, server-cert.pem, server-key.pem)",
     QEMU("spice", "addr={spice_host},tls-port={spice_port},x509-dir={tls}")},
    {.when = VM_SPICE_TLS | VM_LIBVIRT,
     .why = "/etc/libvirt/qemu.conf says so to libvirt: spice_tls = 1 and "
            "spice_tls_x509_cert_dir",
     XML(DEVICES, "+ autoport='no' tlsPort='{spice_port}' defaultMode='secure'><listen "
                  "type='address' address='{spice_host}'/></graphics>")},
    {.when = VM_SPICE | VM_NO_PASSWORD, MORE(",disable-ticketing=on")},
    {.when = VM_SPICE | VM_PASSWORD, MORE(",password-secret=password")},
    {.when = VM_SPICE, QEMU("device", "virtio-serial-pci")},
    {.when = VM_SPICE, QEMU("chardev", "spicevmc,id=vdagent,name=vdagent")},
    {.when = VM_SPICE,
     .why = "clipboard and screen size, where spice-vdagent runs in the guest",
     QEMU("device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0"),
     XML(DEVICES,
         "<channel type='spicevmc'><target type='virtio' name='com.redhat.spice.0'/></channel>")},

    /* ---- USB ---- */
    {.when = VM_XHCI | NO_WINDOWS | MODERN,
     .camera = TRUE,
     .why = "USB 3: every speed of camera",
     QEMU("device", "qemu-xhci,id=usb,p2={usb_ports},p3={usb_ports}"),
     XML(DEVICES, "<controller type='usb' index='0' model='qemu-xhci' ports='{usb_ports}'/>")},
    {.when = VM_XHCI | VM_WINDOWS7,
     .camera = TRUE,
     .why = "Windows 7 has no driver for xHCI: Renesas' for the uPD720200 drives this one; without "
            "it take EHCI",
     QEMU("device", "nec-usb-xhci,id=usb,p2={usb_ports},p3={usb_ports}"),
     XML(DEVICES, "<controller type='usb' index='0' model='nec-xhci' ports='{usb_ports}'/>")},
    {.when = VM_EHCI,
     .camera = TRUE,
     .why = "USB 2, and three UHCI controllers on the same ports for what is slower",
     QEMU("device", "ich9-usb-ehci1,id=usb,addr=1d.7,multifunction=on"),
     XML(DEVICES, "<controller type='usb' index='0' model='ich9-ehci1'/>")},
    {.when = VM_EHCI,
     .camera = TRUE,
     QEMU("device", "ich9-usb-uhci1,addr=1d.0,multifunction=on,masterbus=usb.0,firstport=0"),
     XML(DEVICES, "<controller type='usb' index='0' model='ich9-uhci1'><master startport='0'/>"
                  "</controller>")},
    {.when = VM_EHCI,
     .camera = TRUE,
     QEMU("device", "ich9-usb-uhci2,addr=1d.1,multifunction=on,masterbus=usb.0,firstport=2"),
     XML(DEVICES, "<controller type='usb' index='0' model='ich9-uhci2'><master startport='2'/>"
                  "</controller>")},
    {.when = VM_EHCI,
     .camera = TRUE,
     QEMU("device", "ich9-usb-uhci3,addr=1d.2,multifunction=on,masterbus=usb.0,firstport=4"),
     XML(DEVICES, "<controller type='usb' index='0' model='ich9-uhci3'><master startport='4'/>"
                  "</controller>")},
    {.why = "the pointer goes where the host's does",
     QEMU("device", "usb-tablet,bus=usb.0,port=1"),
     XML(DEVICES, "<input type='tablet' bus='usb'/>")},
    {.when = VM_MACOS,
     .why = "macOS has no driver for a PS/2 keyboard",
     QEMU("device", "usb-kbd,bus=usb.0,port=2"),
     XML(DEVICES, "<input type='keyboard' bus='usb'/>")},

    /* ---- cameras ---- */
    {.when = VM_VIA_OPEN,
     .camera = TRUE,
     .why = "this is neither encrypted nor has it a password: for networks that you trust"},
    {.when = VM_VIA_UNIX,
     .each = TRUE,
     .camera = TRUE,
     .why = "camera {n}",
     QEMU("chardev", "socket,id=camera{n},path={path},server=on,wait=off"),
     XML(DEVICES, "<redirdev bus='usb' type='unix'><source mode='bind' path='{path}'/>"
                  "</redirdev>")},
    {.when = VM_VIA_TCP,
     .each = TRUE,
     .camera = TRUE,
     .why = "camera {n}",
     QEMU("chardev", "socket,id=camera{n},host={host},port={port},server=on,wait=off"),
     XML(DEVICES, "<redirdev bus='usb' type='tcp'><source mode='bind' host='{host}' "
                  "service='{port}'/><protocol type='raw'/></redirdev>")},
    {.when = VM_VIA_PORT,
     .each = TRUE,
     .camera = TRUE,
     .why = "camera {n}: a SPICE port",
     QEMU("chardev", "spiceport,id=camera{n},name={port_name}"),
     XML(DEVICES, "<redirdev bus='usb' type='spiceport'><source channel='{port_name}'/>"
                  "</redirdev>")},
    {.when = VM_VIA_USBREDIR,
     .each = TRUE,
     .camera = TRUE,
     .why = "camera {n}: a SPICE channel for USB redirection",
     QEMU("chardev", "spicevmc,id=camera{n},name=usbredir"),
     XML(DEVICES, "<redirdev bus='usb' type='spicevmc'/>")},
    {.each = TRUE,
     QEMU("device", "usb-redir,id=camera{n},chardev=camera{n},bus=usb.0,"
                    "port={usb_port}")},
};

void vm_rows_walk(const struct vm_choice *choice, vm_row_func func, void *user)
{
    for (gsize i = 0; i < G_N_ELEMENTS(vm_rows); i++) {
        guint times = vm_rows[i].each ? choice->cameras->len : 1;
        for (guint n = 0; n < times && vm_choice_is(choice, vm_rows[i].when); n++)
            func(user, &vm_rows[i], choice->cameras->pdata[n]);
    }
}
