/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Valid cameras with something of everything, for the linter's tests to find nothing in, and then
   to break. */
#include <string.h>

#include "tests/unit/lint_fixture.h"

#define YUY2 "YUY2\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
#define H264 "H264\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"

enum { CT = 1, PU, OT, XU, COMPOSITE, SU, EU, MTT_IN = 9, MTT_OUT, USB_IN, DISPLAY };

typedef struct {
    const Camera *camera;
    struct desc_tree *tree;
    uint16_t wWidth, wHeight; /* that the link carries uncompressed */
    uint32_t interval;
} Build;

static bool is_15(const Build *b)
{
    return b->camera->bcdUVC >= 0x0150;
}

static bool is_super(const Build *b)
{
    return b->camera->speed == DESC_SPEED_SUPER;
}

/* ---- VideoControl ---- */

static void add_inputs(Build *b, struct uvc_vc_header *header)
{
    struct uvc_camera_terminal *ct = DESC_ADD(b->tree, header, uvc_camera_terminal);
    ct->bTerminalID = CT;
    ct->wObjectiveFocalLengthMin = 300;
    ct->wObjectiveFocalLengthMax = 500;
    ct->wOcularFocalLength = 1;
    DESC_VARS(b->tree, ct, bmControls, 3)[0] = 0x0e;
    ct->bmControls[1] = 0x02; /* zoom */

    struct uvc_input_terminal *composite = DESC_ADD(b->tree, header, uvc_input_terminal);
    composite->bTerminalID = COMPOSITE;
    composite->wTerminalType = 0x0401;
    composite->iTerminal = 4;

    struct uvc_media_transport_input_terminal *tape =
        DESC_ADD(b->tree, header, uvc_media_transport_input_terminal);
    tape->bTerminalID = MTT_IN;
    tape->bAssocTerminal = MTT_OUT;
    DESC_VARS(b->tree, tape, bmControls, 1)[0] = 0x01;
    DESC_VARS(b->tree, tape, bmTransportModes, 2)[0] = 0x01;

    struct uvc_input_terminal *usb = DESC_ADD(b->tree, header, uvc_input_terminal);
    usb->bTerminalID = USB_IN;
    usb->wTerminalType = TT_STREAMING;
}

static void add_units(Build *b, struct uvc_vc_header *header)
{
    struct uvc_selector_unit *su = DESC_ADD(b->tree, header, uvc_selector_unit);
    su->bUnitID = SU;
    memcpy(DESC_VARS(b->tree, su, baSourceID, 3), ((uint8_t[]){CT, COMPOSITE, MTT_IN}), 3);

    struct uvc_processing_unit *pu = DESC_ADD(b->tree, header, uvc_processing_unit);
    pu->bUnitID = PU;
    pu->bSourceID = SU;
    pu->wMaxMultiplier = 0x4000;
    memcpy(DESC_VARS(b->tree, pu, bmControls, is_15(b) ? 3 : 2), ((uint8_t[]){0x0f, 0x40}), 2);

    struct uvc_extension_unit *xu = DESC_ADD(b->tree, header, uvc_extension_unit);
    xu->bUnitID = XU;
    memset(xu->guidExtensionCode, 0x5a, sizeof(xu->guidExtensionCode));
    xu->bNumControls = 3;
    DESC_VARS(b->tree, xu, baSourceID, 1)[0] = PU;
    DESC_VARS(b->tree, xu, bmControls, 1)[0] = 0x07;

    if (!is_15(b))
        return;
    struct uvc_encoding_unit *eu = DESC_ADD(b->tree, header, uvc_encoding_unit);
    eu->bUnitID = EU;
    eu->bSourceID = XU;
    DESC_VARS(b->tree, eu, bmControls, 3)[0] = 0x07;
    DESC_VARS(b->tree, eu, bmControlsRuntime, 3)[0] = 0x03;
}

static void add_outputs(Build *b, struct uvc_vc_header *header)
{
    struct uvc_output_terminal *ot = DESC_ADD(b->tree, header, uvc_output_terminal);
    ot->bTerminalID = OT;
    ot->wTerminalType = TT_STREAMING;
    ot->bSourceID = is_15(b) ? EU : XU;

    struct uvc_media_transport_output_terminal *tape =
        DESC_ADD(b->tree, header, uvc_media_transport_output_terminal);
    tape->bTerminalID = MTT_OUT;
    tape->bAssocTerminal = MTT_IN;
    tape->bSourceID = PU;
    DESC_VARS(b->tree, tape, bmControls, 1)[0] = 0x01;
    DESC_VARS(b->tree, tape, bmTransportModes, 2)[0] = 0x01;

    struct uvc_output_terminal *display = DESC_ADD(b->tree, header, uvc_output_terminal);
    display->bTerminalID = DISPLAY;
    display->wTerminalType = OTT_DISPLAY;
    display->bSourceID = USB_IN;
}

