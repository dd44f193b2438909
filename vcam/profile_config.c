/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The configuration descriptor, as a tree of the schema: what the guest learns of the camera. */
#include <errno.h>
#include <string.h>

#include "descriptors/desc.h"
#include "vcam/payload.h"
#include "vcam/profile_priv.h"

/* What all the functions below build for. */
struct build {
    const struct vcam_profile *profile;
    const struct vcam_link *link;
    const struct vcam_offer *offer;
    enum vcam_speed speed;
    struct desc_tree *tree;
};

/* ---- VideoControl ---- */

static void set_controls(const struct vcam_control_list *controls, bool is_camera_terminal,
                         uint8_t *bmControls)
{
    for (unsigned i = 0; i < controls->count; i++) {
        const struct vcam_control_info *info = vcam_control_info(controls->items[i].id);
        if (info->is_camera_terminal == is_camera_terminal)
            bmControls[info->bit / 8] |= 1 << info->bit % 8;
    }
}

static void add_entities(struct build *b, struct uvc_vc_header *header)
{
    const struct vcam_control_list *controls = &b->profile->controls;
    bool has_unit = vcam_controls_of(controls, false);

    struct uvc_camera_terminal *camera = DESC_ADD(b->tree, header, uvc_camera_terminal);
    camera->bTerminalID = VCAM_CT_ID;
    set_controls(controls, true, DESC_VARS(b->tree, camera, bmControls, 3));

    if (has_unit) {
        struct uvc_processing_unit *unit = DESC_ADD(b->tree, header, uvc_processing_unit);
        unit->bUnitID = VCAM_PU_ID;
        unit->bSourceID = VCAM_CT_ID;
        /* UVC 1.5, 3.7.2.5 fixes the size; 1.0 and 1.1 have no control beyond 16 bits. */
        size_t n = b->profile->options.bcdUVC >= 0x0150 ? 3 : 2;
        set_controls(controls, false, DESC_VARS(b->tree, unit, bmControls, n));
    }

    struct uvc_output_terminal *output = DESC_ADD(b->tree, header, uvc_output_terminal);
    output->bTerminalID = VCAM_OT_ID;
    output->wTerminalType = TT_STREAMING;
    output->bSourceID = has_unit ? VCAM_PU_ID : VCAM_CT_ID;
}

static struct usb_interface *add_interface(struct build *b, void *config, uint8_t bInterfaceNumber,
                                           uint8_t bAlternateSetting, uint8_t bInterfaceSubClass)
{
    struct usb_interface *interface = DESC_ADD(b->tree, config, usb_interface);
    interface->bInterfaceNumber = bInterfaceNumber;
    interface->bAlternateSetting = bAlternateSetting;
    interface->bInterfaceClass = CC_VIDEO;
    interface->bInterfaceSubClass = bInterfaceSubClass;
    interface->bInterfaceProtocol =
        b->profile->options.bcdUVC >= 0x0150 ? PC_PROTOCOL_15 : PC_PROTOCOL_UNDEFINED;
    return interface;
}

/* packet, burst and mult count; the descriptors have the burst and mult beyond the first. */
static struct usb_endpoint *add_endpoint(struct build *b, struct usb_interface *interface,
                                         uint8_t bEndpointAddress, uint8_t bmAttributes,
                                         const struct vcam_alternate *size, uint8_t bInterval)
{
    struct usb_endpoint *endpoint = DESC_ADD(b->tree, interface, usb_endpoint);
    endpoint->bEndpointAddress = bEndpointAddress;
    endpoint->bmAttributes = bmAttributes;
    endpoint->wMaxPacketSize = size->packet;
    endpoint->bInterval = bInterval;
    if (b->speed != VCAM_SPEED_SUPER) {
        endpoint->wMaxPacketSize |= (size->mult - 1) << 11;
        return endpoint;
    }
    bool is_bulk = (bmAttributes & 3) == VCAM_ENDPOINT_BULK;
    struct usb_ss_endpoint_companion *companion =
        DESC_ADD(b->tree, endpoint, usb_ss_endpoint_companion);
    companion->bMaxBurst = size->burst - 1;
    companion->bmAttributes = size->mult - 1;
    companion->wBytesPerInterval = is_bulk ? 0 : vcam_alternate_bytes(size);
    return endpoint;
}

