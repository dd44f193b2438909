/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --trace: one JSON line for each thing that happens to a frame, so that what a guest received can
   be compared with what was sent, and delays can be found. */
#pragma once

#include <glib.h>

#include "vcam/device.h"

struct trace;

/* path "-" is standard output. */
struct trace *trace_open(const char *path, GError **error);
/* Writes at once. When writing fails (a full disk), says so once and writes no more. */
void trace_frame(struct trace *trace, const struct vcam_frame *frame, enum vcam_frame_event event,
                 gint64 now_us);
/* TRUE where all of it was written, and for NULL. */
gboolean trace_close(struct trace *trace);
