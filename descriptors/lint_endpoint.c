/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Endpoints and their companions: addresses, packet sizes and intervals by type and speed. */
#include "descriptors/lint_priv.h"

enum { CONTROL, ISOCHRONOUS, BULK, INTERRUPT };

static unsigned type_of(const struct usb_endpoint *endpoint)
{
    return endpoint->bmAttributes & 3;
}

static const struct usb_ss_endpoint_companion *companion_of(const struct usb_endpoint *endpoint)
{
    return DESC_CAST(usb_ss_endpoint_companion, endpoint->node.first);
}

uint32_t lint_endpoint_bytes(const struct usb_endpoint *endpoint, enum desc_speed speed)
{
    const struct usb_ss_endpoint_companion *companion = companion_of(endpoint);
    uint32_t size = endpoint->wMaxPacketSize & 0x7ff;

    if (speed == DESC_SPEED_SUPER)
        return companion ? companion->wBytesPerInterval : size;
    return size * (1 + (endpoint->wMaxPacketSize >> 11 & 3));
}

/* ---- Address and attributes ---- */

static void check_address(struct lint *l, const struct usb_endpoint *endpoint)
{
    const struct usb_interface *interface = DESC_CAST(usb_interface, endpoint->node.parent);
    uint8_t address = endpoint->bEndpointAddress;

    if (!(address & 0x0f))
        REPORT(l, EP1, endpoint, bEndpointAddress, FOUND(address));
    if (address & 0x70)
        REPORT(l, K13b, endpoint, bEndpointAddress, EQUAL(address, address & 0x8f));
    if (!interface)
        return;
    /* Alternate settings of one interface share their endpoints; nothing else may. */
    uint16_t *user = &l->configuration.endpoint_user[address];
    uint16_t self = 1 + interface->bInterfaceNumber;
    if (lint_set_add(&l->addresses, address) || (*user && *user != self))
        REPORT(l, K13a, endpoint, bEndpointAddress, FOUND(address));
    *user = self;
}

static void check_attributes(struct lint *l, const struct usb_endpoint *endpoint)
{
    const struct usb_interface *interface = DESC_CAST(usb_interface, endpoint->node.parent);
    uint8_t bits = endpoint->bmAttributes;
    unsigned type = type_of(endpoint);
    bool super = l->configuration.speed == DESC_SPEED_SUPER;

    if (bits & 0xc0)
        REPORT(l, K13b, endpoint, bmAttributes, EQUAL(bits, bits & 0x3f));
    if (type == CONTROL)
        REPORT(l, EP11, endpoint, bmAttributes, FOUND(bits));
    /* USB 3.2 has usage types of interrupt endpoints. */
    if (type != ISOCHRONOUS && (bits & (super && type == INTERRUPT ? 0x0c : 0x3c)))
        REPORT(l, EP14, endpoint, bmAttributes, EQUAL(bits, bits & 0xc3));
    if (type == ISOCHRONOUS && interface && lint_is_video(interface, SC_VIDEOSTREAMING) &&
        (bits & 0x0c) != 0x04)
        REPORT(l, EP13, endpoint, bmAttributes, EQUAL(bits, (bits & ~0x0c) | 0x04));
}

/* ---- Packet size ---- */

static void check_bulk_size(struct lint *l, const struct usb_endpoint *endpoint, unsigned size)
{
    static const unsigned only[] = {[DESC_SPEED_HIGH] = 512, [DESC_SPEED_SUPER] = 1024};
    enum desc_speed speed = l->configuration.speed;

    if (speed >= DESC_SPEED_HIGH) {
        if (size != only[speed])
            REPORT(l, EP2, endpoint, wMaxPacketSize, EQUAL(size, only[speed]));
    } else if (lint_is_full_speed_size(size)) {
        return;
    } else if (speed == DESC_SPEED_FULL) {
        REPORT(l, EP2, endpoint, wMaxPacketSize, TEXT(size, "8, 16, 32 or 64"));
    } else if (size != only[DESC_SPEED_HIGH] && size != only[DESC_SPEED_SUPER]) {
        REPORT(l, EP2, endpoint, wMaxPacketSize, TEXT(size, "8, 16, 32, 64, 512 or 1024"));
    }
}

