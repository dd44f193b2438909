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
    /* lsusb's first complaint, or what it showed last before it died; why libuvc refuses, or where
       it died. NULL: nothing. */
    char *lsusb_says, *libuvc_says;
} HostVerdicts;

/* ret_verdicts: n of them, whose texts are to be freed. The program began with
   mock_usb_init(). */
void host_readers_judge(GBytes *const *descriptors, guint n, HostVerdicts *ret_verdicts);
