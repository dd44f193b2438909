/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the agent in the guest and the harness on the host say to each other, over three
   virtio-serial ports: one for commands, one for what happens to each frame, one for a program's
   own output.

   Commands are lines, "NUMBER VERB ARGUMENT...", several may run at once; answers are lines
   "NUMBER - TEXT", closed by "NUMBER ok TEXT" or "NUMBER failed TEXT". After each boot the agent
   says "0 ok ready".

     camera DRIVER SECONDS              waits until there is one: "ok /dev/videoN SPEED NAME"
     gone DRIVER SECONDS                waits until there is none
     formats DEVICE                     "- FOURCC WIDTH HEIGHT INTERVAL..." for each size
     stream DEVICE FOURCC WIDTH HEIGHT INTERVAL FRAMES MS HASH SAVE
                                        dequeues FRAMES frames, or for MS milliseconds (0: no
   limit), hashes each HASH-th (0: none), sends the SAVE-th whole (from 1; 0: none): "ok FRAMES
   FLAGGED WIDTH HEIGHT SIZEIMAGE" stop                               ends every stream control
   DEVICE ID                  "ok VALUE MINIMUM MAXIMUM STEP DEFAULT" set DEVICE ID VALUE load
   MODULE [PARAMETER...]         with the modules that it needs sh COMMAND its output as lines, "ok"
   or "failed" with its exit status reboot

     clock                              "ok MICROSECONDS": its CLOCK_MONOTONIC */
#pragma once

#include <stdint.h>

#define GUEST_PORT_AGENT  "camredir.agent"
#define GUEST_PORT_FRAMES "camredir.frames"
#define GUEST_PORT_OUTPUT "camredir.output"

enum guest_record_type {
    GUEST_DEQUEUED =
        1, /* written before the agent looks at the frame: its arrival is the latency */
    GUEST_HASHED,
    GUEST_PICTURE, /* bytesused bytes follow */
};

/* On the port for frames; both sides are little-endian x86-64. */
struct guest_record {
    uint32_t type;
    uint32_t stream;   /* the command's number */
    uint32_t index;    /* of the frame in its stream, from 0 */
    uint32_t sequence; /* the driver's */
    uint32_t bytesused;
    uint32_t flagged;     /* the driver says that the frame is damaged */
    uint64_t hash;        /* vcam_hash, GUEST_HASHED alone */
    int64_t timestamp_us; /* the driver's: guest's CLOCK_MONOTONIC */
    int64_t dequeued_us;  /* the same clock */
};
