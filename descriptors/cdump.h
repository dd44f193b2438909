/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tree as C source: its bytes as an array, with a comment a field. */
#pragma once

#include "descriptors/desc.h"
#include "descriptors/sink.h"

/* "#include <stdint.h>" and "const uint8_t name[] = {...};" of top and all below it. name: a
   C identifier, of at most 100 characters. No bytes at all are an array of none, which is GNU C. */
void desc_cdump(const void *top, const char *name, const struct desc_sink *sink);