static void check_periodic_size(struct lint *l, const struct usb_endpoint *endpoint,
                                enum lint_rule rule, unsigned size, unsigned full_speed)
{
    bool full = l->configuration.speed == DESC_SPEED_FULL;
    unsigned largest = full ? full_speed : 1024;
    if (size > largest)
        lint_report(l, rule, &endpoint->node, offsetof(struct usb_endpoint, wMaxPacketSize), 0,
                    AT_MOST(size, largest));
}

/* USB 2.0, table 9-14: with one or two transactions more, packets have a least size. */
static void check_transactions(struct lint *l, const struct usb_endpoint *endpoint)
{
    static const unsigned least[] = {0, 513, 683, 0};
    unsigned more = endpoint->wMaxPacketSize >> 11 & 3, size = endpoint->wMaxPacketSize & 0x7ff;
    unsigned type = type_of(endpoint);
    enum desc_speed speed = l->configuration.speed;
    bool none =
        speed == DESC_SPEED_SUPER || speed == DESC_SPEED_FULL || type == BULK || type == CONTROL;

    if (endpoint->wMaxPacketSize & 0xe000)
        REPORT(l, EP7, endpoint, wMaxPacketSize,
               EQUAL(endpoint->wMaxPacketSize, endpoint->wMaxPacketSize & 0x1fff));
    if (more && none)
        REPORT(l, EP5, endpoint, wMaxPacketSize,
               EQUAL(endpoint->wMaxPacketSize, endpoint->wMaxPacketSize & 0xe7ff));
    else if (more == 3)
        REPORT(l, EP6, endpoint, wMaxPacketSize, FOUND(endpoint->wMaxPacketSize));
    else if (size && size < least[more])
        REPORT(l, EP8, endpoint, wMaxPacketSize, AT_LEAST(size, least[more]));
}

static void check_size(struct lint *l, const struct usb_endpoint *endpoint)
{
    const struct usb_interface *interface = DESC_CAST(usb_interface, endpoint->node.parent);
    unsigned size = endpoint->wMaxPacketSize & 0x7ff, type = type_of(endpoint);
    bool default_setting = interface && interface->bAlternateSetting == 0;

    if (!size) {
        /* USB 2.0, 5.6.3: how an isochronous endpoint of alternate setting 0 has to be. */
        if (type != ISOCHRONOUS || !default_setting)
            REPORT(l, EP9, endpoint, wMaxPacketSize, AT_LEAST(0, 1));
    } else if (type == ISOCHRONOUS) {
        check_periodic_size(l, endpoint, LINT_EP3, size, 1023);
        if (default_setting)
            REPORT(l, EP12, endpoint, wMaxPacketSize, EQUAL(endpoint->wMaxPacketSize, 0));
    } else if (type == INTERRUPT) {
        check_periodic_size(l, endpoint, LINT_EP4, size, 64);
    } else if (type == BULK) {
        check_bulk_size(l, endpoint, size);
    }
    check_transactions(l, endpoint);
}

/* ---- Interval ---- */

/* USB 2.0, table 9-13: 2 to the power bInterval - 1, but frames for an interrupt at full speed. */
static void check_interval(struct lint *l, const struct usb_endpoint *endpoint)
{
    enum desc_speed speed = l->configuration.speed;
    unsigned type = type_of(endpoint), interval = endpoint->bInterval;
    unsigned largest = type == ISOCHRONOUS || speed > DESC_SPEED_FULL ? 16 : 255;

    if (type != ISOCHRONOUS && type != INTERRUPT)
        return;
    if (interval < 1 || interval > largest)
        REPORT(l, EP10, endpoint, bInterval, RANGE(interval, 1, largest));
}

static void check_status(struct lint *l, const struct usb_endpoint *endpoint)
{
    const struct usb_interface *interface = DESC_CAST(usb_interface, endpoint->node.parent);
    if (!interface || !lint_is_video(interface, SC_VIDEOCONTROL))
        return;
    if (type_of(endpoint) != INTERRUPT || !(endpoint->bEndpointAddress & 0x80)) {
        REPORT(l, IF5, endpoint, bEndpointAddress, FOUND(endpoint->bEndpointAddress));
        return;
    }
    /* Powers of two of 125 us: 2 to the 12th is the first above 500 ms. */
    if (l->configuration.speed > DESC_SPEED_FULL && endpoint->bInterval > 12)
        REPORT(l, EP15, endpoint, bInterval, AT_MOST(endpoint->bInterval, 12));
    DESC_FOREACH(child, endpoint->arrOtherDescs)
    if (child->type->kind == DESC_KIND_uvc_cs_interrupt_endpoint)
        return;
    REPORT_NODE(l, EP16, &endpoint->node, NOTHING);
}

