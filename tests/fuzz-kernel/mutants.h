/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cameras with one fault each, always the same ones: what the readers of differential.c are
   compared on. */
#pragma once

#include <glib.h>

#include "descriptors/lint.h"

typedef struct {
    const char *seed;     /* "webcam", a preset */
    const char *mutation; /* "break-count" */
    char *what;           /* "break-count: configuration[1].bNumInterfaces: 2, now 255" */
    GBytes *bytes;        /* a device and its configurations */
    const struct desc_lint_rule *rule; /* the linter's first error, else warning; NULL: none */
} Mutant;

/* n of them, no two alike, after the seeds themselves, which have no mutation (""). The same n: the
   same mutants. */
GPtrArray *mutants_new(guint n);
