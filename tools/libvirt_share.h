/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way into a domain of libvirt, whichever is open. */
#pragma once

#include "redir/transports/plug.h"
#include "tools/spice_share.h"

/* Looks at the domain first, which blocks. NULL with REDIR_ERROR_FAILED where this camredir has no
   libvirt, REDIR_ERROR_FINAL where there is no way, and the errors of spice_share_open(). */
RedirTransport *libvirt_share_open(const char *uri, const char *domain, RedirSpeeds speed,
                                   const struct spice_options *spice, GError **error);
