/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cameras that are right, from which those that are wrong are made. */
#pragma once

#include "tools/fuzz/case.h"

typedef struct {
    char *name; /* "webcam", "camera.bin" */
    FuzzCase *fuzz_case;
} FuzzSeed;

/* names: files with bytes, JSON or a recording, folders of such, presets by name; none: all presets
   that the program has in itself. Of FuzzSeed *; NULL: *ret_error says which cannot be read. */
GPtrArray *fuzz_seeds_read(char **names, GError **error);
