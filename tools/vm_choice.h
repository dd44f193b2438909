/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a user wants of a virtual machine, understood and checked: facts, by which the table of
   tools/vm_table.h chooses its rows, and the texts that it fills in. */
#pragma once

#include <glib.h>

/* Of each group exactly one holds (of those that are groups of one: or none). */
enum vm_fact {
    VM_LINUX = 1 << 0,
    VM_WINDOWS11 = 1 << 1,
    VM_WINDOWS10 = 1 << 2,
    VM_WINDOWS7 = 1 << 3,
    VM_MACOS = 1 << 4,

    VM_XHCI = 1 << 5,
    VM_EHCI = 1 << 6,

    VM_KVM = 1 << 7,
    VM_TCG = 1 << 8,

    VM_VIA_UNIX = 1 << 9,
    VM_VIA_TCP = 1 << 10,
    VM_VIA_PORT = 1 << 11,
    VM_VIA_USBREDIR = 1 << 12,

    VM_SPICE_NONE = 1 << 13,
    VM_SPICE_UNIX = 1 << 14,
    VM_SPICE_TCP = 1 << 15,
    VM_SPICE_TLS = 1 << 16,

    VM_PASSWORD = 1 << 17,
    VM_NO_PASSWORD = 1 << 18,

    VM_USER = 1 << 19,
    VM_BRIDGE = 1 << 20,
    VM_NO_NETWORK = 1 << 21,

    VM_DISK = 1 << 22,
    VM_NO_DISK = 1 << 23,

    VM_QEMU = 1 << 24, /* what is printed is for QEMU itself */
    VM_LIBVIRT = 1 << 25,

    VM_VIA_OPEN = 1 << 26,   /* the camera's port can be reached by other machines */
    VM_SPICE_OPEN = 1 << 27, /* so can SPICE, and it has no password */
};
#define VM_WINDOWS    (VM_WINDOWS11 | VM_WINDOWS10 | VM_WINDOWS7)
#define VM_VIA_SOCKET (VM_VIA_UNIX | VM_VIA_TCP)
#define VM_VIA_SPICE  (VM_VIA_PORT | VM_VIA_USBREDIR)
#define VM_SPICE      (VM_SPICE_UNIX | VM_SPICE_TCP | VM_SPICE_TLS)

/* As on the command line; NULL: not given. */
struct vm_options {
    const char *guest, *via, *usb, *disk, *memory, *spice, *spice_password_file, *spice_tls,
        *network, *accel, *cpus, *cameras;
};

struct vm_choice {
    guint facts;        /* of enum vm_fact */
    GHashTable *texts;  /* name -> value, as it is, neither quoted nor escaped */
    GPtrArray *cameras; /* such a table for each */
    const char *title;  /* "Windows 10" */
};

/* form: VM_QEMU or VM_LIBVIRT. FALSE: what the message names cannot be. */
gboolean vm_choice_make(struct vm_choice *ret_choice, const struct vm_options *options,
                        enum vm_fact form, GError **error);
void vm_choice_clear(struct vm_choice *choice);
/* Whether all that `when` says holds: of each group that it names a fact of, one of these. */
gboolean vm_choice_is(const struct vm_choice *choice, guint when);
/* The commands that put cameras in: one for all by SPICE, which serves one client at a time, else
   one for each. */
GPtrArray *vm_choice_shares(const struct vm_choice *choice);
