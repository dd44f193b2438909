/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a configuration consists of, gathered before its nodes are looked at one by one: its
   interfaces by number, their endpoints and headers. */
#include "descriptors/lint_priv.h"

/* ---- Interfaces ---- */

/* Remembered, so that the next configuration clears what this one used and no more. */
static struct lint_interface *touch(struct lint_configuration *c, uint8_t number)
{
    if (!lint_set_add(&c->touched, number))
        c->used[c->n_used++] = number;
    return &c->interfaces[number];
}

static void clear(struct lint_configuration *c)
{
    for (unsigned i = 0; i < c->n_used; i++)
        memset(&c->interfaces[c->used[i]], 0, sizeof(c->interfaces[0]));
    c->touched = (struct lint_set){0};
    c->n_used = c->n_interfaces = 0;
    c->has_control = false;
    c->control = NULL;
    memset(c->endpoint_user, 0, sizeof(c->endpoint_user));
}

static void collect_endpoint(struct lint *l, const struct desc_node *node)
{
    const struct usb_endpoint *endpoint = (const struct usb_endpoint *)node;
    const struct usb_interface *interface = DESC_CAST(usb_interface, node->parent);
    if (!interface)
        return;

    struct lint_interface *i = touch(&l->configuration, interface->bInterfaceNumber);
    lint_set_add(&i->endpoints, endpoint->bEndpointAddress);
    switch (endpoint->bmAttributes & 3) {
    case 1: {
        uint32_t bytes = lint_endpoint_bytes(endpoint, l->configuration.speed);
        i->ascends = i->n_iso == 0 || (i->ascends && bytes >= i->last);
        i->last = bytes;
        i->largest = bytes > i->largest ? bytes : i->largest;
        i->n_iso++;
        break;
    }
    case 2:
        i->n_bulk++;
        if (endpoint->bEndpointAddress & 0x80)
            lint_set_add(&i->bulk_in, endpoint->bEndpointAddress);
        break;
    case 3:
        i->n_interrupt++;
        break;
    }
}

static void collect_interface(struct lint *l, const struct desc_node *node)
{
    const struct usb_interface *interface = (const struct usb_interface *)node;
    struct lint_interface *i = touch(&l->configuration, interface->bInterfaceNumber);

    if (!i->first) {
        i->first = interface;
        l->configuration.n_interfaces++;
    }
    if (lint_is_video(interface, SC_VIDEOCONTROL))
        l->configuration.has_control = true;
    i->n_alternates++;
}

static void collect_control(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vc_header *header = (const struct uvc_vc_header *)node;
    struct lint_configuration *c = &l->configuration;

    if (!c->control)
        c->control = header;
    for (uint32_t n = 0; n < header->n_baInterfaceNr; n++) {
        struct lint_interface *i = touch(c, header->baInterfaceNr[n]);
        i->control = i->control ? i->control : header;
    }
}

static void collect_association(struct lint *l, const struct desc_node *node)
{
    const struct usb_interface_association *a = (const struct usb_interface_association *)node;
    unsigned end = a->bFirstInterface + a->bInterfaceCount;

    for (unsigned n = a->bFirstInterface; n < end && n < 256; n++) {
        struct lint_interface *i = touch(&l->configuration, (uint8_t)n);
        i->association = i->association ? i->association : a;
    }
}

/* The first of its kind in the interface. */
static void collect_first(struct lint *l, const struct desc_node *node)
{
    const struct usb_interface *interface = lint_interface_above(node);
    if (!interface)
        return;
    struct lint_interface *i = touch(&l->configuration, interface->bInterfaceNumber);
    const struct desc_node **first =
        node->type->kind == DESC_KIND_uvc_vs_still_image_frame ? &i->still : &i->header;
    *first = *first ? *first : node;
}

static void collect_node(struct lint *l, const struct desc_node *node)
{
    switch (node->type->kind) {
    case DESC_KIND_usb_interface:
        collect_interface(l, node);
        break;
    case DESC_KIND_usb_endpoint:
        collect_endpoint(l, node);
        break;
    case DESC_KIND_usb_interface_association:
        collect_association(l, node);
        break;
    case DESC_KIND_uvc_vc_header:
        collect_control(l, node);
        collect_first(l, node);
        break;
    case DESC_KIND_uvc_vs_input_header:
    case DESC_KIND_uvc_vs_output_header:
    case DESC_KIND_uvc_vs_still_image_frame:
        collect_first(l, node);
        break;
    default:
        break;
    }
}

void lint_collect(struct lint *l, const struct desc_node *node)
{
    struct lint_configuration *c = &l->configuration;

    clear(c);
    c->node = node;
    c->speed = lint_speed_of(l, node);
    for (const struct desc_node *n = node; n; n = desc_next(n, node))
        collect_node(l, n);
}
