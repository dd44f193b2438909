/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A frame as the guest saw it, as a file that any viewer opens. */
#pragma once

#include <glib.h>

/* Writes FOLDER/FORMAT-WIDTHxHEIGHT.EXTENSION: raw formats as PNG, compressed ones as they are.
   fourcc is V4L2's name, format people's. NULL and an error where it cannot be written. */
char *picture_save(const char *folder, const char *format, const char *fourcc, guint width,
                   guint height, GBytes *frame, GError **error);
