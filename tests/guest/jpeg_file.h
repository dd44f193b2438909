/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JPEG pictures of a wanted size, for file sources in tests and benchmark. */
#pragma once

#include <glib.h>

/* Stripes with noise of so many levels; seed tells pictures of one size apart. */
GByteArray *jpeg_make(guint width, guint height, guint noise, guint seed);
