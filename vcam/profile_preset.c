/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A profile whose descriptors somebody else wrote: what they declare becomes what is negotiated. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors/desc.h"
#include "vcam/profile_priv.h"

struct preset {
    struct vcam_profile *profile;
    const struct desc_node *root;
    const struct vcam_dev_descriptor *device;
    const char *why; /* NULL: all is well so far */
};

static void refuse(struct preset *p, const char *why)
{
    p->why = p->why ? p->why : why;
}

/* ---- Bytes ---- */

static int take_bytes(struct descriptor *descriptor, const void *node, bool alone)
{
    const struct desc_node *top = node;
    size_t size = desc_own_size(top);
    for (const struct desc_node *at = alone ? NULL : desc_next(top, top); at;
         at = desc_next(at, top))
        size += desc_own_size(at);
    descriptor->bytes = malloc(size + 1);
    if (!descriptor->bytes)
        return -ENOMEM;
    descriptor->len = (size_t)(alone ? desc_pack_alone(top, descriptor->bytes, size)
                                     : desc_pack(top, descriptor->bytes, size));
    return 0;
}

/* One that stands at the top of the tree, by its kind; two are one too many. */
static int take_top(struct preset *p, const struct desc_node *node, struct descriptor *place)
{
    if (place->len)
        refuse(p, "it has two devices, BOSes or qualifiers");
    return place->len ? 0
                      : take_bytes(place, node, node->type->kind == DESC_KIND_vcam_dev_descriptor);
}

static int take_string(struct preset *p, const struct desc_node *node, unsigned index)
{
    if (index > 255) {
        refuse(p, "it has more than 255 strings");
        return 0;
    }
    return take_bytes(&p->profile->strings[index], node, true);
}

static int take_all(struct preset *p)
{
    struct vcam_profile *profile = p->profile;
    unsigned strings = 0;
    int r = 0;

    for (const struct desc_node *node = p->root->first; node && !r; node = node->next) {
        switch (node->type->kind) {
        case DESC_KIND_vcam_dev_descriptor:
            p->device = (const struct vcam_dev_descriptor *)node;
            r = take_top(p, node, &profile->device);
            break;
        case DESC_KIND_usb_device_qualifier:
            r = take_top(p, node, &profile->qualifier);
            break;
        case DESC_KIND_usb_other_speed_configuration:
            r = take_top(p, node, &profile->other_speed);
            break;
        case DESC_KIND_usb_bos:
            r = take_top(p, node, &profile->bos);
            break;
        case DESC_KIND_usb_string_zero: {
            const struct usb_string_zero *zero = (const struct usb_string_zero *)node;
            profile->langid = zero->n_wLANGID ? zero->wLANGID[0] : VCAM_LANGID;
            r = take_string(p, node, strings++);
            break;
        }
        case DESC_KIND_usb_string:
            r = take_string(p, node, strings++);
            break;
        default:
            refuse(p,
                   "there is something beside the device, BOS, qualifier, other speed and strings");
        }
    }
    return r;
}

/* ---- Formats ---- */

static uint32_t fourcc_of_guid(const uint8_t guid[16])
{
    size_t n;
    const struct vcam_format_info *formats = vcam_format_table(&n);
    for (size_t i = 0; i < n; i++)
        if (formats[i].payload != VCAM_MOTION_JPEG &&
            memcmp(formats[i].guidFormat, guid, sizeof(desc_guid)) == 0)
            return formats[i].fourcc;
    return 0;
}

static uint32_t fourcc_of(const struct desc_node *format)
{
    const struct uvc_vs_format_uncompressed *raw = DESC_CAST(uvc_vs_format_uncompressed, format);
    const struct uvc_vs_format_frame_based *coded = DESC_CAST(uvc_vs_format_frame_based, format);

    return raw                                                   ? fourcc_of_guid(raw->guidFormat)
           : coded                                               ? fourcc_of_guid(coded->guidFormat)
           : format->type->kind == DESC_KIND_uvc_vs_format_mjpeg ? VCAM_MJPEG
           : format->type->kind == DESC_KIND_uvc_vs_format_h264  ? VCAM_H264
                                                                 : 0;
}

