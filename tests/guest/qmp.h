/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* QEMU's control socket, as little of it as the tests need. */
#pragma once

#include <glib.h>

typedef struct Qmp Qmp;

Qmp *qmp_new(int fd, GError **error); /* takes fd; shakes hands */
void qmp_free(Qmp *qmp);              /* accepts NULL */
/* A command without arguments ("stop", "cont", "system_reset"), or a whole one as JSON; and its
 * success. */
gboolean qmp_run(Qmp *qmp, const char *command, GError **error);
/* The same, and what it returns, as JSON. */
char *qmp_ask(Qmp *qmp, const char *command, GError **error);
