/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* By which channel a camera goes into a VM, as people write it. */
#pragma once

#include "redir/transports/spice.h"

/* "auto" (NULL too), "port", "usbredir". FALSE with REDIR_ERROR_ADDRESS. */
gboolean spice_way_parse(const char *text, RedirSpiceWay *ret_way, GError **error);