/* The fields of a frame that all kinds of frames have, where they are in each. */
struct frame {
    uint8_t bFrameIndex;
    uint16_t wWidth, wHeight;
    const uint32_t *dwFrameInterval;
    uint32_t n;
    bool is_continuous;
};

#define FRAME_OF(tag, node, continuous)                                                            \
    (struct frame)                                                                                 \
    {                                                                                              \
        ((const struct tag *)(node))->bFrameIndex, ((const struct tag *)(node))->wWidth,           \
            ((const struct tag *)(node))->wHeight, ((const struct tag *)(node))->dwFrameInterval,  \
            ((const struct tag *)(node))->n_dwFrameInterval, continuous                            \
    }
#define IS_CONTINUOUS(tag, node) (((const struct tag *)(node))->bFrameIntervalType == 0)

static struct frame frame_of(const struct desc_node *node)
{
    switch (node->type->kind) {
    case DESC_KIND_uvc_vs_frame_uncompressed:
        return FRAME_OF(uvc_vs_frame_uncompressed, node,
                        IS_CONTINUOUS(uvc_vs_frame_uncompressed, node));
    case DESC_KIND_uvc_vs_frame_mjpeg:
        return FRAME_OF(uvc_vs_frame_mjpeg, node, IS_CONTINUOUS(uvc_vs_frame_mjpeg, node));
    case DESC_KIND_uvc_vs_frame_frame_based:
        return FRAME_OF(uvc_vs_frame_frame_based, node,
                        IS_CONTINUOUS(uvc_vs_frame_frame_based, node));
    case DESC_KIND_uvc_vs_frame_h264:
        return FRAME_OF(uvc_vs_frame_h264, node, false);
    default:
        return (struct frame){0};
    }
}

static void add_interval(struct vcam_size_offer *size, uint32_t interval)
{
    unsigned at = 0;
    while (at < size->n_intervals && size->dwFrameInterval[at] < interval)
        at++;
    if (!interval || size->n_intervals == VCAM_MAX_INTERVALS ||
        (at < size->n_intervals && size->dwFrameInterval[at] == interval))
        return;
    memmove(&size->dwFrameInterval[at + 1], &size->dwFrameInterval[at],
            (size->n_intervals - at) * sizeof(size->dwFrameInterval[0]));
    size->dwFrameInterval[at] = interval;
    size->n_intervals++;
}

/* Of a range: its ends, and the rates that people ask for. */
static void add_range(struct vcam_size_offer *size, uint32_t shortest, uint32_t longest)
{
    static const uint8_t rates[] = {60, 50, 30, 25, 20, 15, 10, 5, 1};
    add_interval(size, shortest);
    add_interval(size, longest);
    for (size_t i = 0; i < sizeof(rates); i++) {
        uint32_t interval = vcam_interval_of_fps(rates[i]);
        if (interval > shortest && interval < longest)
            add_interval(size, interval);
    }
}

static void read_frame(struct preset *p, struct vcam_format_offer *format,
                       const struct desc_node *node)
{
    struct frame frame = frame_of(node);
    if (!frame.bFrameIndex || frame.bFrameIndex > VCAM_MAX_SIZES) {
        refuse(p, "a bFrameIndex is not 1 to 32");
        return;
    }
    struct vcam_size_offer *size = &format->sizes[frame.bFrameIndex - 1];
    if (size->n_intervals || !frame.wWidth || !frame.wHeight) {
        refuse(p, "a frame's bFrameIndex is used twice, or it has no size");
        return;
    }
    if (frame.bFrameIndex > format->n_sizes)
        format->n_sizes = frame.bFrameIndex;
    size->wWidth = frame.wWidth;
    size->wHeight = frame.wHeight;
    if (frame.is_continuous && frame.n >= 2)
        add_range(size, frame.dwFrameInterval[0], frame.dwFrameInterval[1]);
    for (uint32_t i = 0; i < frame.n && !frame.is_continuous; i++)
        add_interval(size, frame.dwFrameInterval[i]);
    if (!size->n_intervals)
        refuse(p, "a frame has no interval");
}

