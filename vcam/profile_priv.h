/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a profile, which profile.c keeps and profile_config.c and profile_device.c fill. */
#pragma once

#include <sys/types.h>

#include "vcam/link.h"
#include "vcam/profile.h"

/* Indexes of the string descriptors; 0 holds the language. */
enum { STRING_LANGID, STRING_MANUFACTURER, STRING_PRODUCT, STRING_SERIAL, STRING_COUNT };

#define VCAM_LANGID        0x0409 /* English (United States), the one that all hosts ask for */
#define VCAM_STATUS_PACKET 16     /* UVC 1.1, 3.8.2.1: wMaxPacketSize */

/* bmAttributes */
enum {
    VCAM_ENDPOINT_ISO = 1, /* bits 1:0 alone */
    VCAM_ENDPOINT_BULK = 2,
    VCAM_ENDPOINT_INTERRUPT = 3,
    VCAM_ENDPOINT_ISO_ASYNC = 5,
};

struct vcam_profile {
    struct vcam_profile_options options; /* its strings are ours */
    struct vcam_control_list controls;
    struct vcam_offer offer;
    struct vcam_layout layout;
    struct vcam_profile *side; /* of the second streaming interface, without descriptors */
    bool is_silent;            /* nothing of the offer has pictures */
    uint16_t langid;
    struct descriptor {
        uint8_t *bytes;
        size_t len; /* 0: none */
    } device, qualifier, configuration, other_speed, bos, strings[256];
};

/* layout.c: from the node of a configuration, derived or parsed, with the nth (from 0) of its
   streaming interfaces. 0, or -EINVAL with *ret_why. */
int vcam_layout_read(const void *configuration, bool is_super, unsigned nth,
                     struct vcam_layout *ret_layout, const char **ret_why);
/* The largest packet of the streaming interface. */
uint32_t vcam_layout_largest_packet(const struct vcam_layout *layout);

/* A configuration for that speed and offer as bytes, whatever their number (at most 65535), or
   -ENOMEM. bDescriptorType: CONFIGURATION or OTHER_SPEED_CONFIGURATION. */
ssize_t vcam_profile_pack_configuration(const struct vcam_profile *profile, enum vcam_speed speed,
                                        const struct vcam_offer *offer, uint8_t bDescriptorType,
                                        uint8_t *buf, size_t size);
/* The others, into their places in profile. 0 or -ENOMEM. */
int vcam_profile_make_device(struct vcam_profile *profile);
int vcam_profile_make_qualifier(struct vcam_profile *profile);
int vcam_profile_make_bos(struct vcam_profile *profile);
int vcam_profile_make_string(struct vcam_profile *profile, unsigned index, const char *utf8);

/* profile_select.c: the part of the offer that the link carries, formats in the table's order. */
void vcam_offer_select(const struct vcam_offer *offer, enum vcam_speed speed,
                       enum vcam_transfer transfer, struct vcam_offer *ret_offer);
/* Leaves out what is missed least, so that a configuration becomes excess bytes shorter, or at
   least not longer than that needs. False: nothing is left that could go. */
bool vcam_offer_shrink(struct vcam_offer *offer, size_t excess);
unsigned vcam_offer_count(const struct vcam_offer *offer); /* modes */

/* As other descriptors name it: 0 where there is no such string. */
uint8_t vcam_string_index(const struct vcam_profile *profile, unsigned index);

/* What a host that asks for none gets: the nearest to 30 fps. */
uint32_t vcam_default_interval(const struct vcam_size_offer *size);

/* Does any control of the list belong to the camera terminal, or to the processing unit? */
bool vcam_controls_of(const struct vcam_control_list *controls, bool is_camera_terminal);
