/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fuzzed device at its end of a usb-redir: one case after the other is plugged in, answers as
   camera.h and its faults say, and is looked at by what the guest asks. It has no thread and no
   clock: its owner polls the descriptor and calls fuzz_device_receive(). */
#pragma once

#include "tools/fuzz/case.h"

typedef struct FuzzDevice FuzzDevice;

/* How far the guest went. */
typedef enum {
    FUZZ_ATTACHED,
    FUZZ_ADDRESS,     /* read who it is */
    FUZZ_DESCRIPTORS, /* read its configuration */
    FUZZ_CONFIGURED,
    FUZZ_BOUND,  /* a driver asked for something of the class */
    FUZZ_PROBED, /* it negotiated pictures */
    FUZZ_STREAMED,
    FUZZ_REACHES,
} FuzzReach;
const char *fuzz_reach_name(FuzzReach reach);

typedef struct {
    guint64 requests; /* so far: grows while the guest does something */
    FuzzReach reach;
    gboolean ready;       /* the hello has come, the last case is gone: one can be plugged in */
    gboolean ended;       /* the guest asked for the sentinel's string */
    gboolean gone;        /* the device took itself away, or QEMU does not take it */
    guint8 speed;         /* usbredir's */
    gboolean isochronous; /* a stream is on, for which fuzz_device_stream() is to be called */
    gboolean disturbed;   /* the guest gave up an answer that was sent: the host was too slow */
} FuzzDeviceState;

/* fd: connected to a usb-redir, not blocking, taken over. Says hello. */
FuzzDevice *fuzz_device_new(int fd);
/* Without a word to the guest; accepts NULL. */
void fuzz_device_free(FuzzDevice *device);
int fuzz_device_fd(const FuzzDevice *device);

/* All return FALSE where the peer is gone or talks nonsense. */
gboolean fuzz_device_plug(FuzzDevice *device, const FuzzCase *fuzz_case, gboolean sentinel);
gboolean fuzz_device_unplug(FuzzDevice *device);
gboolean fuzz_device_receive(FuzzDevice *device); /* what has come by now, and answers it */
gboolean fuzz_device_stream(FuzzDevice *device);  /* some more isochronous packets */

/* Of the case that is plugged in, or was last. */
FuzzDeviceState fuzz_device_state(const FuzzDevice *device);
/* Appends a number for each different thing that the guest did: what it asked after what, and what
   came of it. */
void fuzz_device_features(const FuzzDevice *device, GArray *features);

/* At what speed it comes (usbredir's). */
guint8 fuzz_case_speed(const FuzzCase *fuzz_case);

/* A device without fault and almost without anything: a guest that does not take it is no longer
   one. At the speed of the last one, as SuperSpeed has a bus of its own. */
FuzzCase *fuzz_case_simplest(guint8 speed);
