/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small high-speed camera as a builder makes it, for the tests that need a whole tree. */
#pragma once

#include <string.h>

#include "descriptors/desc.h"

static inline void camera_control(struct desc_tree *tree, struct vcam_config_descriptor *config)
{
    struct usb_interface *vc = DESC_ADD(tree, config, usb_interface);
    vc->bInterfaceClass = CC_VIDEO;
    vc->bInterfaceSubClass = SC_VIDEOCONTROL;
    vc->iInterface = 2;

    struct uvc_vc_header *header = DESC_ADD(tree, vc, uvc_vc_header);
    header->bcdUVC = 0x0110;
    header->dwClockFrequency = 48000000;
    DESC_VARS(tree, header, baInterfaceNr, 1)[0] = 1;

    struct uvc_camera_terminal *terminal = DESC_ADD(tree, header, uvc_camera_terminal);
    terminal->bTerminalID = 1;
    DESC_VARS(tree, terminal, bmControls, 3)[1] = 0x02;

    struct uvc_processing_unit *unit = DESC_ADD(tree, header, uvc_processing_unit);
    unit->bUnitID = 2;
    unit->bSourceID = 1;
    DESC_VARS(tree, unit, bmControls, 2)[0] = 0x03;

    struct uvc_output_terminal *output = DESC_ADD(tree, header, uvc_output_terminal);
    output->bTerminalID = 3;
    output->wTerminalType = TT_STREAMING;
    output->bSourceID = 2;

    struct usb_endpoint *status = DESC_ADD(tree, vc, usb_endpoint);
    status->bEndpointAddress = 0x82;
    status->bmAttributes = 3;
    status->wMaxPacketSize = 16;
    status->bInterval = 8;
    DESC_ADD(tree, status, uvc_cs_interrupt_endpoint)->wMaxTransferSize = 16;
}

static inline struct uvc_vs_format_uncompressed *
camera_yuy2(struct desc_tree *tree, struct uvc_vs_input_header *header, uint8_t index)
{
    static const uint8_t yuy2[16] = "YUY2\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71";
    struct uvc_vs_format_uncompressed *raw = DESC_ADD(tree, header, uvc_vs_format_uncompressed);

    raw->bFormatIndex = index;
    memcpy(raw->guidFormat, yuy2, sizeof(yuy2));
    raw->bBitsPerPixel = 16;
    raw->bDefaultFrameIndex = 1;
    return raw;
}

static inline void camera_formats(struct desc_tree *tree, struct uvc_vs_input_header *header)
{
    struct uvc_vs_format_uncompressed *raw = camera_yuy2(tree, header, 1);
    struct uvc_vs_frame_uncompressed *vga = DESC_ADD(tree, raw, uvc_vs_frame_uncompressed);
    vga->bFrameIndex = 1;
    vga->wWidth = 640;
    vga->wHeight = 480;
    vga->dwMinBitRate = 73728000;
    vga->dwMaxBitRate = 147456000;
    vga->dwMaxVideoFrameBufferSize = 614400;
    vga->dwDefaultFrameInterval = 333333;
    uint32_t *interval = DESC_VARS(tree, vga, dwFrameInterval, 2);
    interval[0] = 333333;
    interval[1] = 666666;
    struct uvc_vs_color_matching *color = DESC_ADD(tree, raw, uvc_vs_color_matching);
    color->bColorPrimaries = 1;
    color->bTransferCharacteristics = 1;
    color->bMatrixCoefficients = 4;

    struct uvc_vs_format_mjpeg *mjpeg = DESC_ADD(tree, header, uvc_vs_format_mjpeg);
    mjpeg->bFormatIndex = 2;
    mjpeg->bDefaultFrameIndex = 1;
    struct uvc_vs_frame_mjpeg *any = DESC_ADD(tree, mjpeg, uvc_vs_frame_mjpeg);
    any->bFrameIndex = 1;
    any->wWidth = 1280;
    any->wHeight = 720;
    any->dwDefaultFrameInterval = 333333;
    interval = DESC_VARS(tree, any, dwFrameInterval, 3); /* shortest, longest, step */
    interval[0] = 333333;
    interval[1] = 10000000;
    interval[2] = 1;
    any->bFrameIntervalType = 0;
}

/* An alternate setting for each size of packets, the first one without; returns the first one's
   header, without formats. */
static inline struct uvc_vs_input_header *camera_alternates(struct desc_tree *tree,
                                                            struct vcam_config_descriptor *config,
                                                            const uint16_t *packets, size_t count)
{
    struct uvc_vs_input_header *header = NULL;

    for (uint8_t alternate = 0; alternate < count; alternate++) {
        struct usb_interface *vs = DESC_ADD(tree, config, usb_interface);
        vs->bInterfaceNumber = 1;
        vs->bAlternateSetting = alternate;
        vs->bInterfaceClass = CC_VIDEO;
        vs->bInterfaceSubClass = SC_VIDEOSTREAMING;
        if (alternate == 0) {
            header = DESC_ADD(tree, vs, uvc_vs_input_header);
            header->bEndpointAddress = 0x81;
            header->bTerminalLink = 3;
            header->bControlSize = 1;
            continue;
        }
        struct usb_endpoint *stream = DESC_ADD(tree, vs, usb_endpoint);
        stream->bEndpointAddress = 0x81;
        stream->bmAttributes = 5;
        stream->wMaxPacketSize = packets[alternate];
        stream->bInterval = 1;
    }
    return header;
}

static inline void camera_streaming(struct desc_tree *tree, struct vcam_config_descriptor *config)
{
    static const uint16_t packets[] = {0, 0x0400, 0x1400};

    camera_formats(tree, camera_alternates(tree, config, packets, 3));
}

/* Device > configuration > all that a camera needs. Not yet derived. */
static inline struct vcam_dev_descriptor *camera_build(struct desc_tree *tree)
{
    struct vcam_dev_descriptor *device = DESC_ADD(tree, NULL, vcam_dev_descriptor);
    device->bcdUSB = 0x0200;
    device->bDeviceClass = 0xef;
    device->bDeviceSubClass = 2;
    device->bDeviceProtocol = 1;
    device->bMaxPacketSize0 = 64;
    device->idVendor = 0x46f4;
    device->idProduct = 0x0002;

    struct vcam_config_descriptor *config = DESC_ADD(tree, device, vcam_config_descriptor);
    config->bConfigurationValue = 1;
    config->bmAttributes = 0x80;
    config->bMaxPower = 250;

    struct usb_interface_association *camera = DESC_ADD(tree, config, usb_interface_association);
    camera->bInterfaceCount = 2;
    camera->bFunctionClass = CC_VIDEO;
    camera->bFunctionSubClass = SC_VIDEO_INTERFACE_COLLECTION;
    camera->iFunction = 2;

    camera_control(tree, config);
    camera_streaming(tree, config);
    return device;
}
