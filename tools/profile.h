/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The USB device that a camera becomes, as 'share' presents it and 'describe' shows it. */
#pragma once

#include <glib.h>

#include "vcam/profile.h"
#include "vcam/source.h"

struct profile_wish {
    enum vcam_speed speed;
    gboolean has_speed; /* it was said, and is not the default */
    enum vcam_transfer transfer;
    gboolean either;     /* as auto: iso where transfer_for() says so */
    const char *name;    /* NULL: the camera's own */
    const char *serial;  /* NULL: the camera's own, or one made of its name and address */
    const char *address; /* where the camera goes */
};

/* By --speed and --transfer; each may be NULL, which leaves the default (high; auto, with bulk for
   transfer). Checks name and serial, which are the caller's. FALSE with G_OPTION_ERROR_BAD_VALUE.
 */
gboolean profile_wish_parse(struct profile_wish *wish, const char *speed, const char *transfer,
                            GError **error);

/* What does best where an answer takes so long to come; 0: not known. */
enum vcam_transfer transfer_for(gint64 round_trip_us, enum vcam_speed speed);

/* NULL: *ret_error says why. *ret_left_out (may be NULL): modes that the link cannot carry. */
struct vcam_profile *camera_profile(const struct vcam_source *source,
                                    const struct vcam_offer *offer, const struct profile_wish *wish,
                                    unsigned *ret_left_out, GError **error);
