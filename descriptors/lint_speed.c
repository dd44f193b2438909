/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The speed that a device runs at, where nobody said it: what only one speed can have is counted
   over the whole tree, so that one wrong field does not outvote all the right ones. */
#include "descriptors/lint_priv.h"

struct votes {
    unsigned full, high;
    unsigned with, without; /* endpoints that have a companion, and that do not */
};

/* The only speed that has such an endpoint: USB 2.0, 5.6.3, 5.7.3, 5.8.3 and table 9-13. */
static enum desc_speed speed_of_endpoint(const struct usb_endpoint *endpoint)
{
    unsigned size = endpoint->wMaxPacketSize & 0x7ff, type = endpoint->bmAttributes & 3;
    bool several = endpoint->wMaxPacketSize & 0x1800;

    if (type == 2 && lint_is_full_speed_size(size))
        return DESC_SPEED_FULL;
    if (type == 2 && size >= 512)
        return DESC_SPEED_HIGH;
    if ((type == 1 && (several || size > 1023)) || (type == 3 && (several || size > 64)))
        return DESC_SPEED_HIGH;
    return type == 3 && endpoint->bInterval > 16 ? DESC_SPEED_FULL : DESC_SPEED_UNKNOWN;
}

static enum desc_speed other_speed(enum desc_speed speed)
{
    return speed == DESC_SPEED_HIGH   ? DESC_SPEED_FULL
           : speed == DESC_SPEED_FULL ? DESC_SPEED_HIGH
                                      : DESC_SPEED_UNKNOWN;
}

static bool is_other_speed(const struct desc_node *node)
{
    while (node && node->type->group != DESC_GROUP_CONFIGURATION)
        node = node->parent;
    return node && node->type->kind == DESC_KIND_usb_other_speed_configuration;
}

static void vote(struct votes *votes, enum desc_speed speed)
{
    votes->full += speed == DESC_SPEED_FULL;
    votes->high += speed == DESC_SPEED_HIGH;
}

static void count_endpoints(struct votes *votes, const struct desc_node *top)
{
    for (const struct desc_node *node = top; node; node = desc_next(node, top)) {
        const struct usb_endpoint *endpoint = DESC_CAST(usb_endpoint, node);
        if (!endpoint)
            continue;
        if (DESC_CAST(usb_ss_endpoint_companion, node->first))
            votes->with++;
        else
            votes->without++;
        enum desc_speed speed = speed_of_endpoint(endpoint);
        vote(votes, is_other_speed(node) ? other_speed(speed) : speed);
    }
}

/* High speed has 64 alone. That there is a qualifier says nothing: a device that can run at high
   speed has one at full speed too (USB 2.0, 9.6.2), and then it is of the other. */
static void count_packet_size_0(struct votes *votes, const struct lint *l)
{
    const struct vcam_dev_descriptor *device = l->device;
    const struct usb_device_qualifier *qualifier = l->qualifier;

    votes->full +=
        device && device->bMaxPacketSize0 < 64 && lint_is_full_speed_size(device->bMaxPacketSize0);
    votes->high += qualifier && qualifier->bMaxPacketSize0 < 64 &&
                   lint_is_full_speed_size(qualifier->bMaxPacketSize0);
}

static enum desc_speed speed_of(const struct lint *l)
{
    struct votes votes = {0};

    if (l->device && l->device->bcdUSB >= 0x0300)
        return DESC_SPEED_SUPER;
    if (l->device && l->device->bcdUSB < 0x0200)
        return DESC_SPEED_FULL;
    count_endpoints(&votes, l->top);
    count_packet_size_0(&votes, l);
    /* Some high-speed cameras have companions, at a few endpoints. */
    if (votes.with > votes.without)
        return l->device ? DESC_SPEED_HIGH : DESC_SPEED_SUPER;
    if (!votes.full && !votes.high)
        return DESC_SPEED_UNKNOWN;
    return votes.full > votes.high ? DESC_SPEED_FULL : DESC_SPEED_HIGH;
}

enum desc_speed lint_speed(const struct lint *l)
{
    return l->options->speed != DESC_SPEED_UNKNOWN ? l->options->speed : speed_of(l);
}

enum desc_speed lint_speed_of(const struct lint *l, const struct desc_node *node)
{
    return is_other_speed(node) ? other_speed(l->speed) : l->speed;
}
