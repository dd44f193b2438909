/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a redirection failed, as far as the caller acts on it. The message says what, where, what to
 * do. */
#pragma once

#include <glib.h>

typedef enum {
    REDIR_ERROR_ADDRESS,     /* the address cannot be understood: trying again cannot help */
    REDIR_ERROR_UNREACHABLE, /* nobody answers there (yet) */
    REDIR_ERROR_IN_USE,      /* somebody else has it */
    REDIR_ERROR_CLOSED,      /* the stream ended */
    REDIR_ERROR_TIMEOUT,     /* open, but no hello came: a new connection may help */
    REDIR_ERROR_PROTOCOL,    /* what came is not usbredir, or breaks its rules */
    REDIR_ERROR_REFUSED,     /* the VM does not want this device */
    REDIR_ERROR_FINAL,       /* a wrong password, or another client: not to be tried again */
    REDIR_ERROR_FAILED,      /* the system refused something else */
} RedirError;

#define REDIR_ERROR redir_error_quark()
GQuark redir_error_quark(void);
