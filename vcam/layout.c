/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads from a configuration where the parts of its camera function are, so that the device does
   what its descriptors say, whoever wrote them. */
#include <errno.h>
#include <string.h>

#include "descriptors/desc.h"
#include "vcam/payload.h"
#include "vcam/profile_priv.h"

struct reading {
    struct vcam_layout layout;
    bool is_super, has_vc;
    unsigned nth, n_streaming; /* the streaming interface that is wanted; seen so far */
    uint8_t streaming[2];      /* numbers of the first two */
    const char *why;           /* NULL: all is well so far */
};

static void refuse(struct reading *r, const char *why)
{
    r->why = r->why ? r->why : why;
}

/* Bytes in one (micro)frame. */
static uint32_t packet_bytes(const struct usb_endpoint *endpoint, bool is_super)
{
    uint32_t bytes = endpoint->wMaxPacketSize & 0x7ff;
    if ((endpoint->bmAttributes & 3) != VCAM_ENDPOINT_ISO)
        return bytes;
    if (!is_super)
        return bytes * (1 + (endpoint->wMaxPacketSize >> 11 & 3));
    DESC_FOREACH(node, endpoint->arrOtherDescs)
    {
        const struct usb_ss_endpoint_companion *companion =
            DESC_CAST(usb_ss_endpoint_companion, node);
        if (companion)
            return bytes * (1u + companion->bMaxBurst) * (1u + (companion->bmAttributes & 3));
    }
    return bytes;
}

static struct vcam_endpoint read_endpoint(const struct reading *r,
                                          const struct usb_interface *interface,
                                          const struct usb_endpoint *endpoint)
{
    uint8_t type = endpoint->bmAttributes & 3;
    return (struct vcam_endpoint){
        .bEndpointAddress = endpoint->bEndpointAddress,
        .type = type,
        .bInterfaceNumber = interface->bInterfaceNumber,
        .bInterval = type == VCAM_ENDPOINT_BULK ? 0 : endpoint->bInterval,
        .max_packet_size = packet_bytes(endpoint, r->is_super),
    };
}

/* Room for what we send: a payload's header and a byte, a status packet (UVC 1.1, 2.4.2.2). */
static uint32_t least_packet(uint8_t type)
{
    return type == VCAM_ENDPOINT_INTERRUPT ? VCAM_STATUS_PACKET
           : type == VCAM_ENDPOINT_ISO     ? VCAM_PAYLOAD_HEADER + 1
                                           : 8;
}

/* The first IN endpoint of one of the types (bits) that we can use. */
static struct vcam_endpoint find_endpoint(const struct reading *r,
                                          const struct usb_interface *interface, unsigned types)
{
    DESC_FOREACH(node, interface->arrEndpointDescs)
    {
        const struct usb_endpoint *endpoint = DESC_CAST(usb_endpoint, node);
        struct vcam_endpoint found = read_endpoint(r, interface, endpoint);
        bool is_in = (found.bEndpointAddress & 0xf0) == 0x80 && found.bEndpointAddress & 0x0f;
        if (is_in && types >> found.type & 1 && (endpoint->wMaxPacketSize & 0x7ff) <= 1024 &&
            found.max_packet_size >= least_packet(found.type))
            return found;
    }
    return (struct vcam_endpoint){0};
}

/* ---- VideoControl ---- */

static void read_entity(struct reading *r, const struct desc_node *node)
{
    /* All entities have their id behind the subtype. */
    uint8_t id = node->present > 3 ? (uint8_t)desc_get(node, &node->type->rows[3], 0) : 0;
    struct vcam_layout *layout = &r->layout;

    if (!id)
        return;
    layout->entities[id / 32] |= 1u << id % 32;
    if (node->type->kind == DESC_KIND_uvc_camera_terminal && !layout->camera_terminal)
        layout->camera_terminal = id;
    if (node->type->kind == DESC_KIND_uvc_processing_unit && !layout->processing_unit)
        layout->processing_unit = id;
    if (node->type->kind == DESC_KIND_uvc_selector_unit && !layout->selector_unit)
        layout->selector_unit = id;
}

static void read_control(struct reading *r, const struct usb_interface *interface)
{
    if (r->has_vc)
        return; /* a second function: not ours */
    r->has_vc = true;
    r->layout.vc_interface = interface->bInterfaceNumber;
    r->layout.status = find_endpoint(r, interface, 1 << VCAM_ENDPOINT_INTERRUPT);
    DESC_FOREACH(node, interface->arrOtherDescs)
    {
        const struct uvc_vc_header *header = DESC_CAST(uvc_vc_header, node);
        if (header)
            DESC_FOREACH(entity, header->arrEntityDescs)
        read_entity(r, entity);
    }
}

/* ---- VideoStreaming ---- */

