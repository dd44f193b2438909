/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's monitor for humans. The one for machines has a thread of its own, which would wake each
   time that the virtual clock leaps. Blocking calls. */
#pragma once

#include <gio/gio.h>

/* What QEMU prints, without the prompt; the caller frees it. NULL: it does not answer. */
char *fuzz_monitor_ask(const char *path, const char *command, GError **error);
/* Of what it prints for "info block": whether the machine writes to any of them. */
gboolean fuzz_monitor_has_disk(const char *drives);
/* A command that prints nothing unless it fails. */
gboolean fuzz_monitor_do(const char *path, const char *command, GError **error);