static struct usb_interface *add_interface(Build *b, struct vcam_config_descriptor *config,
                                           uint8_t number, uint8_t alternate, uint8_t subclass)
{
    struct usb_interface *interface = DESC_ADD(b->tree, config, usb_interface);
    interface->bInterfaceNumber = number;
    interface->bAlternateSetting = alternate;
    interface->bInterfaceClass = CC_VIDEO;
    interface->bInterfaceSubClass = subclass;
    interface->bInterfaceProtocol = is_15(b);
    return interface;
}

static struct usb_endpoint *add_endpoint(Build *b, struct usb_interface *interface, uint8_t address,
                                         uint8_t attributes, uint16_t size, uint8_t interval)
{
    struct usb_endpoint *endpoint = DESC_ADD(b->tree, interface, usb_endpoint);
    endpoint->bEndpointAddress = address;
    endpoint->bmAttributes = attributes;
    endpoint->wMaxPacketSize = size;
    endpoint->bInterval = interval;
    if (is_super(b)) {
        struct usb_ss_endpoint_companion *c =
            DESC_ADD(b->tree, endpoint, usb_ss_endpoint_companion);
        c->wBytesPerInterval = (attributes & 3) == 2 ? 0 : size;
    }
    return endpoint;
}

static void add_video_control(Build *b, struct vcam_config_descriptor *config)
{
    struct usb_interface *interface = add_interface(b, config, 0, 0, SC_VIDEOCONTROL);
    interface->iInterface = 4;
    struct uvc_vc_header *header = DESC_ADD(b->tree, interface, uvc_vc_header);
    header->bcdUVC = b->camera->bcdUVC;
    header->dwClockFrequency = 48000000;
    memcpy(DESC_VARS(b->tree, header, baInterfaceNr, 2), ((uint8_t[]){1, 2}), 2);
    add_inputs(b, header);
    add_units(b, header);
    add_outputs(b, header);

    struct usb_endpoint *status = add_endpoint(b, interface, 0x82, 3, 16, 8);
    DESC_ADD(b->tree, status, uvc_cs_interrupt_endpoint)->wMaxTransferSize = 16;
}

/* ---- VideoStreaming ---- */

static uint32_t bit_rate(uint32_t size, uint32_t interval)
{
    return (uint32_t)(size * UINT64_C(80000000) / interval);
}

static void add_color(Build *b, void *format)
{
    struct uvc_vs_color_matching *color = DESC_ADD(b->tree, format, uvc_vs_color_matching);
    color->bColorPrimaries = 1;
    color->bTransferCharacteristics = 1;
    color->bMatrixCoefficients = 4;
}

static void add_still(Build *b, void *format)
{
    struct uvc_vs_still_image_frame *still = DESC_ADD(b->tree, format, uvc_vs_still_image_frame);
    uint16_t *size = DESC_VARS(b->tree, still, wWidthHeight, 2);
    size[0] = b->wWidth;
    size[1] = b->wHeight;
    DESC_VARS(b->tree, still, bCompression, 1)[0] = 5;
}

static void add_raw_frame(Build *b, void *format, uint8_t index, uint16_t width, uint16_t height)
{
    struct uvc_vs_frame_uncompressed *frame = DESC_ADD(b->tree, format, uvc_vs_frame_uncompressed);
    uint32_t size = width * height * 2u, *interval = DESC_VARS(b->tree, frame, dwFrameInterval, 2);
    interval[0] = b->interval;
    interval[1] = 2 * b->interval;
    frame->bFrameIndex = index;
    frame->wWidth = width;
    frame->wHeight = height;
    frame->dwMinBitRate = bit_rate(size, interval[1]);
    frame->dwMaxBitRate = bit_rate(size, interval[0]);
    frame->dwMaxVideoFrameBufferSize = size;
    frame->dwDefaultFrameInterval = interval[0];
}

static void add_uncompressed(Build *b, struct uvc_vs_input_header *header, uint8_t index)
{
    struct uvc_vs_format_uncompressed *format =
        DESC_ADD(b->tree, header, uvc_vs_format_uncompressed);
    format->bFormatIndex = index;
    memcpy(format->guidFormat, YUY2, 16);
    format->bBitsPerPixel = 16;
    format->bDefaultFrameIndex = 1;
    add_raw_frame(b, format, 1, b->wWidth, b->wHeight);
    add_raw_frame(b, format, 2, b->wWidth / 2, b->wHeight / 2);
    add_still(b, format);
    add_color(b, format);
}

