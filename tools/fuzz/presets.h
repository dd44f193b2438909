/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* descriptors/presets/, in the program itself. */
#pragma once

#include <glib.h>

typedef struct {
    const char *name, *json, *end;
} FuzzPreset;
extern const FuzzPreset fuzz_presets[];
extern const guint fuzz_n_presets;
