/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives a USB device's interfaces back to the kernel's drivers when this process ends without
   having done so: a small process of its own waits for that. */
#pragma once

#include <glib.h>

typedef struct RedirGuard RedirGuard;

/* node: "/dev/bus/usb/001/005". Remembers which interfaces have a driver now; fd is the node, open.
   NULL where there is nothing to guard, or no process to be had, which is logged. */
RedirGuard *redir_guard_new(const char *node, int fd);
/* Another program has an interface of it: what takes it now would reset it under that program. */
gboolean redir_guard_is_used(int fd);
/* The device is back with its drivers, or gone. Accepts NULL. */
void redir_guard_dismiss(RedirGuard *guard);