static void add_video_control(struct build *b, void *config)
{
    struct usb_interface *interface =
        add_interface(b, config, VCAM_VC_INTERFACE, 0, SC_VIDEOCONTROL);
    interface->iInterface = vcam_string_index(b->profile, STRING_PRODUCT);

    struct uvc_vc_header *header = DESC_ADD(b->tree, interface, uvc_vc_header);
    header->bcdUVC = b->profile->options.bcdUVC;
    header->dwClockFrequency = VCAM_CLOCK_FREQUENCY;
    DESC_VARS(b->tree, header, baInterfaceNr, 1)[0] = VCAM_VS_INTERFACE;
    add_entities(b, header);

    const struct vcam_alternate size = {VCAM_STATUS_PACKET, 1, 1};
    struct usb_endpoint *endpoint =
        add_endpoint(b, interface, VCAM_STATUS_ENDPOINT, VCAM_ENDPOINT_INTERRUPT, &size,
                     b->link->status_bInterval);
    DESC_ADD(b->tree, endpoint, uvc_cs_interrupt_endpoint)->wMaxTransferSize = VCAM_STATUS_PACKET;
}

/* ---- VideoStreaming ---- */

static uint32_t bit_rate(uint64_t bytes, uint32_t dwFrameInterval)
{
    uint64_t rate = bytes * 8 * 10000000 / dwFrameInterval;
    return rate > UINT32_MAX ? UINT32_MAX : rate;
}

/* The three kinds of format, and of frame, differ in few fields, so these fill what all have. */
#define FILL_FORMAT(format, index)                                                                 \
    do {                                                                                           \
        (format)->bFormatIndex = (index);                                                          \
        (format)->bDefaultFrameIndex = 1;                                                          \
    } while (0)

#define FILL_FRAME(b, frame, index, size, min_rate, max_rate)                                      \
    do {                                                                                           \
        (frame)->bFrameIndex = (index);                                                            \
        (frame)->wWidth = (size)->wWidth;                                                          \
        (frame)->wHeight = (size)->wHeight;                                                        \
        (frame)->dwMinBitRate = (min_rate);                                                        \
        (frame)->dwMaxBitRate = (max_rate);                                                        \
        (frame)->dwDefaultFrameInterval = vcam_default_interval(size);                             \
        memcpy(DESC_VARS((b)->tree, frame, dwFrameInterval, (size)->n_intervals),                  \
               (size)->dwFrameInterval, (size)->n_intervals * sizeof((size)->dwFrameInterval[0])); \
    } while (0)

static void add_frame(struct build *b, void *format, const struct vcam_format_info *info,
                      uint8_t index, const struct vcam_size_offer *size)
{
    struct vcam_mode mode = {info->fourcc, size->wWidth, size->wHeight, size->dwFrameInterval[0]};
    uint32_t slowest = size->dwFrameInterval[size->n_intervals - 1];
    uint32_t bytes = vcam_mode_max_frame_size(&mode);
    uint32_t min_rate = bit_rate(vcam_usual_frame_size(&mode), slowest);
    uint32_t max_rate = bit_rate(bytes, mode.dwFrameInterval);

    if (info->payload == VCAM_UNCOMPRESSED) {
        struct uvc_vs_frame_uncompressed *frame =
            DESC_ADD(b->tree, format, uvc_vs_frame_uncompressed);
        FILL_FRAME(b, frame, index, size, min_rate, max_rate);
        frame->dwMaxVideoFrameBufferSize = bytes;
    } else if (info->payload == VCAM_MOTION_JPEG) {
        struct uvc_vs_frame_mjpeg *frame = DESC_ADD(b->tree, format, uvc_vs_frame_mjpeg);
        FILL_FRAME(b, frame, index, size, min_rate, max_rate);
        frame->dwMaxVideoFrameBufferSize = bytes;
    } else {
        struct uvc_vs_frame_frame_based *frame =
            DESC_ADD(b->tree, format, uvc_vs_frame_frame_based);
        FILL_FRAME(b, frame, index, size, min_rate, max_rate);
    }
}

static void *add_format_header(struct build *b, struct uvc_vs_input_header *header,
                               const struct vcam_format_info *info, uint8_t index)
{
    if (info->payload == VCAM_MOTION_JPEG) {
        struct uvc_vs_format_mjpeg *format = DESC_ADD(b->tree, header, uvc_vs_format_mjpeg);
        FILL_FORMAT(format, index);
        return format;
    }
    if (info->payload == VCAM_UNCOMPRESSED) {
        struct uvc_vs_format_uncompressed *format =
            DESC_ADD(b->tree, header, uvc_vs_format_uncompressed);
        FILL_FORMAT(format, index);
        memcpy(format->guidFormat, info->guidFormat, sizeof(format->guidFormat));
        format->bBitsPerPixel = info->bBitsPerPixel;
        return format;
    }
    struct uvc_vs_format_frame_based *format = DESC_ADD(b->tree, header, uvc_vs_format_frame_based);
    FILL_FORMAT(format, index);
    memcpy(format->guidFormat, info->guidFormat, sizeof(format->guidFormat));
    format->bBitsPerPixel = info->bBitsPerPixel;
    format->bVariableSize = 1;
    return format;
}

