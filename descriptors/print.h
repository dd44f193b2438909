/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tree as text, as 'lsusb -v' reads: each field by name, its value, what it means. Every byte of
   the tree is in the text, also those that no field describes. Nothing is allocated. */
#pragma once

#include "descriptors/desc.h"
#include "descriptors/sink.h"

enum desc_print_flags {
    DESC_PRINT_OFFSETS = 1 << 0, /* each line begins with its offset and its bytes */
    DESC_PRINT_COLOUR = 1 << 1,  /* escape sequences of a terminal */
};

/* top: the root of a tree, or any node, with all below it. Offsets count from top's own. */
void desc_print(const void *top, unsigned flags, const struct desc_sink *sink);

/* bytes as 'hexdump -C' shows them. */
void desc_print_hex(const uint8_t *bytes, size_t len, const struct desc_sink *sink);
