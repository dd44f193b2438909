/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ties a source, which has no main loop, to GLib's. */
#pragma once

#include <glib.h>

#include "vcam/source.h"

struct source_loop;

/* Polls and dispatches source in the default main context from now on. Does not own it. */
struct source_loop *source_loop_new(struct vcam_source *source);
/* After anything that may have changed what the source waits for (start, stop). */
void source_loop_wake(struct source_loop *loop);
void source_loop_free(struct source_loop *loop); /* accepts NULL */
