/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lsusb and libuvc make of cameras, by the hundred: umockdev puts a bus full of them before
   one run of each. */
#pragma once

#include <glib.h>

typedef enum {
    READER_ACCEPTS = 'a',
    READER_REFUSES = 'r',
    READER_CRASHES = 'x', /* or does not come to an end */
} ReaderVerdict;

typedef struct {
    ReaderVerdict lsusb, libuvc;
    char *complaint; /* lsusb's first about this device; NULL: none, it shows all that it reads */
} HostVerdicts;

/* ret_verdicts: n of them, whose complaints are to be freed. The program began with
   mock_usb_init(). */
void host_readers_judge(GBytes *const *descriptors, guint n, HostVerdicts *ret_verdicts);
