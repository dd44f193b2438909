/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of camredir that need a library which not every installation has are libraries of their
   own, opened when they are needed. */
#pragma once

#include <glib.h>

/* A function in one of them. NULL with REDIR_ERROR_FAILED, which says that this camredir has no
   'what', and the package to build it with. */
void *library_function(const char *library, const char *function, const char *what,
                       const char *package, GError **error);