/* Formats that we know no name of are there with no sizes: nobody can have them. */
static void read_format(struct preset *p, struct vcam_offer *offer, const struct desc_node *node)
{
    uint8_t index = node->present > 3 ? (uint8_t)desc_get(node, &node->type->rows[3], 0) : 0;
    if (!index || index > VCAM_MAX_FORMATS) {
        refuse(p, "a bFormatIndex is not 1 to 16");
        return;
    }
    struct vcam_format_offer *format = &offer->formats[index - 1];
    if (format->fourcc)
        refuse(p, "a bFormatIndex is used twice");
    if (index > offer->n_formats)
        offer->n_formats = index;
    format->fourcc = fourcc_of(node);
    for (const struct desc_node *child = node->first; child && format->fourcc && !p->why;
         child = child->next)
        if (child->type->group == DESC_GROUP_VS_FRAME)
            read_frame(p, format, child);
}

static void read_offer(struct preset *p, uint8_t bInterfaceNumber, struct vcam_offer *ret_offer)
{
    const struct desc_node *config = p->device->arrConfigDescs.first;
    for (const struct desc_node *node = config; node; node = desc_next(node, config)) {
        const struct usb_interface *above =
            node->parent ? DESC_CAST(usb_interface, node->parent->parent) : NULL;
        if (node->type->group == DESC_GROUP_VS_FORMAT && above &&
            above->bInterfaceNumber == bInterfaceNumber && !p->why)
            read_format(p, ret_offer, node);
    }
    if (!vcam_offer_count(ret_offer))
        refuse(p,
               "a streaming interface has no frames of YUY2, NV12, I420, MJPEG, H.264 or another "
               "format that camredir knows");
}

/* ---- What else the device needs to know ---- */

static uint16_t version_of(const struct desc_node *config)
{
    for (const struct desc_node *node = config; node; node = desc_next(node, config)) {
        const struct uvc_vc_header *header = DESC_CAST(uvc_vc_header, node);
        if (header && header->bcdUVC)
            return header->bcdUVC;
    }
    return 0x0100;
}

/* USB 2.0, 5.5.3: a high-speed device's endpoint 0 has 64 bytes. */
static enum vcam_speed speed_of(const struct preset *p)
{
    if (p->device->bcdUSB >= 0x0300)
        return VCAM_SPEED_SUPER;
    bool may_be_high = p->device->bcdUSB >= 0x0200 && p->device->bMaxPacketSize0 == 64;
    return may_be_high ? VCAM_SPEED_HIGH : VCAM_SPEED_FULL;
}

static bool is_declared(const struct vcam_control_info *info, const struct desc_node *config)
{
    for (const struct desc_node *node = config; node; node = desc_next(node, config)) {
        const struct uvc_camera_terminal *camera = DESC_CAST(uvc_camera_terminal, node);
        const struct uvc_processing_unit *unit = DESC_CAST(uvc_processing_unit, node);
        const uint8_t *bits = camera ? camera->bmControls : unit ? unit->bmControls : NULL;
        size_t n = camera ? camera->n_bmControls : unit ? unit->n_bmControls : 0;
        if (info->is_camera_terminal == (camera != NULL) && info->bit / 8u < n &&
            bits[info->bit / 8] >> info->bit % 8 & 1)
            return true;
    }
    return false;
}

static void select_controls(struct preset *p, const struct vcam_control_list *controls)
{
    struct vcam_control_list *kept = &p->profile->controls;
    for (unsigned i = 0; controls && i < controls->count; i++)
        if (is_declared(vcam_control_info(controls->items[i].id), p->device->arrConfigDescs.first))
            kept->items[kept->count++] = controls->items[i];
}

