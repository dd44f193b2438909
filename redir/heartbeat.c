/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The heartbeat's schedule. */
#include "redir/heartbeat.h"

gboolean redir_heartbeat(RedirHeartbeat *heartbeat, guint64 bytes_in, gboolean owed, gboolean idle,
                         gint64 now_us)
{
    if (bytes_in != heartbeat->heard || !owed) {
        *heartbeat = (RedirHeartbeat){bytes_in, now_us, now_us};
        return FALSE;
    }
    gint64 silence_us = now_us - heartbeat->heard_us;
    gint64 pause_us = MAX(REDIR_HEARTBEAT_US, silence_us / REDIR_HEARTBEAT_SHARE);
    if (!idle || now_us - heartbeat->beat_us < pause_us)
        return FALSE;
    heartbeat->beat_us = now_us;
    return TRUE;
}
