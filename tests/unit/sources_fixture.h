/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the sources' tests share: a sink that keeps what it is given, a source that does as it is
   told, and pictures to feed them with. */
#pragma once

#include <glib.h>

#include "vcam/sources/sources.h"

/* --- a sink --- */

struct event_seen {
    enum vcam_source_event event;
    int detail;
};

struct catcher {
    GPtrArray *frames; /* of struct vcam_frame, one reference each */
    GArray *events;    /* of struct event_seen */
};

struct catcher *catcher_new(struct vcam_source *source); /* becomes its sink */
void catcher_free(struct catcher *catcher);
void catcher_clear(struct catcher *catcher);
struct vcam_frame *catcher_last(struct catcher *catcher); /* asserts that there is one */

/* --- a camera for the wrappers --- */

struct toy {
    struct vcam_source source;
    int start_result;
    gboolean started;
    guint starts;
    struct vcam_mode mode; /* that it was started in */
    int32_t brightness;
};

/* With a brightness control, -10 to 10. n_modes: what it offers. */
struct toy *toy_new(const struct vcam_mode *modes, gsize n_modes);
/* Hands a frame with a copy of data to the sink. Returns its address, for comparing alone. */
gconstpointer toy_push(struct toy *toy, gconstpointer data, gsize size, uint64_t number);
void toy_tell(struct toy *toy, enum vcam_source_event event, int detail);

/* --- pictures --- */

/* A smooth picture, YUY2 in limited range. */
guint8 *smooth_yuy2(guint width, guint height);
/* The same as JPEG, by TurboJPEG: an encoder that is not ours. subsampling: TJSAMP_... */
guint8 *foreign_jpeg(guint width, guint height, int subsampling, int flags, gsize *ret_size);
/* The largest difference between two pictures, byte by byte. */
guint largest_difference(const guint8 *a, const guint8 *b, gsize size);

/* --- the log --- */

/* What was logged since the last call; "" where nothing was. Begins to listen at the first call. */
char *log_taken(void);
