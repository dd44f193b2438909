/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a camera offers to the descriptors that a guest reads, and back from a guest's
   bFormatIndex and bFrameIndex to a mode. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vcam/control.h"
#include "vcam/format.h"

enum vcam_speed { VCAM_SPEED_FULL, VCAM_SPEED_HIGH, VCAM_SPEED_SUPER };
enum vcam_transfer { VCAM_TRANSFER_BULK, VCAM_TRANSFER_ISO };

/* Fixed addresses of the one camera function. */
#define VCAM_VC_INTERFACE    0
#define VCAM_VS_INTERFACE    1
#define VCAM_STREAM_ENDPOINT 0x81
#define VCAM_STATUS_ENDPOINT 0x82
#define VCAM_CT_ID           1 /* camera terminal */
#define VCAM_PU_ID           2 /* processing unit */
#define VCAM_OT_ID           3 /* output terminal */

/* A configuration of more bytes than this cannot be read through QEMU's usb-redir. */
#define VCAM_MAX_CONFIGURATION 4096

struct vcam_profile_options {
    enum vcam_speed speed;
    enum vcam_transfer transfer;
    uint16_t idVendor, idProduct, bcdDevice;
    uint16_t bcdUVC; /* 0x0100, 0x0110 (default where 0) or 0x0150: sizes of PROBE/COMMIT */
    const char *manufacturer; /* UTF-8, at most 126 UTF-16 units each; copied */
    const char *product;
    const char *serial;
};

/* One endpoint of one alternate setting, as usbredir's ep_info wants it. */
struct vcam_endpoint {
    uint8_t bEndpointAddress;
    uint8_t type; /* bmAttributes 1:0 */
    uint8_t bInterfaceNumber;
    uint8_t bInterval;
    uint32_t max_packet_size; /* bytes in one (micro)frame, multipliers and bursts included */
};

struct vcam_profile;

/* NULL with errno: EINVAL where nothing of the offer fits the link (say so to the user), ENOMEM.
   Modes that the link cannot carry or that do not fit into 4096 bytes are left out; *ret_left_out
   (may be NULL) counts them. */
struct vcam_profile *vcam_profile_new(const struct vcam_offer *offer,
                                      const struct vcam_control_list *controls,
                                      const struct vcam_profile_options *options,
                                      unsigned *ret_left_out);
void vcam_profile_free(struct vcam_profile *profile); /* accepts NULL */

const struct vcam_profile_options *vcam_profile_options(const struct vcam_profile *profile);
const struct vcam_control_list *vcam_profile_controls(const struct vcam_profile *profile);
/* The offer that remains: formats[bFormatIndex - 1].sizes[bFrameIndex - 1]. */
const struct vcam_offer *vcam_profile_offer(const struct vcam_profile *profile);

/* The bytes of a descriptor (USB 2.0, 9.4.3): type and index as in wValue. Valid as long as the
   profile. NULL: the device has none, stall. */
const uint8_t *vcam_profile_descriptor(const struct vcam_profile *profile, uint8_t bDescriptorType,
                                       uint8_t index, uint16_t wIndex_langid, size_t *ret_len);

/* Interfaces and endpoints as the host sees them with that alternate setting of the VS interface
   selected. Returns the count, at most 2. */
unsigned vcam_profile_alternates(const struct vcam_profile *profile); /* of the VS interface */
unsigned vcam_profile_endpoints(const struct vcam_profile *profile, uint8_t bAlternateSetting,
                                struct vcam_endpoint ret_endpoints[2]);
