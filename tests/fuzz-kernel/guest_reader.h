/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Linux's uvcvideo makes of cameras, in the project's own guest under virtual time, and what
   kernel and driver say about them. */
#pragma once

#include <gio/gio.h>

typedef struct GuestReader GuestReader;

GuestReader *guest_reader_new(GError **error);
void guest_reader_free(GuestReader *reader); /* accepts NULL */

/* descriptors: a device and its configurations. "a probed\tmessage\tmessage", to be freed: a
   ReaderVerdict, how far the guest went or what crashed, and what the kernel noticed. NULL: nothing
   can be said. */
char *guest_reader_judge(GuestReader *reader, GBytes *descriptors, GError **error);
