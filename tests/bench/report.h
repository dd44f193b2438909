/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What make bench measures, and how it is told: as a table for people, or as JSON. */
#pragma once

#include "tests/guest/session.h"

typedef struct {
    const char *name, *options;
} Link;

/* How the camera comes into the VM. */
typedef struct {
    const char *name;
    VmParts port;
    gboolean tls; /* with a password */
} Way;

typedef struct {
    const char *source; /* of camredir: "pattern", or NULL for a file of JPEGs */
    const char *format, *fourcc;
    guint width, height, fps;
    const Link *link;
    gboolean everywhere; /* by each way, not by the first alone */
} Row;

typedef struct {
    Outcome outcome;
    guint dropped;
    double cpu_ms; /* camredir's, for 1000 frames */
    double peak_mib;
    /* Shares of one processor, while the guest streamed: camredir's, QEMU's without that of the
       threads that run the guest, and theirs. */
    double own_load, qemu_load, guest_load;
    double of_first; /* frame rate, over that of the first way; 0: this is the first */
} Figures;

typedef struct Report Report;

/* Each frame's bytes are compared that is a multiple of hash_each. */
Report *report_new(gboolean as_json, guint hash_each);
void report_way(Report *report, const Way *way, guint stream_ms); /* its rows follow */
void report_row(Report *report, const Row *row, const Figures *figures);
void report_end(Report *report); /* prints what is not printed yet, and frees it */

char *row_name(const Row *row);