void lint_endpoint(struct lint *l, const struct desc_node *node)
{
    const struct usb_endpoint *endpoint = (const struct usb_endpoint *)node;

    if (node->present < node->type->n_wire)
        return; /* LEN5 */
    check_address(l, endpoint);
    check_attributes(l, endpoint);
    check_size(l, endpoint);
    check_interval(l, endpoint);
    check_status(l, endpoint);
    if (l->configuration.speed == DESC_SPEED_SUPER && !companion_of(endpoint))
        REPORT_NODE(l, SS1, node, NOTHING);
}

/* ---- Companions ---- */

static void check_burst(struct lint *l, const struct usb_ss_endpoint_companion *c,
                        const struct usb_endpoint *endpoint)
{
    unsigned type = type_of(endpoint), size = endpoint->wMaxPacketSize & 0x7ff;
    unsigned mult = type == ISOCHRONOUS ? c->bmAttributes & 3 : 0;
    uint32_t largest = size * (1u + c->bMaxBurst) * (1 + mult);

    if (c->bMaxBurst && c->bMaxBurst <= 15 && size != 1024 && type != CONTROL)
        REPORT(l, SS4, c, bMaxBurst, EQUAL(c->bMaxBurst, 0));
    if (type == BULK || type == CONTROL) {
        if (c->wBytesPerInterval)
            REPORT(l, SS5, c, wBytesPerInterval, EQUAL(c->wBytesPerInterval, 0));
    } else if (c->wBytesPerInterval > largest) {
        REPORT(l, SS6, c, wBytesPerInterval, AT_MOST(c->wBytesPerInterval, largest));
    } else if (!c->wBytesPerInterval && size) {
        REPORT(l, SS10, c, wBytesPerInterval, AT_LEAST(0, 1));
    }
}

static void check_companion_attributes(struct lint *l, const struct usb_ss_endpoint_companion *c,
                                       unsigned type)
{
    /* Of bulk: MaxStreams; of isochronous: Mult, and SuperSpeedPlus. */
    static const uint8_t defined[] = {
        [CONTROL] = 0, [ISOCHRONOUS] = 0x83, [BULK] = 0x1f, [INTERRUPT] = 0};
    uint8_t bits = c->bmAttributes;

    if (bits & ~defined[type])
        REPORT(l, SS9, c, bmAttributes, EQUAL(bits, bits & defined[type]));
    if (type == ISOCHRONOUS && (bits & 3) == 3)
        REPORT(l, SS7, c, bmAttributes, FOUND(bits));
    if (type == BULK && (bits & 0x1f) > 16)
        REPORT(l, SS8, c, bmAttributes, AT_MOST(bits, 16));
}

void lint_companion(struct lint *l, const struct desc_node *node)
{
    const struct usb_ss_endpoint_companion *c = (const struct usb_ss_endpoint_companion *)node;
    const struct usb_endpoint *endpoint = DESC_CAST(usb_endpoint, node->parent);
    enum desc_speed speed = l->configuration.speed;

    if (speed == DESC_SPEED_HIGH || speed == DESC_SPEED_FULL)
        REPORT_NODE(l, SS2, node, NOTHING);
    if (!endpoint)
        return; /* PLACE9 */
    if (endpoint->node.first != node)
        REPORT_NODE(l, PLACE9, node, NOTHING);
    if (node->present < node->type->n_wire)
        return; /* K13c */
    check_companion_attributes(l, c, type_of(endpoint));
    if (speed == DESC_SPEED_SUPER)
        check_burst(l, c, endpoint);
}

void lint_iso_companion(struct lint *l, const struct desc_node *node)
{
    const struct usb_ssp_iso_endpoint_companion *c =
        (const struct usb_ssp_iso_endpoint_companion *)node;

    if (node->present < node->type->n_wire)
        return; /* K13c */
    if (c->wReserved)
        REPORT(l, SS11, c, wReserved, EQUAL(c->wReserved, 0));
    if (c->dwBytesPerInterval <= 48 * 1024)
        REPORT(l, SS12, c, dwBytesPerInterval, AT_LEAST(c->dwBytesPerInterval, 48 * 1024 + 1));
}
