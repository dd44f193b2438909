/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What --format, --size and --fps leave of a camera. Empty lists leave all. */
#pragma once

#include <glib.h>

#include "vcam/format.h"

struct camera_size {
    uint16_t wWidth, wHeight;
};

struct camera_limit {
    GArray *fourccs;   /* uint32_t */
    GArray *sizes;     /* struct camera_size */
    GArray *intervals; /* uint32_t, 100 ns */
};

void camera_limit_init(struct camera_limit *limit);
void camera_limit_clear(struct camera_limit *limit);
/* Each string is a comma-separated list or NULL. FALSE with G_OPTION_ERROR_BAD_VALUE. */
gboolean camera_limit_parse(struct camera_limit *limit, const char *formats, const char *sizes,
                            const char *rates, GError **error);
/* The part of offer that limit admits; may be empty. */
void camera_limit_narrow(const struct camera_limit *limit, const struct vcam_offer *offer,
                         struct vcam_offer *ret_offer);
/* For a camera that can do any size and rate: the formats of all, in the sizes and at the rates
   that limit names, or those of all where it names none. */
void camera_limit_choose(const struct camera_limit *limit, const struct vcam_offer *all,
                         struct vcam_offer *ret_offer);