static void add_mjpeg(Build *b, void *header, uint8_t index)
{
    struct uvc_vs_format_mjpeg *format = DESC_ADD(b->tree, header, uvc_vs_format_mjpeg);
    format->bFormatIndex = index;
    format->bDefaultFrameIndex = 1;
    for (uint8_t i = 1; i <= 2; i++) {
        struct uvc_vs_frame_mjpeg *frame = DESC_ADD(b->tree, format, uvc_vs_frame_mjpeg);
        frame->bFrameIndex = i;
        frame->wWidth = 640 * i;
        frame->wHeight = 360 * i;
        frame->dwMinBitRate = 1000000;
        frame->dwMaxBitRate = 8000000;
        frame->dwMaxVideoFrameBufferSize = 640 * 360 * 2 * i;
        frame->dwDefaultFrameInterval = 333333;
        uint32_t *interval = DESC_VARS(b->tree, frame, dwFrameInterval, 3);
        interval[0] = 333333;
        interval[1] = i == 1 ? 400000 : 1000000;
        interval[2] = i == 1 ? 666666 : 666667;
        if (i == 2) /* continuous: shortest, longest, step */
            frame->bFrameIntervalType = 0;
    }
    add_color(b, format);
}

static void add_frame_based(Build *b, void *header, uint8_t index)
{
    struct uvc_vs_format_frame_based *format = DESC_ADD(b->tree, header, uvc_vs_format_frame_based);
    format->bFormatIndex = index;
    memcpy(format->guidFormat, H264, 16);
    format->bBitsPerPixel = 16;
    format->bDefaultFrameIndex = 1;
    format->bVariableSize = 1;
    struct uvc_vs_frame_frame_based *frame = DESC_ADD(b->tree, format, uvc_vs_frame_frame_based);
    frame->bFrameIndex = 1;
    frame->wWidth = 1920;
    frame->wHeight = 1080;
    frame->dwMinBitRate = 1000000;
    frame->dwMaxBitRate = 8000000;
    frame->dwDefaultFrameInterval = 333333;
    DESC_VARS(b->tree, frame, dwFrameInterval, 1)[0] = 333333;
    add_color(b, format);
}

static void add_h264(Build *b, void *header, enum desc_kind kind, uint8_t index)
{
    /* Both kinds have the same fields. */
    struct uvc_vs_format_h264 *format = desc_add(b->tree, header, kind);
    format->bFormatIndex = index;
    format->bDefaultFrameIndex = 1;
    format->bMaxCodecConfigDelay = 1;
    format->bmSupportedRateControlModes = 1;
    struct uvc_vs_frame_h264 *frame = DESC_ADD(b->tree, format, uvc_vs_frame_h264);
    frame->bFrameIndex = 1;
    frame->wWidth = 1280;
    frame->wHeight = 720;
    frame->wSARwidth = frame->wSARheight = 1;
    frame->wProfile = 0x4240;
    frame->bLevelIDC = 31;
    frame->dwMinBitRate = 1000000;
    frame->dwMaxBitRate = 8000000;
    frame->dwDefaultFrameInterval = 333333;
    DESC_VARS(b->tree, frame, dwFrameInterval, 1)[0] = 333333;
}

static void add_vp8(Build *b, void *header, enum desc_kind kind, uint8_t index)
{
    struct uvc_vs_format_vp8 *format = desc_add(b->tree, header, kind);
    format->bFormatIndex = index;
    format->bDefaultFrameIndex = 1;
    format->bMaxCodecConfigDelay = 1;
    format->bmSupportedRateControlModes = 1;
    struct uvc_vs_frame_vp8 *frame = DESC_ADD(b->tree, format, uvc_vs_frame_vp8);
    frame->bFrameIndex = 1;
    frame->wWidth = 1280;
    frame->wHeight = 720;
    frame->dwMinBitRate = 1000000;
    frame->dwMaxBitRate = 8000000;
    frame->dwDefaultFrameInterval = 333333;
    DESC_VARS(b->tree, frame, dwFrameInterval, 1)[0] = 333333;
}

