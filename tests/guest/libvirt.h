/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A libvirt daemon of the tests' own: session mode, all its files and sockets in the tests' folder,
   and domains in it that are started with QEMU's command line. */
#pragma once

#include "tests/guest/process.h"

/* FALSE with the reason where it cannot run here. */
gboolean libvirt_begin(GError **error);
void libvirt_end(void);
const char *libvirt_uri(void); /* "" before */

/* "dumpxml NAME", with virsh; what it prints. */
char *libvirt_virsh(const char *command, GError **error);
/* A domain with one xHCI controller, and what argv (QEMU's, ending in NULL) has. Its
   end is the domain's. */
Process *libvirt_start(const char *name, const GPtrArray *argv, const char *log, GError **error);
void libvirt_destroy(const char *name);
