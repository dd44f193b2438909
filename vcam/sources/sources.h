/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cameras there are: one constructor a source, and what goes with one source alone.

   Constructors return NULL with errno set, and then say in ret_error, in one line for people, what
   is wrong, with what, and what to do. Everything here belongs to the main loop's thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcam/format.h"
#include "vcam/source.h"

#define VCAM_ERROR_LEN 256

/* --- pattern ---------------------------------------------------------------------------------

   Colour bars with a moving box, a label for people (size, format, frame number) and, in the top
   rows, black and white blocks for machines: frame number, capture time and a checksum. A frame's
   bytes depend on (mode, number, capture_us, controls) alone. Controls: brightness, contrast,
   saturation. */

/* offer: what it shall offer, copied; NULL: YUY2 and MJPEG, nine sizes from 160x120 to 1920x1080
   (640x480 first) at 60, 30, 20, 15, 10 and 5 fps. EINVAL: the offer has another format than MJPEG,
   YUY2, NV12, I420, YV12, UYVY and GREY, or a size that is odd, below 64x48 or beyond 4096 pixels.
   ENOMEM. */
struct vcam_source *vcam_source_pattern_new(const struct vcam_offer *offer);

/* Reads the blocks back. luma points to the first luma sample, step bytes lie between one and the
   next (YUY2: 2, planar: 1), pitch between one row and the next. width and height: of the whole
   picture. False where the checksum does not agree: damaged, or not our pattern. */
bool vcam_pattern_read(const uint8_t *luma, unsigned step, size_t pitch, unsigned width,
                       unsigned height, uint64_t *ret_number, int64_t *ret_capture_us);
/* The same for the bytes of a frame in YUY2, NV12, I420 or MJPEG (which is decoded). */
bool vcam_pattern_read_frame(const struct vcam_mode *mode, const uint8_t *data, size_t size,
                             uint64_t *ret_number, int64_t *ret_capture_us);

/* --- file ------------------------------------------------------------------------------------

   A JPEG or PNG still, or a stream of JPEGs (.mjpeg, .mjpg, or any name where one picture follows
   the other), shown in a loop. MJPEG and YUY2 at 60, 30, 20, 15, 10 and 5 fps, in the picture's own
   size where it can be: an odd last column or row is cut off, a still of more than 4096x2160 pixels
   is scaled down. Baseline JPEGs of even size are passed on byte for byte. */
struct vcam_source *vcam_source_file_new(const char *path, char ret_error[VCAM_ERROR_LEN]);

/* --- v4l2 ------------------------------------------------------------------------------------

   A capture device of Linux. Offers every format, size and interval of the device that UVC can
   carry, and those of its controls that UVC knows. The frames are the driver's own buffers.
   The device is open between start() and stop() alone (and briefly for the constructor and for
   controls). Pulled out or taken by another program while it streams, it reports GONE, looks for
   the camera once a second, also under another number, and reports BACK.

   path: a device node. ENOENT, EACCES, ENODEV (gone), ENOTTY (not a capture device that streams),
   ENOTSUP (has no format that UVC can carry), ENOMEM. */
struct vcam_source *vcam_source_v4l2_new(const char *path, char ret_error[VCAM_ERROR_LEN]);

struct vcam_v4l2_device {
    char path[64];                        /* "/dev/video0" */
    char name[64];                        /* "" where it could not be opened */
    char driver[32], bus[64], serial[64]; /* each "" where unknown */
    int error;              /* 0; -EBUSY: another program streams now; -EACCES: no permission */
    unsigned other_formats; /* that the device has and UVC cannot carry */
    struct vcam_offer offer;
    struct vcam_control_list controls;
};

/* Calls func for each capture device of the machine, by number. Nodes that are no cameras
   (metadata, output, codecs) are passed over. Returns how many, or a negative errno. */
int vcam_v4l2_list(void (*func)(void *user, const struct vcam_v4l2_device *device), void *user);

/* --- wrappers --------------------------------------------------------------------------------

   Each takes inner over and frees it with itself; where it cannot be made (NULL, ENOMEM) inner
   stays the caller's. inner's sink becomes the wrapper's business. */

/* Offers MJPEG too where inner has raw pictures alone, and YUY2 where it has no YUY2. What inner
   has itself passes untouched. */
struct vcam_source *vcam_source_convert_new(struct vcam_source *inner);

/* While inner cannot start, is gone, or gives nothing for a second, shows a picture that says so,
   and the real ones as soon as they come. start() fails only where trying again cannot help
   (-EINVAL, -ENOMEM). Not for H.264 and H.265, of which there is no such picture. */
struct vcam_source *vcam_source_placeholder_new(struct vcam_source *inner);

/* Whether the owner of the camera lets the guest look. */
enum vcam_permission {
    VCAM_ALLOWED, /* as a placeholder begins */
    VCAM_AWAITED,
    VCAM_REFUSED,
};
/* Unless it is allowed, inner is off (at once, when this returns) and the picture says which of the
   two it is. May be called whether started or not. placeholder: as made above. */
void vcam_source_placeholder_permit(struct vcam_source *placeholder,
                                    enum vcam_permission permission, int64_t now_us);
