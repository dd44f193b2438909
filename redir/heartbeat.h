/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When to say again what the camera is. After a pause of the VM a SPICE server keeps what it has
   queued until one more message comes, so a guest that owes us an answer may have got nothing of
   what we sent. Said again, interface_info changes nothing; the longer the silence the rarer, for
   the server queues 128 messages and then reads none. */
#pragma once

#include <glib.h>

typedef struct {
    guint64 heard; /* bytes in, at heard_us */
    gint64 heard_us, beat_us;
} RedirHeartbeat;

#define REDIR_HEARTBEAT_US    (900 * 1000) /* about a second, asked by a timer of a second */
#define REDIR_HEARTBEAT_SHARE 10           /* part of the silence so far, where that is longer */

/* To be asked once a second. bytes_in: of the stream so far; owed: the VM has still to answer;
   idle: nothing of ours waits before the transport, else a beat would be one more. TRUE: beat now.
 */
gboolean redir_heartbeat(RedirHeartbeat *heartbeat, guint64 bytes_in, gboolean owed, gboolean idle,
                         gint64 now_us);
