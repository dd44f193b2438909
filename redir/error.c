/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of everything in redir/. */
#include "redir/error.h"

G_DEFINE_QUARK(redir - error - quark, redir_error)
