/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The live line below the messages: what is connected, what streams, how well. */
#pragma once

#include <glib.h>

#include "redir/host.h"
#include "vcam/device.h"

struct status {
    gint64 sampled_us;
    guint64 frames_sent, bytes_sent; /* at that time */
};

/* The line for now; link says how the connection is ("connected to unix:/tmp/cam.sock").
   Rates are those since the call before. */
char *status_line(struct status *status, const char *camera, const char *link,
                  const struct vcam_device_state *state, gint64 now_us);
/* "YUY2 640x480 30 fps" */
char *status_mode(const struct vcam_mode *mode);
/* "connected to unix:/tmp/cam.sock" */
char *status_link(RedirHostState state, const char *address);
/* Before host has told a state. */
char *status_begin(const RedirHostOptions *host);
