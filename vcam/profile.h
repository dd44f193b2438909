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

/* What vcam_profile_new() gives the one camera function. */
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

/* Where the parts of the camera function are, as its configuration descriptor says. */
#define VCAM_MAX_INTERFACES 32
#define VCAM_MAX_ALTERNATES 32
struct vcam_layout {
    uint8_t bConfigurationValue;
    bool self_powered;
    uint8_t n_interfaces; /* each once, of any class */
    struct {
        uint8_t bInterfaceNumber, bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol;
    } interfaces[VCAM_MAX_INTERFACES];
    uint8_t vc_interface, vs_interface;                      /* numbers */
    uint8_t n_streaming;                                     /* 2: there is a second such one */
    uint8_t camera_terminal, processing_unit, selector_unit; /* ids; 0: none */
    uint32_t entities[8];                                    /* bit = id: all that there are */
    struct vcam_endpoint status;                             /* bEndpointAddress 0: none */
    uint8_t n_alternates;                                    /* of vs_interface */
    struct vcam_endpoint streams[VCAM_MAX_ALTERNATES];       /* of each; bEndpointAddress 0: none */
};

struct desc_tree;
struct vcam_profile;

/* NULL with errno: EINVAL where nothing of the offer fits the link (say so to the user), ENOMEM.
   Modes that the link cannot carry or that do not fit into 4096 bytes are left out; *ret_left_out
   (may be NULL) counts them. */
struct vcam_profile *vcam_profile_new(const struct vcam_offer *offer,
                                      const struct vcam_control_list *controls,
                                      const struct vcam_profile_options *options,
                                      unsigned *ret_left_out);
/* A profile whose descriptors are those of a tree: a device with one configuration of one camera
   function, and what else a document of descriptors/json.h has. Its formats and frames are what
   hosts negotiate; of streaming interfaces there may be two. controls:
   those of the camera; the ones that the tree does not declare are left out. speed: NULL tells it
   from the tree. NULL with errno, for EINVAL *ret_why says why. */
struct vcam_profile *vcam_profile_new_from_tree(struct desc_tree *tree,
                                                const struct vcam_control_list *controls,
                                                const enum vcam_speed *speed, const char **ret_why);
void vcam_profile_free(struct vcam_profile *profile); /* accepts NULL */

/* Hosts cannot choose any more what `available` has not (by format and size), though its
   descriptors stay. A streaming interface of which nothing would remain keeps all to be negotiated,
   since hosts want that before they take a device, and starts no stream. Returns the formats and
   sizes left. */
unsigned vcam_profile_restrict(struct vcam_profile *profile, const struct vcam_offer *available);

const struct vcam_profile_options *vcam_profile_options(const struct vcam_profile *profile);
const struct vcam_control_list *vcam_profile_controls(const struct vcam_profile *profile);
const struct vcam_layout *vcam_profile_layout(const struct vcam_profile *profile);
/* The offer that remains: formats[bFormatIndex - 1].sizes[bFrameIndex - 1]. One made of a tree may
   have formats without sizes and sizes without intervals, which no host can have. */
const struct vcam_offer *vcam_profile_offer(const struct vcam_profile *profile);
/* The second streaming interface: its offer, layout (of the same device) and options. NULL: none.
 */
const struct vcam_profile *vcam_profile_side(const struct vcam_profile *profile);

/* The bytes of a descriptor (USB 2.0, 9.4.3): type and index as in wValue. Valid as long as the
   profile. NULL: the device has none, stall. */
const uint8_t *vcam_profile_descriptor(const struct vcam_profile *profile, uint8_t bDescriptorType,
                                       uint8_t index, uint16_t wIndex_langid, size_t *ret_len);

/* Endpoints as the host sees them with that alternate setting of the VS interface selected. Returns
   the count, at most 2. */
unsigned vcam_profile_alternates(const struct vcam_profile *profile); /* of the VS interface */
unsigned vcam_profile_endpoints(const struct vcam_profile *profile, uint8_t bAlternateSetting,
                                struct vcam_endpoint ret_endpoints[2]);
