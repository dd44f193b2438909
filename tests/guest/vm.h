/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The disposable Linux guest: QEMU with the controllers that a test asks for, a usb-redir device on
   each, and the agent inside. */
#pragma once

#include "tests/guest/agent_client.h"
#include "tests/guest/process.h"
#include "tests/guest/qmp.h"

typedef enum {
    VM_XHCI = 1 << 0,
    VM_EHCI = 1 << 1,
    VM_UHCI = 1 << 2,
    VM_TCP = 1 << 3,        /* an xHCI port whose usb-redir listens on 127.0.0.1 */
    VM_CALLS = 1 << 4,      /* an xHCI port whose usb-redir connects to us, and tries each second */
    VM_TOOLS = 1 << 5,      /* v4l2-compliance, v4l2-ctl, lsusb inside */
    VM_CAMREDIR = 1 << 6,   /* the program inside, and a network card: it is the client */
    VM_SPICE_PORT = 1 << 7, /* an xHCI port whose usb-redir is behind a SPICE port */
    VM_SPICE_USBREDIR = 1 << 8, /* one behind a SPICE usbredir channel */
    VM_SPICE_LOCKED =
        1 << 9,            /* SPICE over TCP, by TLS or not, with a password; else a unix socket */
    VM_QMP = 1 << 10,      /* no port at all but a monitor by which one can be plugged in */
    VM_DISPLAY = 1 << 11,  /* a graphics card, of which SPICE has the picture */
    VM_SEAMLESS = 1 << 12, /* SPICE keeps its clients' state over a migration */
    VM_LIBVIRT = 1 << 13,  /* a domain of the libvirt that libvirt_begin() started; with xHCI */
    VM_DESKTOP = 1 << 14,  /* what a SPICE viewer serves beside: VM_PORT_AGENT and the others */
    VM_LINK = 1 << 15,     /* usbredirect inside, what shapes a link, and pictures to share */
} VmParts;

/* VM_DESKTOP's virtio-serial ports. */
#define VM_PORT_AGENT   "com.redhat.spice.0"        /* the desktop's agent in the guest */
#define VM_PORT_FILES   "org.spice-space.webdav.0"  /* the folder that a viewer shares */
#define VM_PORT_CONSOLE "org.qemu.console.serial.0" /* virt-viewer gives it a terminal */

typedef struct Vm Vm;

/* name tells its logs from those of another VM. Nothing runs yet. */
Vm *vm_new(const char *name, VmParts parts);
/* A machine that a command line of somebody else's makes, from the program on, with every kind of
   USB controller known to the guest; the agent and its kernel are added to it. */
Vm *vm_new_given(const char *name, const char *const *command);
void vm_free(Vm *vm); /* accepts NULL */

/* "kvm" or "tcg,thread=multi", once a VM has booted. */
const char *vm_accelerator(void);

/* Starts QEMU and waits for the agent. Again after vm_kill(): with the same addresses. */
gboolean vm_boot(Vm *vm, GError **error);
/* Moves what runs in vm to target, which was made with the same parts, and SPICE's client with it.
   vm's QEMU is left, with nothing that runs. */
gboolean vm_migrate(Vm *vm, Vm *target, GError **error);
void vm_kill(Vm *vm); /* SIGKILL */
/* camredir's options that lead to one of the parts with a usb-redir: "--to unix:PATH". Valid as
 * long as vm. */
const char *vm_address(const Vm *vm, VmParts part);
guint16 vm_tcp_port(const Vm *vm); /* VM_TCP's */
AgentClient *vm_agent(Vm *vm);     /* new at each boot */
Process *vm_process(Vm *vm);       /* QEMU's; the threads that run the guest are "CPU N/..." */
/* "stop", or a whole command in braces. */
gboolean vm_qmp(Vm *vm, const char *command, GError **error);
Qmp *vm_monitor(Vm *vm); /* by which that is done; new at each boot */

#define VM_SPICE_PASSWORD "open sesame" /* of VM_SPICE_LOCKED */
typedef struct {
    guint16 port, tls_port; /* 0 without VM_SPICE_LOCKED */
    const char *path;       /* of the unix socket */
    const char *keys;       /* the folder of ca-cert.pem; other-cert.pem is another's */
} VmSpice;
VmSpice vm_spice(const Vm *vm);
/* Where what programs in the guest wrote to the port GUEST_PORT_OUTPUT is found. */
const char *vm_output(const Vm *vm);
void vm_tell_log(const Vm *vm); /* the console's end, for a failed test */