static void read_streaming(struct reading *r, const struct usb_interface *interface)
{
    const unsigned types = 1 << VCAM_ENDPOINT_ISO | 1 << VCAM_ENDPOINT_BULK;
    struct vcam_layout *layout = &r->layout;
    unsigned nth = 0;

    while (nth < r->n_streaming && r->streaming[nth] != interface->bInterfaceNumber)
        nth++;
    if (nth == 2)
        return; /* a third one: hosts find nobody there */
    if (nth == r->n_streaming)
        r->streaming[r->n_streaming++] = interface->bInterfaceNumber;
    if (nth != r->nth)
        return;
    layout->vs_interface = interface->bInterfaceNumber;
    if (interface->bAlternateSetting != layout->n_alternates ||
        layout->n_alternates == VCAM_MAX_ALTERNATES) {
        refuse(r, "its streaming interface's alternate settings are not 0, 1, 2 and so on");
        return;
    }
    layout->streams[layout->n_alternates++] = find_endpoint(r, interface, types);
}

static void check_streams(struct reading *r)
{
    const struct vcam_layout *layout = &r->layout;
    bool is_bulk = layout->streams[0].type == VCAM_ENDPOINT_BULK;

    if (!r->has_vc || r->n_streaming <= r->nth) {
        refuse(r, "it has no VideoControl and VideoStreaming interface");
        return;
    }
    if (is_bulk ? layout->n_alternates != 1 : layout->n_alternates < 2)
        refuse(r, "its streaming interface needs either a bulk endpoint and no other alternate "
                  "setting, or isochronous ones in those from 1 on");
    for (unsigned i = is_bulk ? 0 : 1; i < layout->n_alternates; i++)
        if (layout->streams[i].bEndpointAddress != layout->streams[!is_bulk].bEndpointAddress ||
            !layout->streams[i].bEndpointAddress ||
            layout->streams[i].type != (is_bulk ? VCAM_ENDPOINT_BULK : VCAM_ENDPOINT_ISO))
            refuse(r, "its streaming interface's alternate settings have other endpoints, or none");
    if (layout->status.bEndpointAddress &&
        layout->status.bEndpointAddress == layout->streams[!is_bulk].bEndpointAddress)
        refuse(r, "two of its endpoints have one address");
}

/* ---- All of it ---- */

static void note_interface(struct reading *r, const struct usb_interface *interface)
{
    struct vcam_layout *layout = &r->layout;

    for (unsigned i = 0; i < layout->n_interfaces; i++)
        if (layout->interfaces[i].bInterfaceNumber == interface->bInterfaceNumber)
            return;
    if (layout->n_interfaces == VCAM_MAX_INTERFACES) {
        refuse(r, "it has more than 32 interfaces");
        return;
    }
    layout->interfaces[layout->n_interfaces].bInterfaceNumber = interface->bInterfaceNumber;
    layout->interfaces[layout->n_interfaces].bInterfaceClass = interface->bInterfaceClass;
    layout->interfaces[layout->n_interfaces].bInterfaceSubClass = interface->bInterfaceSubClass;
    layout->interfaces[layout->n_interfaces++].bInterfaceProtocol = interface->bInterfaceProtocol;
}

int vcam_layout_read(const void *configuration, bool is_super, unsigned nth,
                     struct vcam_layout *ret_layout, const char **ret_why)
{
    const struct vcam_config_descriptor *config = DESC_CAST(vcam_config_descriptor, configuration);
    struct reading r = {.is_super = is_super, .nth = nth};

    if (!config) {
        *ret_why = "it has no configuration";
        return -EINVAL;
    }
    r.layout.bConfigurationValue = config->bConfigurationValue;
    r.layout.self_powered = config->bmAttributes & 0x40;
    if (!config->bConfigurationValue)
        refuse(&r, "its bConfigurationValue is 0, which no host can choose");
    DESC_FOREACH(node, config->arrIFDescs)
    {
        const struct usb_interface *interface = DESC_CAST(usb_interface, node);
        note_interface(&r, interface);
        if (interface->bInterfaceClass != CC_VIDEO)
            continue;
        if (interface->bInterfaceSubClass == SC_VIDEOCONTROL)
            read_control(&r, interface);
        if (interface->bInterfaceSubClass == SC_VIDEOSTREAMING)
            read_streaming(&r, interface);
    }
    r.layout.n_streaming = (uint8_t)r.n_streaming;
    check_streams(&r);
    if (r.why) {
        *ret_why = r.why;
        return -EINVAL;
    }
    *ret_layout = r.layout;
    return 0;
}

uint32_t vcam_layout_largest_packet(const struct vcam_layout *layout)
{
    uint32_t largest = 0;
    for (unsigned i = 0; i < layout->n_alternates; i++)
        if (layout->streams[i].max_packet_size > largest)
            largest = layout->streams[i].max_packet_size;
    return largest;
}
