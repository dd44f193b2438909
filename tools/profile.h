/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The USB device that a camera becomes, as 'share' presents it and 'describe' shows it. */
#pragma once

#include <glib.h>

#include "vcam/profile.h"
#include "vcam/source.h"

/* How the pictures go over: by bulk as the guest asks for it, by bulk that QEMU buffers
   (redir/buffered.h), by iso, or by what does best at the distance of the VM. */
enum transfer_way { WAY_BULK, WAY_BUFFERED, WAY_ISO, WAY_AUTO };

struct profile_wish {
    enum vcam_speed speed;
    gboolean has_speed; /* it was said, and is not the default */
    enum transfer_way way;
    enum vcam_transfer transfer; /* by it; bulk where it is auto */
    const char *name;            /* NULL: the camera's own */
    const char *serial;          /* NULL: the camera's own, or one made of its name and address */
    const char *address;         /* where the camera goes */
};

/* By --speed and --transfer; each may be NULL, which leaves the default (high, auto). Checks name
   and serial, which are the caller's. FALSE with G_OPTION_ERROR_BAD_VALUE. */
gboolean profile_wish_parse(struct profile_wish *wish, const char *speed, const char *transfer,
                            GError **error);

/* What does best where an answer takes so long to come (0: not known); never auto. */
enum transfer_way way_for(gint64 round_trip_us, enum vcam_speed speed, gboolean can_buffer);
const char *way_name(enum transfer_way way);

/* NULL: *ret_error says why. *ret_left_out (may be NULL): modes that the link cannot carry. */
struct vcam_profile *camera_profile(const struct vcam_source *source,
                                    const struct vcam_offer *offer, const struct profile_wish *wish,
                                    unsigned *ret_left_out, GError **error);
