/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PROBE and COMMIT (UVC 1.1, 4.3.1.1): from what a host asks to what the camera can do. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descriptors/desc.h"
#include "vcam/profile.h"

#define VCAM_PROBE_MAX 48

/* The bytes of the structure in that version: 26, 34 or 48 (uvc-rules L1). */
size_t vcam_probe_length(uint16_t bcdUVC);

/* What a host wrote. False unless len is one of the three lengths; all are taken whatever the
   version (uvc-rules M2), fields beyond len become 0. */
bool vcam_probe_read(const uint8_t *bytes, size_t len, struct uvc_probe_commit *ret_asked);
/* As the profile's version has it; returns the bytes written, vcam_probe_length() of them. */
size_t vcam_probe_write(const struct vcam_profile *profile, const struct uvc_probe_commit *probe,
                        uint8_t bytes[VCAM_PROBE_MAX]);

/* The offer's mode nearest to what is asked, and all that follows from it. A format or frame that
   does not exist becomes the default one; dwFrameInterval the nearest of the frame, its default
   where 0. ret_probe may be asked. */
void vcam_negotiate(const struct vcam_profile *profile, const struct uvc_probe_commit *asked,
                    struct uvc_probe_commit *ret_probe);
/* Does it name a format and a frame that there are? */
bool vcam_probe_exists(const struct vcam_profile *profile, const struct uvc_probe_commit *probe);

/* GET_MIN and GET_MAX: probe with the shortest or the longest interval of its frame. */
void vcam_negotiate_shortest(const struct vcam_profile *profile, struct uvc_probe_commit *probe);
void vcam_negotiate_longest(const struct vcam_profile *profile, struct uvc_probe_commit *probe);

/* Of a probe that vcam_negotiate() made. */
struct vcam_mode vcam_probe_mode(const struct vcam_profile *profile,
                                 const struct uvc_probe_commit *probe);
