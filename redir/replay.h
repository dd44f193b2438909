/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recorded device as something to plug in: it is what the recording says, answers requests as it
   did then, and its endpoints send what they sent then, in the same rhythm, over and over. */
#pragma once

#include "redir/gadget.h"
#include "redir/recorded_device.h"

/* What it was to send is not in the file any more, or cannot be read: from then on nothing is
   played. Told once, from an idle source. */
typedef void (*RedirReplayFailed)(gpointer user, const GError *error);

/* device is borrowed. failed may be NULL. */
RedirGadget *redir_replay_new(const RedirRecordedDevice *device, RedirReplayFailed failed,
                              gpointer user);
void redir_replay_free(RedirGadget *replay); /* accepts NULL */