static void add_format(struct build *b, struct uvc_vs_input_header *header, uint8_t index)
{
    const struct vcam_format_offer *offer = &b->offer->formats[index - 1];
    const struct vcam_format_info *info = vcam_format_info(offer->fourcc);
    void *format = add_format_header(b, header, info, index);

    for (unsigned i = 0; i < offer->n_sizes; i++)
        add_frame(b, format, info, i + 1, &offer->sizes[i]);
    if (info->payload == VCAM_FRAME_BASED)
        return;
    struct uvc_vs_color_matching *colors = DESC_ADD(b->tree, format, uvc_vs_color_matching);
    colors->bColorPrimaries = 1;          /* BT.709, sRGB */
    colors->bTransferCharacteristics = 1; /* BT.709 */
    colors->bMatrixCoefficients = 4;      /* SMPTE 170M */
}

static void add_streaming_header(struct build *b, struct usb_interface *interface)
{
    struct uvc_vs_input_header *header = DESC_ADD(b->tree, interface, uvc_vs_input_header);
    header->bEndpointAddress = VCAM_STREAM_ENDPOINT;
    header->bTerminalLink = VCAM_OT_ID;
    header->bControlSize = 1; /* and desc_derive() makes bmaControls fit: all zero */
    for (unsigned i = 0; i < b->offer->n_formats; i++)
        add_format(b, header, i + 1);
}

static void add_video_streaming(struct build *b, void *config)
{
    struct usb_interface *interface =
        add_interface(b, config, VCAM_VS_INTERFACE, 0, SC_VIDEOSTREAMING);
    add_streaming_header(b, interface);
    if (b->profile->options.transfer == VCAM_TRANSFER_BULK) {
        const struct vcam_alternate size = {b->link->bulk_packet, 16, 1};
        add_endpoint(b, interface, VCAM_STREAM_ENDPOINT, VCAM_ENDPOINT_BULK, &size, 0);
        return;
    }
    for (unsigned i = 0; i < b->link->n_alternates; i++) {
        interface = add_interface(b, config, VCAM_VS_INTERFACE, i + 1, SC_VIDEOSTREAMING);
        add_endpoint(b, interface, VCAM_STREAM_ENDPOINT, VCAM_ENDPOINT_ISO_ASYNC,
                     &b->link->alternates[i], 1);
    }
}

/* ---- Whole descriptors ---- */

static void build_configuration(struct build *b, struct vcam_config_descriptor *config)
{
    config->bConfigurationValue = 1;                            /* uvc-rules M1 */
    config->bmAttributes = 0x80;                                /* bus-powered */
    config->bMaxPower = b->speed == VCAM_SPEED_SUPER ? 12 : 50; /* 100 mA in 8 or 2 mA */

    struct usb_interface_association *association =
        DESC_ADD(b->tree, config, usb_interface_association);
    association->bFirstInterface = VCAM_VC_INTERFACE;
    association->bInterfaceCount = 2;
    association->bFunctionClass = CC_VIDEO;
    association->bFunctionSubClass = SC_VIDEO_INTERFACE_COLLECTION;
    association->iFunction = vcam_string_index(b->profile, STRING_PRODUCT);

    add_video_control(b, config);
    add_video_streaming(b, config);
}

ssize_t vcam_profile_pack_configuration(const struct vcam_profile *profile, enum vcam_speed speed,
                                        const struct vcam_offer *offer, uint8_t bDescriptorType,
                                        uint8_t *buf, size_t size)
{
    struct build b = {profile, vcam_link(speed), offer, speed,
                      desc_tree_new(profile->options.bcdUVC)};
    if (!b.tree)
        return -ENOMEM;
    struct vcam_config_descriptor *config = DESC_ADD(b.tree, NULL, vcam_config_descriptor);
    build_configuration(&b, config);
    ssize_t len = desc_derive(b.tree);
    config->bDescriptorType = bDescriptorType;
    if (!len)
        len = desc_pack(config, buf, size);
    desc_tree_free(b.tree);
    return len;
}
