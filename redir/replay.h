/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A recorded device as something to plug in: it is what the recording says, answers requests as it
   did then, and its endpoints send what they sent then, in the same rhythm, over and over. */
#pragma once

#include "redir/gadget.h"
#include "redir/recorded_device.h"

/* device is borrowed. */
RedirGadget *redir_replay_new(const RedirRecordedDevice *device);
void redir_replay_free(RedirGadget *replay); /* accepts NULL */
