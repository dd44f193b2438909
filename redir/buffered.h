/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bulk that nobody has to ask for: whole pictures go out as they come, QEMU keeps them, and the
   guest's requests are answered from there, however long the way to the VM is.

   QEMU buffers bulk IN (start_bulk_receiving, buffered_bulk_packet) for serial adapters alone,
   which it knows by the vendor and product in usbredir's device_connect; the guest reads those in
   the descriptors, which stay the camera's. Of its two ways the one for FTDI's chips keeps the
   borders of what it was sent (QEMU 7.2 to 10, usbredir_buffered_bulk_in_complete_ftdi): it cuts a
   packet into blocks of ep_info's max_packet_size, takes the first two bytes of each for the
   adapter's status, hands whole blocks on as they are, and joins a block to one that is shorter
   only where the two bytes are the same.

   So a picture arrives as it was sent, and ends where it ended, as long as its last block is
   neither whole (the guest would read on) nor a single byte, and begins otherwise than the next
   picture does. The payload header is made longer by up to three bytes for that. A guest that asks
   for anything but a multiple of a block, QEMU makes ask as ever.
 */
#pragma once

#include <glib.h>

#include "vcam/device.h"

/* FTDI's FT8U232AM. */
#define REDIR_BUFFERED_VENDOR  0x0403
#define REDIR_BUFFERED_PRODUCT 0x6001
/* QEMU throws away above 10,000 of them: 40 MB, which a guest that streams does not leave lying. */
#define REDIR_BUFFERED_BLOCK VCAM_PAYLOAD_UNIT

typedef struct {
    guint8 last[2]; /* what the block began with that ended the last picture */
} RedirBuffered;

/* Of a whole picture, header and all: makes the header as long as it has to be. */
void redir_buffered_fit(RedirBuffered *buffered, struct vcam_payload *payload);
