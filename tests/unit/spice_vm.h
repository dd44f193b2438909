/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM as a SPICE client meets it: a real spice-server in this process, and behind each of its
   character devices a usb-redir that a test plays (fake_qemu.h). What it does to clients is what
   QEMU's chardev/spice.c does. */
#pragma once

#include "tests/unit/fake_qemu.h"

typedef struct SpiceVm SpiceVm;
typedef struct SpiceVmDevice SpiceVmDevice;

/* Listens at the unix socket path. */
SpiceVm *spice_vm_new(const char *path);
void spice_vm_free(SpiceVm *vm); /* as if QEMU was killed; accepts NULL */

/* QMP stop and cont. */
void spice_vm_set_running(SpiceVm *vm, gboolean running);

/* port_name: a spiceport of that name; NULL: a usbredir channel. Its usb-redir says hello when a
   client has come. Freed with the VM. */
SpiceVmDevice *spice_vm_add(SpiceVm *vm, const char *port_name);
/* device_del, which takes the character device along. */
void spice_vm_remove(SpiceVmDevice *device);
/* Its usb-redir while a client has it, else NULL. */
FakeQemu *spice_vm_qemu(const SpiceVmDevice *device);