static uint8_t add_stream_formats(Build *b, void *header, uint8_t index)
{
    struct uvc_vs_format_mpeg2ts *ts = DESC_ADD(b->tree, header, uvc_vs_format_mpeg2ts);
    ts->bFormatIndex = ++index;
    ts->bPacketLength = ts->bStrideLength = 188;
    struct uvc_vs_format_dv *dv = DESC_ADD(b->tree, header, uvc_vs_format_dv);
    dv->bFormatIndex = ++index;
    dv->dwMaxVideoFrameBufferSize = 144000;
    if (b->camera->bcdUVC < 0x0110)
        return index;
    struct uvc_vs_format_stream_based *stream =
        DESC_ADD(b->tree, header, uvc_vs_format_stream_based);
    stream->bFormatIndex = ++index;
    memcpy(stream->guidFormat, H264, 16);
    stream->dwPacketLength = 1024;
    return index;
}

static void add_formats(Build *b, struct uvc_vs_input_header *header)
{
    uint8_t index = 0;
    add_uncompressed(b, header, ++index);
    add_mjpeg(b, header, ++index);
    if (b->camera->bcdUVC >= 0x0110)
        add_frame_based(b, header, ++index);
    index = add_stream_formats(b, header, index);
    if (!is_15(b))
        return;
    add_h264(b, header, DESC_KIND_uvc_vs_format_h264, ++index);
    add_h264(b, header, DESC_KIND_uvc_vs_format_h264_simulcast, ++index);
    add_vp8(b, header, DESC_KIND_uvc_vs_format_vp8, ++index);
    add_vp8(b, header, DESC_KIND_uvc_vs_format_vp8_simulcast, ++index);
}

static uint16_t bulk_size(const Build *b)
{
    return is_super(b) ? 1024 : b->camera->speed == DESC_SPEED_HIGH ? 512 : 64;
}

static void add_iso(Build *b, struct vcam_config_descriptor *config)
{
    static const uint16_t high[] = {0x0200, 0x0b20, 0x1400}, full[] = {256, 512, 1023};
    for (uint8_t i = 0; i < 3; i++) {
        struct usb_interface *vs = add_interface(b, config, 1, i + 1, SC_VIDEOSTREAMING);
        uint16_t size = is_super(b)                           ? 1024
                        : b->camera->speed == DESC_SPEED_HIGH ? high[i]
                                                              : full[i];
        struct usb_endpoint *endpoint = add_endpoint(b, vs, 0x81, 5, size, 1);
        struct usb_ss_endpoint_companion *c =
            DESC_CAST(usb_ss_endpoint_companion, endpoint->node.first);
        if (c) {
            c->bMaxBurst = i;
            c->wBytesPerInterval = 1024 * (i + 1);
            if (i < 2)
                continue;
            c->bMaxBurst = 15; /* more than 48 KiB: SuperSpeedPlus */
            c->bmAttributes = 0x80;
            c->wBytesPerInterval = 16384;
            DESC_ADD(b->tree, endpoint, usb_ssp_iso_endpoint_companion)->dwBytesPerInterval = 65536;
        }
    }
}

static void add_video_streaming(Build *b, struct vcam_config_descriptor *config)
{
    struct usb_interface *vs = add_interface(b, config, 1, 0, SC_VIDEOSTREAMING);
    struct uvc_vs_input_header *header = DESC_ADD(b->tree, vs, uvc_vs_input_header);
    header->bEndpointAddress = 0x81;
    header->bTerminalLink = OT;
    header->bStillCaptureMethod = 2;
    header->bTriggerSupport = 1;
    header->bControlSize = 1;
    add_formats(b, header);
    if (b->camera->bulk)
        add_endpoint(b, vs, 0x81, 2, bulk_size(b), 0);
    else
        add_iso(b, config);

    struct usb_interface *sink = add_interface(b, config, 2, 0, SC_VIDEOSTREAMING);
    struct uvc_vs_output_header *output = DESC_ADD(b->tree, sink, uvc_vs_output_header);
    output->bEndpointAddress = 0x03;
    output->bTerminalLink = USB_IN;
    output->bControlSize = 1;
    add_mjpeg(b, output, 1);
    add_endpoint(b, sink, 0x03, 2, bulk_size(b), 0);
}

/* ---- The device ---- */

static void add_strings(Build *b)
{
    static const char *const texts[] = {"Ab", "Camera", "0001", "Camera"};
    struct usb_string *languages = DESC_ADD(b->tree, NULL, usb_string);
    DESC_VARS(b->tree, languages, bString, 1)[0] = 0x0409;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        struct usb_string *string = DESC_ADD(b->tree, NULL, usb_string);
        uint16_t *units = DESC_VARS(b->tree, string, bString, strlen(texts[i]));
        for (size_t n = 0; texts[i][n]; n++)
            units[n] = (uint8_t)texts[i][n];
    }
}

