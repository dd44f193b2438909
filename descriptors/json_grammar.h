/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is a text JSON at all? What a reader that takes more than JSON is asked before. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Deeper than any tree's JSON. */
#define DESC_JSON_MAX_DEPTH 32

/* By RFC 8259, but for the encoding and for names that are there twice. Where it is not: false, and
   ret_why (any size) says what and where, as "not JSON: line 3: ',': expected a value". */
bool desc_json_is_json(const char *text, size_t len, char *ret_why, size_t size);
