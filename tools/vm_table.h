/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a virtual machine with a camera port is made of: one table, in the order in which it is
   printed. A row is a thing that the machine has: when it has it, why, and how QEMU and libvirt are
   asked for it. {NAME} stands for a text of the choice. */
#pragma once

#include "tools/vm_choice.h"

/* Where in libvirt's XML: in this order. */
enum vm_place {
    VM_IN_DOMAIN,
    VM_IN_FEATURES,
    VM_IN_HYPERV,
    VM_IN_CLOCK,
    VM_IN_DEVICES,
    VM_IN_ARGUMENTS, /* libvirt has no element for it and hands it to QEMU */
    VM_N_PLACES
};

struct vm_row {
    guint when;         /* of enum vm_fact */
    gboolean each;      /* one for each camera */
    gboolean camera;    /* what a machine that is there already needs for its camera */
    const char *why;    /* NULL: it says so itself */
    const char *setup;  /* a line of shell that goes before QEMU */
    const char *option; /* of QEMU, without its dash; NULL with a value: more of the last one */
    const char *value;  /* NULL: the option has none */
    enum vm_place place;
    const char *xml; /* '+...': more of the last element there */
};

/* Calls func for each row that the choice has, once for each camera where it is one of those. */
typedef void (*vm_row_func)(void *user, const struct vm_row *row, GHashTable *camera);
void vm_rows_walk(const struct vm_choice *choice, vm_row_func func, void *user);