static void add_qualifier(Build *b)
{
    struct usb_device_qualifier *q = DESC_ADD(b->tree, NULL, usb_device_qualifier);
    q->bcdUSB = 0x0200;
    q->bDeviceClass = 0xef;
    q->bDeviceSubClass = 2;
    q->bDeviceProtocol = 1;
    q->bMaxPacketSize0 = 64;
    q->bNumConfigurations = 1;
}

static void add_bos(Build *b)
{
    static const uint8_t ms_os_20[16] = {0xdf, 0x60, 0xdd, 0xd8, 0x89, 0x45, 0xc7, 0x4c,
                                         0x9c, 0xd2, 0x65, 0x9d, 0x9e, 0x64, 0x8a, 0x9f};
    struct usb_bos *bos = DESC_ADD(b->tree, NULL, usb_bos);
    DESC_ADD(b->tree, bos, usb_cap_usb_2_0_extension)->bmAttributes = 2;
    struct usb_cap_superspeed *super = DESC_ADD(b->tree, bos, usb_cap_superspeed);
    super->wSpeedsSupported = 0x0e;
    super->bFunctionalitySupport = 1;
    super->bU1DevExitLat = 10;
    super->wU2DevExitLat = 100;
    struct usb_cap_container_id *container = DESC_ADD(b->tree, bos, usb_cap_container_id);
    memset(container->ContainerID, 0x11, 16);
    struct usb_cap_platform *platform = DESC_ADD(b->tree, bos, usb_cap_platform);
    memcpy(platform->PlatformCapabilityUUID, ms_os_20, 16);
    DESC_VARS(b->tree, platform, CapabilityData, 8)[3] = 0x06;
    struct usb_cap_superspeed_plus *plus = DESC_ADD(b->tree, bos, usb_cap_superspeed_plus);
    plus->bmAttributes = 1;
    DESC_VARS(b->tree, plus, bmSublinkSpeedAttr, 2)[0] = 0x000a4030;
    DESC_ADD(b->tree, bos, usb_cap_precision_time_measurement);
    struct usb_cap_configuration_summary *summary =
        DESC_ADD(b->tree, bos, usb_cap_configuration_summary);
    summary->bcdVersion = 0x0100;
    DESC_VARS(b->tree, summary, bConfigurationIndex, 1);
}

static void add_device(Build *b)
{
    struct vcam_dev_descriptor *device = DESC_ADD(b->tree, NULL, vcam_dev_descriptor);
    device->bcdUSB = is_super(b) ? 0x0320 : 0x0200;
    device->bDeviceClass = 0xef;
    device->bDeviceSubClass = 2;
    device->bDeviceProtocol = 1;
    device->bMaxPacketSize0 = is_super(b) ? 9 : 64;
    device->idVendor = 0x1209;
    device->idProduct = 1;
    device->bcdDevice = 0x0100;
    device->iManufacturer = 1;
    device->iProduct = 2;
    device->iSerialNumber = 3;

    struct vcam_config_descriptor *config = DESC_ADD(b->tree, device, vcam_config_descriptor);
    config->bConfigurationValue = 1;
    config->bmAttributes = 0x80;
    config->bMaxPower = 50;
    struct usb_interface_association *function =
        DESC_ADD(b->tree, config, usb_interface_association);
    function->bInterfaceCount = 3;
    function->bFunctionClass = CC_VIDEO;
    function->bFunctionSubClass = SC_VIDEO_INTERFACE_COLLECTION;
    function->iFunction = 4;
    add_video_control(b, config);
    add_video_streaming(b, config);
}

GByteArray *lint_camera(const Camera *camera)
{
    bool full = camera->speed == DESC_SPEED_FULL;
    Build b = {camera, desc_tree_new(camera->bcdUVC), full ? 128 : 640, full ? 96 : 480,
               full ? 666666 : 333333};
    GByteArray *bytes = g_byte_array_new();

    add_strings(&b);
    if (is_super(&b))
        add_bos(&b);
    else
        add_qualifier(&b);
    add_device(&b);
    g_assert_cmpint(desc_derive(b.tree), ==, 0);
    g_byte_array_set_size(bytes, desc_tree_root(b.tree)->node.total);
    g_assert_cmpint(desc_pack(desc_tree_root(b.tree), bytes->data, bytes->len), ==, bytes->len);
    desc_tree_free(b.tree);
    return bytes;
}

struct desc_lint_options lint_camera_options(const Camera *camera)
{
    return (struct desc_lint_options){
        .known = DESC_KNOWN_STRINGS | DESC_KNOWN_BOS | DESC_KNOWN_QUALIFIER,
        .speed = camera->speed,
    };
}