/* Where the nth streaming interface is, how it streams, and what. */
static void read_streaming(struct preset *p, unsigned nth, struct vcam_profile *profile)
{
    bool is_super = profile->options.speed == VCAM_SPEED_SUPER;
    struct vcam_layout *layout = &profile->layout;

    if (vcam_layout_read(p->device->arrConfigDescs.first, is_super, nth, layout, &p->why))
        return;
    profile->options.transfer =
        layout->streams[0].bEndpointAddress ? VCAM_TRANSFER_BULK : VCAM_TRANSFER_ISO;
    read_offer(p, layout->vs_interface, &profile->offer);
}

static uint8_t stream_address(const struct vcam_profile *profile)
{
    return profile->layout.streams[profile->layout.n_alternates - 1].bEndpointAddress;
}

static int make_side(struct preset *p)
{
    struct vcam_profile *profile = p->profile;
    if (profile->layout.n_streaming < 2 || p->why)
        return 0;
    profile->side = calloc(1, sizeof(*profile->side));
    if (!profile->side)
        return -ENOMEM;
    profile->side->options = profile->options;
    read_streaming(p, 1, profile->side);
    if (!p->why && stream_address(profile) == stream_address(profile->side))
        refuse(p, "two of its endpoints have one address");
    return 0;
}

static int fill(struct preset *p, const struct vcam_control_list *controls,
                const enum vcam_speed *speed)
{
    struct vcam_profile *profile = p->profile;
    int r = take_all(p);

    if (!r && (!p->device || p->device->n_arrConfigDescs != 1))
        refuse(p, "it has no device with one configuration");
    if (r || p->why)
        return r;
    const struct desc_node *config = p->device->arrConfigDescs.first;
    profile->options = (struct vcam_profile_options){
        .speed = speed ? *speed : speed_of(p),
        .idVendor = p->device->idVendor,
        .idProduct = p->device->idProduct,
        .bcdDevice = p->device->bcdDevice,
        .bcdUVC = version_of(config),
    };
    read_streaming(p, 0, profile);
    if (p->why)
        return 0;
    r = take_bytes(&profile->configuration, config, false);
    if (!r && profile->configuration.len > VCAM_MAX_CONFIGURATION)
        refuse(p, "its configuration has more than 4096 bytes, which QEMU cannot hand on");
    select_controls(p, controls);
    return r ? r : make_side(p);
}

struct vcam_profile *vcam_profile_new_from_tree(struct desc_tree *tree,
                                                const struct vcam_control_list *controls,
                                                const enum vcam_speed *speed, const char **ret_why)
{
    struct preset p = {.profile = calloc(1, sizeof(*p.profile)),
                       .root = &desc_tree_root(tree)->node};
    if (!p.profile)
        return NULL;
    p.profile->langid = VCAM_LANGID;
    int r = fill(&p, controls, speed);
    if (!r && !p.why)
        return p.profile;
    vcam_profile_free(p.profile);
    if (!r)
        *ret_why = p.why;
    errno = r ? -r : EINVAL;
    return NULL;
}

/* ---- What the pictures' source has of it ---- */

static unsigned restrict_offer(struct vcam_profile *profile, const struct vcam_offer *available)
{
    struct vcam_offer kept = profile->offer;
    unsigned n = 0;

    for (unsigned f = 0; f < kept.n_formats; f++)
        for (unsigned s = 0; s < kept.formats[f].n_sizes; s++) {
            struct vcam_size_offer *size = &kept.formats[f].sizes[s];
            if (!vcam_offer_find(available, kept.formats[f].fourcc, size->wWidth, size->wHeight))
                size->n_intervals = 0;
            n += size->n_intervals > 0;
        }
    profile->is_silent = n == 0;
    if (n)
        profile->offer = kept;
    return n;
}

unsigned vcam_profile_restrict(struct vcam_profile *profile, const struct vcam_offer *available)
{
    unsigned n = restrict_offer(profile, available);
    return profile->side ? n + restrict_offer(profile->side, available) : n;
}
