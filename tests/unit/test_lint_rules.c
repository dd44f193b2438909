/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each rule of the table, by a fault that makes it speak, at the byte that is at fault. */
#include <string.h>

#include "tests/unit/lint_fixture.h"

static const Camera H10 = {0x0100, DESC_SPEED_HIGH, false}, H11 = {0x0110, DESC_SPEED_HIGH, false},
                    H15 = {0x0150, DESC_SPEED_HIGH, true}, S11 = {0x0110, DESC_SPEED_SUPER, false},
                    F11 = {0x0110, DESC_SPEED_FULL, false};

typedef struct {
    const char *rule;
    const Camera *camera; /* valid */
    const char *edits;    /* what breaks it: see lint_fixture.h */
    const char *at;       /* where the rule speaks, in the broken tree */
} Row;

/* A second camera function like the first's VideoControl, and other pieces, as bytes. */
#define TINY_FRAME                                                                                 \
    "1a2407030000050004"                                                                           \
    "00000000"                                                                                     \
    "00000000"                                                                                     \
    "00000000"                                                                                     \
    "00000000"                                                                                     \
    "00"

static const Row rows[] = {
    /* Hosts and applications */
    {"W1a", &H11, "vcam_dev_descriptor.bDeviceClass=0", "vcam_dev_descriptor.bDeviceClass"},
    {"W1a", &H11, "vcam_dev_descriptor.bDeviceSubClass=1", "vcam_dev_descriptor.bDeviceSubClass"},
    {"W1a", &H11, "vcam_dev_descriptor.bDeviceProtocol=0", "vcam_dev_descriptor.bDeviceProtocol"},
    {"W1b", &H11, "-usb_interface_association derive", "usb_interface.bInterfaceNumber"},
    {"W2", &H11, "uvc_vs_frame_uncompressed.dwFrameInterval[1]=200000",
     "uvc_vs_frame_uncompressed.dwFrameInterval[1]"},
    {"W2", &H15, "uvc_vs_frame_mjpeg.dwFrameInterval[2]=333333",
     "uvc_vs_frame_mjpeg.dwFrameInterval[2]"},
    {"W3", &H15, "", "uvc_vc_header.bcdUVC"},
    {"W6", &H11, "-uvc_vs_format_uncompressed derive", "uvc_vs_format_mjpeg"},
    {"W7a", &H11, "vcam_dev_descriptor.iSerialNumber=0", "vcam_dev_descriptor.iSerialNumber"},
    {"W7b", &H11, "usb_interface_association.iFunction=0", "usb_interface_association.iFunction"},
    {"W8", &S11, "vcam_dev_descriptor.bMaxPacketSize0=64", "vcam_dev_descriptor.bMaxPacketSize0"},
    {"W10", &H11, "vcam_dev_descriptor.bcdUSB=0x0210", "vcam_dev_descriptor.bcdUSB"},
    {"M1", &H11, "vcam_config_descriptor.bConfigurationValue=2",
     "vcam_config_descriptor.bConfigurationValue"},
    {"L3a", &H11, "uvc_vc_header<10", "uvc_vc_header"},
    {"L3b", &H11, "uvc_vs_input_header<11", "uvc_vs_input_header"},
    {"L3b", &H11, "uvc_vs_output_header<7", "uvc_vs_output_header"},
    {"L3c", &H11, "uvc_camera_terminal<14", "uvc_camera_terminal"},
    {"L3d", &H11, "uvc_processing_unit<11", "uvc_processing_unit"}, /* as UVC 1.00 has it */
    {"L3d", &H10, "uvc_processing_unit<7", "uvc_processing_unit"},
    {"L3e", &H11, "uvc_output_terminal<8", "uvc_output_terminal"},
    {"L3f", &H11, "uvc_vs_frame_mjpeg<20", "uvc_vs_frame_mjpeg"},
    {"L3g", &H11, "uvc_vs_format_mjpeg<10", "uvc_vs_format_mjpeg"},
    {"L3h", &H15, "uvc_processing_unit.bControlSize=2 derive", "uvc_processing_unit.bControlSize"},
    {"L3i", &H11, "uvc_camera_terminal.bControlSize=4 uvc_camera_terminal~1 derive",
     "uvc_camera_terminal.bControlSize"},
    {"L4", &H11, "uvc_output_terminal.wTerminalType=1", "uvc_output_terminal.wTerminalType"},
    {"L5a", &H15, "-usb_endpoint#2 derive", "usb_interface#2"},
    {"L5b", &H11,
     "usb_endpoint#2.bmAttributes=2 usb_endpoint#3.bmAttributes=2 "
     "usb_endpoint#4.bmAttributes=2",
     "usb_interface#2"},
    {"L9", &H11,
     "uvc_vs_format_uncompressed.guidFormat=58585858000010008000"
     "00aa00389b71",
     "uvc_vs_format_uncompressed.guidFormat"},
    {"A1", &H11, "-uvc_vs_format_mjpeg -uvc_vs_format_uncompressed derive", "uvc_vs_input_header"},
    {"A2a", &H11, "uvc_vs_frame_mjpeg.wWidth=641", "uvc_vs_frame_mjpeg.wWidth"},
    {"A2a", &H11, "uvc_vs_frame_mjpeg.wHeight=361", "uvc_vs_frame_mjpeg.wHeight"},
    {"A2b", &H11, "uvc_vs_frame_mjpeg.wWidth=648", "uvc_vs_frame_mjpeg.wWidth"},

    /* Known-bad shapes */
    {"K1a", &H11,
     "uvc_vs_format_dv>1e2400010000050004"
     "00000000000000000000000000000000"
     "0115160500 derive",
     "usb_cs_interface.bDescriptorSubtype"},
    {"K1b", &H11, "uvc_vs_frame_mjpeg#2.bDescriptorSubtype=0",
     "usb_cs_interface.bDescriptorSubtype"},
    {"K2", &H11, "uvc_vs_format_mjpeg<3", "uvc_vs_format_mjpeg"},
    {"K2", &H11, "uvc_vs_format_dv!3", "usb_raw"},
    {"K3a", &H11, "uvc_extension_unit.bUnitID=0", "uvc_extension_unit.bUnitID"},
    {"K3a", &H11, "uvc_camera_terminal.bTerminalID=0", "uvc_camera_terminal.bTerminalID"},
    {"K3b", &H11, "uvc_extension_unit.bUnitID=2", "uvc_extension_unit.bUnitID"},
    {"K4", &H11, "uvc_extension_unit.bUnitID=3 uvc_output_terminal.bSourceID=2",
     "uvc_output_terminal.bTerminalID"},
    {"K5a", &H11, "uvc_extension_unit.baSourceID[0]=4", "uvc_extension_unit.baSourceID"},
    {"K5b", &H11, "uvc_selector_unit.baSourceID[1]=4", "uvc_selector_unit.baSourceID[1]"},
    {"K6a", &H11, "uvc_input_terminal.wTerminalType=0x8401", "uvc_input_terminal.wTerminalType"},
    {"K6b", &H11, "uvc_input_terminal.wTerminalType=0x0001", "uvc_input_terminal.wTerminalType"},
    {"K7a", &H11, "uvc_processing_unit.bSourceID=12", "uvc_processing_unit.bSourceID"},
    {"K7b", &H11, "uvc_selector_unit.bNrInPins=0 uvc_selector_unit<6",
     "uvc_selector_unit.bNrInPins"},
    {"K8", &H11, "uvc_vs_frame_mjpeg.bFrameIntervalType=9",
     "uvc_vs_frame_mjpeg.bFrameIntervalType"},
    {"K8", &H15, "uvc_vs_frame_h264.bNumFrameIntervals=2", "uvc_vs_frame_h264.bNumFrameIntervals"},
    {"K9a", &H11, "uvc_vs_frame_uncompressed.dwFrameInterval[0]=0",
     "uvc_vs_frame_uncompressed.dwFrameInterval[0]"},
    {"K9b", &H11, "uvc_vs_frame_mjpeg.dwMaxVideoFrameBufferSize=0",
     "uvc_vs_frame_mjpeg.dwMaxVideoFrameBufferSize"},
    {"K9b", &H11, "uvc_vs_frame_mjpeg.dwMaxVideoFrameBufferSize=0xffffffff",
     "uvc_vs_frame_mjpeg.dwMaxVideoFrameBufferSize"},
    {"K9c", &H11,
     "usb_endpoint>0824020d0104"
     "0000 derive",
     "uvc_input_terminal#3"},
    {"K10a", &H11, "uvc_processing_unit.bControlSize=255", "uvc_processing_unit.bControlSize"},
    {"K10b", &H11, "uvc_extension_unit.bNrInPins=255", "uvc_extension_unit.bNrInPins"},
    {"K10c", &H11, "uvc_vc_header.baInterfaceNr[1]=0", "uvc_vc_header.baInterfaceNr[1]"},
    {"K10d", &H11, "uvc_vc_header.baInterfaceNr[1]=77", "uvc_vc_header.baInterfaceNr[1]"},
    {"K10e", &H11, "uvc_vc_header.bInCollection=255", "uvc_vc_header.bInCollection"},
    {"K11a", &H11, "usb_endpoint#2!5", "usb_raw"},
    {"K11b", &H11, "usb_interface_association<6", "usb_interface_association"},
    {"K12a", &H11, "uvc_vs_format_mjpeg.bFormatIndex=0", "uvc_vs_format_mjpeg.bFormatIndex"},
    {"K12b", &H11, "uvc_vs_frame_mjpeg.bFrameIndex=0", "uvc_vs_frame_mjpeg.bFrameIndex"},
    {"K12c", &H11, "uvc_vs_format_mjpeg.bFormatIndex=200", "uvc_vs_format_mjpeg.bFormatIndex"},
    {"K12d", &H11, "uvc_vs_frame_mjpeg#2.bFrameIndex=200", "uvc_vs_frame_mjpeg#2.bFrameIndex"},
    {"K13a", &H11, "usb_endpoint.bEndpointAddress=0x81", "usb_endpoint#2.bEndpointAddress"},
    {"K13a", &H11, "*usb_endpoint#2 derive", "usb_endpoint#3.bEndpointAddress"},
    {"K13b", &H11, "usb_endpoint.bEndpointAddress=0xf2", "usb_endpoint.bEndpointAddress"},
    {"K13b", &H11, "usb_endpoint.bmAttributes=0xc3", "usb_endpoint.bmAttributes"},
    {"K13c", &S11, "usb_ss_endpoint_companion<4", "usb_ss_endpoint_companion"},
    {"K14a", &H11, "uvc_vs_format_mjpeg.bNumFrameDescriptors=6",
     "uvc_vs_format_mjpeg.bNumFrameDescriptors"},
    {"K14b", &H11, "uvc_vs_output_header.bNumFormats=0", "uvc_vs_output_header.bNumFormats"},
    {"K14c", &H11, "vcam_config_descriptor.bNumInterfaces=2",
     "vcam_config_descriptor.bNumInterfaces"},
    {"K14d", &H11, "vcam_config_descriptor.wTotalLength=100",
     "vcam_config_descriptor.wTotalLength"},
    {"K14e", &H11, "uvc_vc_header.wTotalLength=100", "uvc_vc_header.wTotalLength"},
    {"K14f", &H11, "uvc_vs_input_header.wTotalLength=9999", "uvc_vs_input_header.wTotalLength"},
    {"K14g", &S11, "usb_bos.wTotalLength=5", "usb_bos.wTotalLength"},

    /* Any descriptor */
    {"LEN1", &H11, "uvc_vs_frame_mjpeg.bLength=1", "usb_raw"},
    {"LEN2", &H11, "usb_endpoint#5.bLength=9", "usb_raw"},
    {"LEN3", &H11, "usb_endpoint#5!1", "usb_raw"},
    {"LEN4", &H11, "usb_device_qualifier<6", "usb_device_qualifier"},
    {"LEN4", &H11, "uvc_vs_color_matching<4", "uvc_vs_color_matching"},
    {"LEN5", &H11, "usb_endpoint<6", "usb_endpoint"},
    {"LEN5", &H11, "vcam_dev_descriptor<16", "vcam_dev_descriptor"},
    {"LEN6", &H11, "uvc_output_terminal~2", "uvc_output_terminal"},
    {"LEN8", &H11, "uvc_vs_still_image_frame.bNumImageSizePatterns=9",
     "uvc_vs_still_image_frame.bNumImageSizePatterns"},
    {"TYPE2", &H11, "uvc_vs_input_header+04ee0000 derive", "usb_raw"},
    {"TYPE3", &H11, "uvc_vc_header+0424f000 derive", "usb_cs_interface.bDescriptorSubtype"},
    {"RANGE1", &H11, "uvc_vs_input_header.bTriggerSupport=2",
     "uvc_vs_input_header.bTriggerSupport"},
    {"RANGE1", &H11, "uvc_vs_format_mjpeg.bCopyProtect=2", "uvc_vs_format_mjpeg.bCopyProtect"},
    {"BITS1", &H11, "uvc_camera_terminal.bmControls[1]=0x82", "uvc_camera_terminal.bmControls[1]"},
    {"BITS1", &H11, "uvc_vs_input_header.bmaControls[2]=0x80",
     "uvc_vs_input_header.bmaControls[2]"},
    {"PLACE1", &H11, "vcam_config_descriptor+07058503080001 derive", "usb_endpoint"},
    {"PLACE2", &H11,
     "usb_interface+08240414010100"
     "00 derive",
     "uvc_selector_unit"},
    {"PLACE3", &H11, "usb_interface#2+0b24060101010101000000 derive", "uvc_vs_format_mjpeg"},
    {"PLACE4", &H11, "uvc_vs_input_header+" TINY_FRAME " derive", "uvc_vs_frame_mjpeg"},
    {"PLACE5", &H11, "uvc_vs_input_header+06240d010104 derive", "uvc_vs_color_matching"},
    {"PLACE6", &H11, "usb_interface#2.bAlternateSetting=4", "uvc_vs_input_header"},
    {"PLACE7", &H11, "*uvc_vc_header derive", "uvc_vc_header#2"},
    {"PLACE7", &H11, "*uvc_vs_output_header derive", "uvc_vs_output_header#2"},
    {"PLACE8", &H11, "usb_interface>080b00030e030004 -usb_interface_association derive",
     "usb_interface_association.bFirstInterface"},
    {"PLACE9", &S11, "usb_endpoint+04ee0000 derive", "usb_ss_endpoint_companion"},
    {"PLACE9", &H11, "usb_interface#2+063000000000 derive", "usb_ss_endpoint_companion"},
    {"TYPE4", &H11, "vcam_config_descriptor.bDescriptorType=0x41", "usb_raw"},
    {"PLACE11", &H11, "vcam_config_descriptor.bDescriptorType=0x41", "usb_interface_association"},
    {"PLACE12", &H11, "*vcam_dev_descriptor", "vcam_dev_descriptor#2"},
    {"PLACE12", &H11, "*usb_device_qualifier", "usb_device_qualifier#2"},
    {"PLACE12", &S11, "*usb_bos", "usb_bos#2"},
    {"PLACE10", &S11, "usb_interface+07100202000000 derive", "usb_cap_usb_2_0_extension#2"},

    /* Device, qualifier */
    {"DEV1", &H11, "vcam_dev_descriptor.bcdUSB=0x020a", "vcam_dev_descriptor.bcdUSB"},
    {"DEV1", &H11, "vcam_dev_descriptor.bcdUSB=0x0207", "vcam_dev_descriptor.bcdUSB"},
    {"DEV1", &H11, "vcam_dev_descriptor.bcdUSB=0x0002", "vcam_dev_descriptor.bcdUSB"},
    {"DEV2", &F11, "vcam_dev_descriptor.bMaxPacketSize0=9", "vcam_dev_descriptor.bMaxPacketSize0"},
    {"DEV2", &H11, "vcam_dev_descriptor.bMaxPacketSize0=8", "vcam_dev_descriptor.bMaxPacketSize0"},
    {"DEV3", &H11, "vcam_dev_descriptor.idVendor=0", "vcam_dev_descriptor.idVendor"},
    {"DEV4", &H11, "vcam_dev_descriptor.bNumConfigurations=0",
     "vcam_dev_descriptor.bNumConfigurations"},
    {"DEV5", &H11, "*vcam_config_descriptor", "vcam_dev_descriptor.bNumConfigurations"},
    {"DEV6", &H11, "vcam_dev_descriptor.iProduct=0", "vcam_dev_descriptor.iProduct"},
    {"DEV7", &H11, "vcam_dev_descriptor.iSerialNumber=2", "vcam_dev_descriptor.iSerialNumber"},
    {"DEV8", &H11, "vcam_dev_descriptor.bDeviceClass=14", "vcam_dev_descriptor.bDeviceClass"},
    {"DEV9", &H11, "vcam_dev_descriptor.bcdDevice=0x10f0", "vcam_dev_descriptor.bcdDevice"},
    {"DEV10", &H11, "vcam_dev_descriptor.bNumConfigurations=2",
     "vcam_dev_descriptor.bNumConfigurations"},
    {"DEV11", &H11, "vcam_dev_descriptor.bDescriptorType=0x41", "usb_raw"},
    {"QUAL1", &H11, "usb_device_qualifier.bcdUSB=0x0110", "usb_device_qualifier.bcdUSB"},
    {"QUAL2", &H11, "usb_device_qualifier.bReserved=1", "usb_device_qualifier.bReserved"},
    {"QUAL3", &H11, "usb_device_qualifier.bNumConfigurations=0",
     "usb_device_qualifier.bNumConfigurations"},
    {"QUAL4", &H11, "usb_device_qualifier.bMaxPacketSize0=9",
     "usb_device_qualifier.bMaxPacketSize0"},
    {"QUAL5", &S11,
     "usb_string#5>0a060002ef02014001"
     "00",
     "usb_device_qualifier"},
    {"QUAL6", &H11, "-usb_device_qualifier", "vcam_dev_descriptor.bcdUSB"},
    {"QUAL7", &H11, "usb_device_qualifier.bDeviceClass=0", "usb_device_qualifier.bDeviceClass"},

    /* Configuration, association, interface */
    {"CFG1", &H11, "vcam_config_descriptor.bConfigurationValue=0",
     "vcam_config_descriptor.bConfigurationValue"},
    {"CFG2", &H11, "*vcam_config_descriptor derive",
     "vcam_config_descriptor#2.bConfigurationValue"},
    {"CFG3", &H11, "vcam_config_descriptor.bmAttributes=0", "vcam_config_descriptor.bmAttributes"},
    {"CFG4", &H11, "vcam_config_descriptor.bmAttributes=0x81",
     "vcam_config_descriptor.bmAttributes"},
    {"CFG5", &H11, "vcam_config_descriptor.bMaxPower=251", "vcam_config_descriptor.bMaxPower"},
    {"CFG5", &S11, "vcam_config_descriptor.bMaxPower=113", "vcam_config_descriptor.bMaxPower"},
    {"CFG6", &H11, "vcam_config_descriptor.bMaxPower=0", "vcam_config_descriptor.bMaxPower"},
    {"CFG7", &H11, "usb_interface#6.bInterfaceNumber=7", "usb_interface#6.bInterfaceNumber"},
    {"CFG8", &H11, "usb_interface#3.bAlternateSetting=9", "usb_interface#3.bAlternateSetting"},
    {"CFG9", &H11, "usb_interface#4.bAlternateSetting=1", "usb_interface#4.bAlternateSetting"},
    {"CFG10", &H11, "usb_interface#6.bAlternateSetting=1", "usb_interface#6.bAlternateSetting"},
    {"CFG11", &H11, "vcam_config_descriptor>090200000002008032 derive", "vcam_config_descriptor#2"},
    {"IAD1", &H11, "usb_interface_association.bInterfaceCount=0",
     "usb_interface_association.bInterfaceCount"},
    {"IAD2", &H11, "usb_interface_association.bInterfaceCount=9",
     "usb_interface_association.bInterfaceCount"},
    {"IAD3", &H11, "usb_interface_association>080b02010e030004 derive",
     "usb_interface_association#2.bFirstInterface"},
    {"IAD4", &H11, "usb_interface_association.bFunctionClass=255",
     "usb_interface_association.bFunctionClass"},
    {"IAD4", &H11, "usb_interface_association.bFunctionSubClass=1",
     "usb_interface_association.bFunctionSubClass"},
    {"IAD5", &H11, "usb_interface_association.bFunctionProtocol=1",
     "usb_interface_association.bFunctionProtocol"},
    {"IAD6", &H11, "usb_interface_association.bInterfaceCount=2", "uvc_vc_header.baInterfaceNr[1]"},
    {"IAD8", &H11, "usb_interface_association.iFunction=3", "usb_interface_association.iFunction"},
    {"IAD7", &H11, "usb_interface_association.bFirstInterface=1",
     "usb_interface_association.bFirstInterface"},
    {"IF1", &H11, "usb_interface.bNumEndpoints=0", "usb_interface.bNumEndpoints"},
    {"IF2", &H11, "usb_interface.bInterfaceSubClass=3", "usb_interface.bInterfaceSubClass"},
    {"IF3", &H11, "-uvc_vc_header derive", "usb_interface"},
    {"IF4", &H11, "-uvc_vs_output_header derive", "usb_interface#6"},
    {"IF5", &H11, "*usb_endpoint derive", "usb_interface.bNumEndpoints"},
    {"IF5", &H11, "usb_endpoint.bEndpointAddress=2", "usb_endpoint.bEndpointAddress"},
    {"IF6", &H11, "usb_interface.bAlternateSetting=1", "usb_interface.bAlternateSetting"},
    {"IF7", &H11, "uvc_vc_header.baInterfaceNr[1]=1", "usb_interface#6.bInterfaceNumber"},
    {"IF8", &H11, "usb_interface#3.bInterfaceClass=255", "usb_interface#3.bInterfaceClass"},
    {"IF8", &H11, "usb_interface#3.bInterfaceSubClass=1", "usb_interface#3.bInterfaceSubClass"},
    {"IF9", &H11, "-usb_interface derive", "usb_interface"},

    /* Endpoints */
    {"EP1", &H11, "usb_endpoint.bEndpointAddress=0x80", "usb_endpoint.bEndpointAddress"},
    {"EP2", &H15, "usb_endpoint#2.wMaxPacketSize=256", "usb_endpoint#2.wMaxPacketSize"},
    {"EP2", &F11, "usb_endpoint#5.wMaxPacketSize=63", "usb_endpoint#5.wMaxPacketSize"},
    {"EP2", &S11, "usb_endpoint#5.wMaxPacketSize=512", "usb_endpoint#5.wMaxPacketSize"},
    {"EP3", &F11, "usb_endpoint#2.wMaxPacketSize=1024", "usb_endpoint#2.wMaxPacketSize"},
    {"EP3", &H11, "usb_endpoint#2.wMaxPacketSize=1025", "usb_endpoint#2.wMaxPacketSize"},
    {"EP4", &F11, "usb_endpoint.wMaxPacketSize=65", "usb_endpoint.wMaxPacketSize"},
    {"EP5", &F11, "usb_endpoint#2.wMaxPacketSize=0x0c00", "usb_endpoint#2.wMaxPacketSize"},
    {"EP5", &H11, "usb_endpoint#5.wMaxPacketSize=0x0a00", "usb_endpoint#5.wMaxPacketSize"},
    {"EP6", &H11, "usb_endpoint#2.wMaxPacketSize=0x1c00", "usb_endpoint#2.wMaxPacketSize"},
    {"EP7", &H11, "usb_endpoint#2.wMaxPacketSize=0x2200", "usb_endpoint#2.wMaxPacketSize"},
    {"EP8", &H11, "usb_endpoint#2.wMaxPacketSize=0x0900", "usb_endpoint#2.wMaxPacketSize"},
    {"EP9", &H11, "usb_endpoint#2.wMaxPacketSize=0", "usb_endpoint#2.wMaxPacketSize"},
    {"EP10", &H11, "usb_endpoint#2.bInterval=0", "usb_endpoint#2.bInterval"},
    {"EP10", &H11, "usb_endpoint.bInterval=17", "usb_endpoint.bInterval"},
    {"EP11", &H11, "usb_endpoint#5.bmAttributes=0", "usb_endpoint#5.bmAttributes"},
    {"EP12", &H11, "usb_interface#3.bAlternateSetting=0", "usb_endpoint#2.wMaxPacketSize"},
    {"EP13", &H11, "usb_endpoint#2.bmAttributes=1", "usb_endpoint#2.bmAttributes"},
    {"EP14", &H11, "usb_endpoint#5.bmAttributes=6", "usb_endpoint#5.bmAttributes"},
    {"EP15", &H11, "usb_endpoint.bInterval=16", "usb_endpoint.bInterval"},
    {"EP16", &H11, "-uvc_cs_interrupt_endpoint derive", "usb_endpoint"},
    {"EP16", &H11, "uvc_cs_interrupt_endpoint.bDescriptorSubtype=1", "usb_endpoint"},
    {"EP18", &H11, "*uvc_cs_interrupt_endpoint derive", "uvc_cs_interrupt_endpoint#2"},
    {"EP17", &H11, "uvc_cs_interrupt_endpoint.wMaxTransferSize=0",
     "uvc_cs_interrupt_endpoint.wMaxTransferSize"},
    {"SS1", &S11, "-usb_ss_endpoint_companion derive", "usb_endpoint"},
    {"SS2", &H11, "usb_endpoint#5+063000000000 derive", "usb_ss_endpoint_companion"},
    {"SS3", &S11, "usb_ss_endpoint_companion#2.bMaxBurst=16",
     "usb_ss_endpoint_companion#2.bMaxBurst"},
    {"SS4", &S11, "usb_endpoint#3.wMaxPacketSize=512", "usb_ss_endpoint_companion#3.bMaxBurst"},
    {"SS5", &S11, "usb_ss_endpoint_companion#5.wBytesPerInterval=1024",
     "usb_ss_endpoint_companion#5.wBytesPerInterval"},
    {"SS6", &S11, "usb_ss_endpoint_companion#2.wBytesPerInterval=1025",
     "usb_ss_endpoint_companion#2.wBytesPerInterval"},
    {"SS7", &S11, "usb_ss_endpoint_companion#2.bmAttributes=3",
     "usb_ss_endpoint_companion#2.bmAttributes"},
    {"SS8", &S11, "usb_ss_endpoint_companion#5.bmAttributes=17",
     "usb_ss_endpoint_companion#5.bmAttributes"},
    {"SS9", &S11, "usb_ss_endpoint_companion#5.bmAttributes=0x20",
     "usb_ss_endpoint_companion#5.bmAttributes"},
    {"SS10", &S11, "usb_ss_endpoint_companion.wBytesPerInterval=0",
     "usb_ss_endpoint_companion.wBytesPerInterval"},
    {"SS11", &S11, "usb_ssp_iso_endpoint_companion.wReserved=1",
     "usb_ssp_iso_endpoint_companion.wReserved"},
    {"SS12", &S11, "usb_ssp_iso_endpoint_companion.dwBytesPerInterval=1024",
     "usb_ssp_iso_endpoint_companion.dwBytesPerInterval"},

    /* Strings */
    {"STR1", &H11, "usb_interface.iInterface=5", "usb_interface.iInterface"},
    {"STR1", &H11, "uvc_processing_unit.iProcessing=99", "uvc_processing_unit.iProcessing"},
    {"STR2", &H11, "usb_string#2~1", "usb_string#2"},
    {"STR3", &H11, "usb_string#2<2", "usb_string#2"},
    {"STR4", &H11, "usb_string<2", "usb_string"},
    {"STR5", &H11, "usb_string.bString[0]=0x0407", "usb_string.bString"},
    {"STR6", &H11, "usb_string.bString[0]=0", "usb_string.bString"},
    {"STR7", &H11, "usb_string#2.bString[0]=0xd83d", "usb_string#2.bString"},
    {"STR7", &H11, "usb_string#2.bString[1]=0xdc00", "usb_string#2.bString[1]"},
    {"STR8", &H11, "usb_string#2.bString[1]=0", "usb_string#2.bString[1]"},

    /* BOS */
    {"BOS1", &S11, "usb_bos.bNumDeviceCaps=9", "usb_bos.bNumDeviceCaps"},
    {"BOS2", &S11, "-usb_cap_superspeed derive", "usb_bos"},
    {"BOS3", &S11, "-usb_cap_usb_2_0_extension derive", "usb_bos"},
    {"BOS4", &S11, "usb_cap_usb_2_0_extension.bmAttributes=0",
     "usb_cap_usb_2_0_extension.bmAttributes"},
    {"BOS5", &S11, "usb_cap_superspeed.wSpeedsSupported=0", "usb_cap_superspeed.wSpeedsSupported"},
    {"BOS5", &S11, "usb_cap_superspeed.wSpeedsSupported=0x1e",
     "usb_cap_superspeed.wSpeedsSupported"},
    {"BOS6", &S11, "usb_cap_superspeed.bFunctionalitySupport=0",
     "usb_cap_superspeed.bFunctionalitySupport"},
    {"BOS7", &S11, "usb_cap_superspeed.bU1DevExitLat=11", "usb_cap_superspeed.bU1DevExitLat"},
    {"BOS8", &S11, "usb_cap_container_id.bReserved=1", "usb_cap_container_id.bReserved"},
    {"BOS8", &S11, "usb_cap_platform.bReserved=1", "usb_cap_platform.bReserved"},
    {"BOS8", &S11, "usb_cap_superspeed_plus.bReserved=1", "usb_cap_superspeed_plus.bReserved"},
    {"BOS8", &S11, "usb_cap_superspeed_plus.wReserved=1", "usb_cap_superspeed_plus.wReserved"},
    {"BOS9", &S11, "usb_cap_container_id.ContainerID=00000000000000000000000000000000",
     "usb_cap_container_id.ContainerID"},
    {"BOS10", &S11, "*usb_cap_superspeed derive", "usb_cap_superspeed#2"},
    {"BOS11", &S11, "usb_cap_superspeed_plus.bmAttributes=3",
     "usb_cap_superspeed_plus.bmAttributes"},
    {"BOS12", &S11, "usb_cap_configuration_summary.bConfigurationIndex[0]=1",
     "usb_cap_configuration_summary.bConfigurationIndex"},
    {"BOS13", &S11, "usb_cap_configuration_summary.bcdVersion=0x0200",
     "usb_cap_configuration_summary.bcdVersion"},
    {"BOS14", &S11, "usb_cap_platform.PlatformCapabilityUUID=00000000000000000000000000000000",
     "usb_cap_platform.PlatformCapabilityUUID"},
    {"BOS15", &S11, "usb_cap_platform~1", "usb_cap_platform.CapabilityData"},
    {"BOS16", &S11, "usb_bos+0410ee00 derive", "usb_cap_other.bDevCapabilityType"},
    {"BOS17", &H11, "usb_device_qualifier>050f050000", "usb_bos"},
    {"BOS18", &S11, "-usb_cap_superspeed_plus derive", "usb_bos"},

    /* VideoControl */
    {"VC1", &H11, "uvc_vc_header.bcdUVC=0x0200", "uvc_vc_header.bcdUVC"},
    {"VC2", &H11, "usb_interface#6.bInterfaceSubClass=1", "uvc_vc_header.baInterfaceNr[1]"},
    {"VC3", &H11, "uvc_vc_header.baInterfaceNr[1]=1", "uvc_vc_header.baInterfaceNr[1]"},
    {"VC4", &H11, "*uvc_vc_header derive", "uvc_vc_header#2.baInterfaceNr"},
    {"VC5", &H11, "uvc_vc_header.bInCollection=0 uvc_vc_header<12", "uvc_vc_header.bInCollection"},
    {"VC6", &H11, "uvc_vc_header.dwClockFrequency=0", "uvc_vc_header.dwClockFrequency"},
    {"VER1", &H11, "usb_interface.bInterfaceProtocol=1", "usb_interface.bInterfaceProtocol"},
    {"VER1", &H15, "usb_interface#2.bInterfaceProtocol=0", "usb_interface#2.bInterfaceProtocol"},
    {"VER2", &H11, "uvc_vc_header.bcdUVC=0x0100", "uvc_vs_format_frame_based"},
    {"VER3", &H15, "uvc_vc_header.bcdUVC=0x0110", "uvc_vs_format_h264"},
    {"VER3", &H15, "uvc_vc_header.bcdUVC=0x0110", "uvc_vs_format_vp8_simulcast"},
    {"VER4", &H15, "uvc_vc_header.bcdUVC=0x0110", "uvc_encoding_unit"},
    {"VER5", &H11, "uvc_vc_header.bcdUVC=0x0100", "uvc_processing_unit.bLength"},
    {"VER6", &H11, "uvc_vc_header.bcdUVC=0x0100", "uvc_vs_format_stream_based"},
    {"VER7", &H10, "uvc_camera_terminal.bmControls[2]=0x04", "uvc_camera_terminal.bmControls[2]"},
    {"VER7", &H11, "uvc_camera_terminal.bmControls[2]=0x20", "uvc_camera_terminal.bmControls[2]"},
    {"VER8", &H11, "uvc_vc_header.bcdUVC=0x0100", "uvc_vs_format_mpeg2ts.guidStrideFormat"},
    {"VER9", &H11, "uvc_vc_header.bcdUVC=0x0100", "uvc_vs_output_header.bLength"},
    {"VER10", &H11, "uvc_vs_format_mpeg2ts<7", "uvc_vs_format_mpeg2ts"},
    {"ENT1", &H11, "uvc_processing_unit.bSourceID=77", "uvc_processing_unit.bSourceID"},
    {"ENT2", &H11,
     "-uvc_input_terminal -uvc_input_terminal -uvc_output_terminal#2 "
     "-uvc_media_transport_input_terminal -uvc_media_transport_output_terminal "
     "uvc_processing_unit.bSourceID=77",
     "uvc_processing_unit.bSourceID"},
    {"ENT3", &H11, "uvc_output_terminal.bSourceID=77", "uvc_output_terminal"},
    {"ENT4", &H11, "uvc_output_terminal.bSourceID=2", "uvc_extension_unit"},
    {"ENT5", &H11, "uvc_selector_unit.baSourceID[1]=1", "uvc_input_terminal"},
    {"ENT6", &H11,
     "-uvc_input_terminal -uvc_input_terminal -uvc_camera_terminal "
     "-uvc_media_transport_input_terminal",
     "uvc_vc_header"},
    {"ENT7", &H11,
     "-uvc_output_terminal -uvc_output_terminal "
     "-uvc_media_transport_output_terminal",
     "uvc_vc_header"},
    {"ENT8", &H11, "uvc_selector_unit.baSourceID[1]=1", "uvc_selector_unit.baSourceID[1]"},
    {"ENT9", &H11, "uvc_input_terminal.wTerminalType=0x0301", "uvc_input_terminal.wTerminalType"},
    {"ENT9", &H11, "uvc_output_terminal.wTerminalType=0x0201", "uvc_output_terminal.wTerminalType"},
    {"ENT10", &H11, "uvc_input_terminal.wTerminalType=0x0234", "uvc_input_terminal.wTerminalType"},
    {"ENT10", &H11, "uvc_output_terminal#2.wTerminalType=0x0334",
     "uvc_output_terminal#2.wTerminalType"},
    {"ENT11", &H11, "uvc_output_terminal.bAssocTerminal=2", "uvc_output_terminal.bAssocTerminal"},
    {"ENT11", &H11, "uvc_input_terminal.bAssocTerminal=77", "uvc_input_terminal.bAssocTerminal"},
    {"ENT12", &H11,
     "*uvc_processing_unit uvc_processing_unit#2.bUnitID=20 "
     "uvc_extension_unit.baSourceID[0]=20 uvc_processing_unit#2.bSourceID=2 derive",
     "uvc_processing_unit"},
    {"ENT13", &H11,
     "*uvc_selector_unit uvc_selector_unit#2.bUnitID=20 "
     "uvc_selector_unit.baSourceID[1]=20 derive",
     "uvc_selector_unit#2"},
    {"ENT14", &H11, "uvc_extension_unit.bNrInPins=2 derive", "uvc_extension_unit.bNrInPins"},
    {"SU1", &H11, "uvc_selector_unit.bNrInPins=1", "uvc_selector_unit.bNrInPins"},
    {"PU1", &H11, "uvc_processing_unit.wMaxMultiplier=0", "uvc_processing_unit.wMaxMultiplier"},
    {"CT1", &H11, "uvc_camera_terminal.wObjectiveFocalLengthMin=501",
     "uvc_camera_terminal.wObjectiveFocalLengthMin"},
    {"CT2", &H11, "uvc_camera_terminal.wObjectiveFocalLengthMax=0",
     "uvc_camera_terminal.wObjectiveFocalLengthMax"},
    {"CT3", &H11, "uvc_camera_terminal.bmControls[0]=0x08", "uvc_camera_terminal.bmControls"},
    {"XU1", &H11, "uvc_extension_unit.guidExtensionCode=00000000000000000000000000000000",
     "uvc_extension_unit.guidExtensionCode"},
    {"XU2", &H11, "uvc_extension_unit.bNumControls=4", "uvc_extension_unit.bNumControls"},
    {"EU1", &H15, "uvc_encoding_unit.bmControlsRuntime[0]=0x0b",
     "uvc_encoding_unit.bmControlsRuntime"},

    /* VideoStreaming */
    {"VS1", &H11, "uvc_vs_input_header.bEndpointAddress=0x84",
     "uvc_vs_input_header.bEndpointAddress"},
    {"VS2", &H11, "uvc_vs_input_header.bEndpointAddress=0x01",
     "uvc_vs_input_header.bEndpointAddress"},
    {"VS2", &H11, "uvc_vs_output_header.bEndpointAddress=0x83",
     "uvc_vs_output_header.bEndpointAddress"},
    {"VS3", &H11, "uvc_vs_input_header.bTerminalLink=77", "uvc_vs_input_header.bTerminalLink"},
    {"VS4", &H11, "uvc_vs_input_header.bTerminalLink=2", "uvc_vs_input_header.bTerminalLink"},
    {"VS4", &H11, "uvc_vs_output_header.bTerminalLink=3", "uvc_vs_output_header.bTerminalLink"},
    {"VS5", &H11,
     "*usb_interface#2 usb_interface#3.bInterfaceNumber=3 "
     "uvc_vc_header.baInterfaceNr[1]=3",
     "uvc_vs_input_header#2.bTerminalLink"},
    {"VS6", &H11, "-uvc_vs_format_mjpeg#2 derive", "uvc_vs_output_header"},
    {"VS7", &H11, "uvc_vs_input_header.bStillCaptureMethod=4",
     "uvc_vs_input_header.bStillCaptureMethod"},
    {"VS8", &H11, "uvc_vs_input_header.bControlSize=2", "uvc_vs_input_header.bmaControls"},
    {"VS9", &H11, "uvc_vs_input_header.bTriggerSupport=0 uvc_vs_input_header.bTriggerUsage=1",
     "uvc_vs_input_header.bTriggerUsage"},
    {"VS11", &H11, "usb_endpoint#3.bEndpointAddress=0x8a", "usb_endpoint#3.bEndpointAddress"},
    {"VS11", &H11, "-usb_endpoint#3 derive", "usb_interface#4.bNumEndpoints"},
    {"VS10", &H11, "-usb_endpoint derive", "uvc_vs_input_header.bTriggerSupport"},
    {"FMT1", &H11, "uvc_vs_format_mjpeg.bFormatIndex=1", "uvc_vs_format_mjpeg.bFormatIndex"},
    {"FMT2", &H11, "uvc_vs_format_mjpeg.bFormatIndex=3", "uvc_vs_format_mjpeg.bFormatIndex"},
    {"FMT3", &H11, "uvc_vs_format_mjpeg.bDefaultFrameIndex=3",
     "uvc_vs_format_mjpeg.bDefaultFrameIndex"},
    {"FMT4", &H11, "uvc_vs_format_uncompressed.bBitsPerPixel=12",
     "uvc_vs_format_uncompressed.bBitsPerPixel"},
    {"FMT5", &H11, "uvc_vs_format_mjpeg.bAspectRatioX=4", "uvc_vs_format_mjpeg.bAspectRatioX"},
    {"FMT6", &H11, "uvc_vs_format_uncompressed.bmInterlaceFlags=4",
     "uvc_vs_format_uncompressed.bmInterlaceFlags"},
    {"FMT6", &H11, "uvc_vs_format_frame_based.bmInterlaceFlags=4",
     "uvc_vs_format_frame_based.bmInterlaceFlags"},
    {"FMT7", &H11, "-uvc_vs_frame_frame_based derive", "uvc_vs_format_frame_based"},
    {"FMT8", &H11,
     "uvc_vs_format_uncompressed.guidFormat=4d4a5047000010008000"
     "00aa00389b71",
     "uvc_vs_format_uncompressed.guidFormat"},
    {"FMT9", &H11, "uvc_vs_format_frame_based.guidFormat=5955593200001000800000aa00389b71",
     "uvc_vs_format_frame_based.guidFormat"},
    {"FMT10", &H11, "uvc_vs_format_mpeg2ts.bPacketLength=187",
     "uvc_vs_format_mpeg2ts.bPacketLength"},
    {"FMT11", &H11, "uvc_vs_format_mpeg2ts.bDataOffset=4", "uvc_vs_format_mpeg2ts.bStrideLength"},
    {"FMT12", &H11, "uvc_vs_format_dv.bFormatType=0x83", "uvc_vs_format_dv.bFormatType"},
    {"FMT13", &H11, "uvc_vs_format_dv.dwMaxVideoFrameBufferSize=0",
     "uvc_vs_format_dv.dwMaxVideoFrameBufferSize"},
    {"FMT14", &H11, "uvc_vs_format_stream_based.guidFormat=00000000000000000000000000000000",
     "uvc_vs_format_stream_based.guidFormat"},
    {"FMT15", &H15, "uvc_vs_format_h264.bmSupportedRateControlModes=0",
     "uvc_vs_format_h264.bmSupportedRateControlModes"},
    {"FMT15", &H15, "uvc_vs_format_vp8.bmSupportedRateControlModes=0",
     "uvc_vs_format_vp8.bmSupportedRateControlModes"},
    {"FMT16", &H15, "uvc_vs_format_h264_simulcast.Reserved1=1",
     "uvc_vs_format_h264_simulcast.Reserved1"},
    {"FMT17", &H15, "uvc_vs_format_h264.bMaxCodecConfigDelay=0",
     "uvc_vs_format_h264.bMaxCodecConfigDelay"},
    {"FMT17", &H15, "uvc_vs_format_vp8.bMaxCodecConfigDelay=0",
     "uvc_vs_format_vp8.bMaxCodecConfigDelay"},
    {"FMT18", &H11, "uvc_vs_format_dv+" TINY_FRAME " derive", "uvc_vs_frame_mjpeg#3"},
    {"COL1", &H11, "*uvc_vs_color_matching derive", "uvc_vs_color_matching#2"},
    {"COL2", &H11, "-uvc_vs_color_matching derive", "uvc_vs_format_uncompressed"},
    {"COL3", &H11, "uvc_vs_color_matching.bColorPrimaries=6",
     "uvc_vs_color_matching.bColorPrimaries"},
    {"COL3", &H11, "uvc_vs_color_matching.bTransferCharacteristics=8",
     "uvc_vs_color_matching.bTransferCharacteristics"},
    {"COL3", &H11, "uvc_vs_color_matching.bMatrixCoefficients=6",
     "uvc_vs_color_matching.bMatrixCoefficients"},
    {"COL4", &H11, "uvc_vs_format_uncompressed+06240d010104 derive", "uvc_vs_color_matching"},
    {"FRAME1", &H11, "uvc_vs_frame_mjpeg.wWidth=0", "uvc_vs_frame_mjpeg.wWidth"},
    {"FRAME1", &H15, "uvc_vs_frame_vp8.wHeight=0", "uvc_vs_frame_vp8.wHeight"},
    {"FRAME2", &H11, "uvc_vs_frame_mjpeg#2.bFrameIndex=1", "uvc_vs_frame_mjpeg#2.bFrameIndex"},
    {"FRAME3", &H11, "uvc_vs_frame_mjpeg.bFrameIndex=2 uvc_vs_frame_mjpeg#2.bFrameIndex=1",
     "uvc_vs_frame_mjpeg.bFrameIndex"},
    {"FRAME4", &H11, "uvc_vs_frame_mjpeg.dwDefaultFrameInterval=333334",
     "uvc_vs_frame_mjpeg.dwDefaultFrameInterval"},
    {"FRAME4", &H11, "uvc_vs_frame_mjpeg#2.dwDefaultFrameInterval=333332",
     "uvc_vs_frame_mjpeg#2.dwDefaultFrameInterval"},
    {"FRAME5", &H11, "uvc_vs_frame_mjpeg#2.dwFrameInterval[0]=2000000",
     "uvc_vs_frame_mjpeg#2.dwFrameInterval[0]"},
    {"FRAME6", &H11, "uvc_vs_frame_mjpeg#2.dwFrameInterval[2]=0",
     "uvc_vs_frame_mjpeg#2.dwFrameInterval[2]"},
    {"FRAME7", &H11, "uvc_vs_frame_uncompressed.dwMaxVideoFrameBufferSize=614399",
     "uvc_vs_frame_uncompressed.dwMaxVideoFrameBufferSize"},
    {"FRAME8", &H11, "uvc_vs_frame_mjpeg.dwMinBitRate=9000000", "uvc_vs_frame_mjpeg.dwMinBitRate"},
    {"FRAME9", &H11, "uvc_vs_frame_uncompressed.dwMinBitRate=1",
     "uvc_vs_frame_uncompressed.dwMinBitRate"},
    {"FRAME10", &H11, "uvc_vs_frame_uncompressed.dwMaxBitRate=200000000",
     "uvc_vs_frame_uncompressed.dwMaxBitRate"},
    {"FRAME11", &H11, "uvc_vs_frame_mjpeg#2.wWidth=640 uvc_vs_frame_mjpeg#2.wHeight=360",
     "uvc_vs_frame_mjpeg#2.wWidth"},
    {"FRAME12", &H11, "uvc_vs_frame_mjpeg.dwMinBitRate=8000000", "uvc_vs_frame_mjpeg.dwMinBitRate"},
    {"FRAME13", &H11, "uvc_vs_frame_frame_based.dwBytesPerLine=3840",
     "uvc_vs_frame_frame_based.dwBytesPerLine"},
    {"FRAME13", &H11, "uvc_vs_format_frame_based.bVariableSize=0",
     "uvc_vs_frame_frame_based.dwBytesPerLine"},
    {"FRAME14", &H11, "uvc_vs_frame_mjpeg.dwFrameInterval[0]=9999",
     "uvc_vs_frame_mjpeg.dwFrameInterval"},
    {"FRAME15", &H11, "uvc_vs_frame_mjpeg.dwFrameInterval[1]=333333",
     "uvc_vs_frame_mjpeg.dwFrameInterval[1]"},
    {"FRAME16", &H11, "uvc_vs_frame_uncompressed.bDescriptorSubtype=7", "uvc_vs_frame_mjpeg"},
    {"FRAME17", &H11, "uvc_vs_frame_mjpeg.bmCapabilities=1", "uvc_vs_frame_mjpeg.bmCapabilities"},
    {"FRAME18", &H15, "uvc_vs_frame_h264.bNumFrameIntervals=0 derive",
     "uvc_vs_frame_h264.bNumFrameIntervals"},
    {"FRAME19", &H15, "uvc_vs_frame_h264.wSARheight=0", "uvc_vs_frame_h264.wSARwidth"},
    {"FRAME20", &H15, "uvc_vs_frame_h264.wProfile=0", "uvc_vs_frame_h264.wProfile"},
    {"FRAME20", &H15, "uvc_vs_frame_h264.bLevelIDC=0", "uvc_vs_frame_h264.bLevelIDC"},
    {"FRAME21", &H11, "uvc_vs_frame_mjpeg.dwMaxBitRate=900000000",
     "uvc_vs_frame_mjpeg.dwMaxBitRate"},
    {"STILL1", &H11, "-uvc_vs_still_image_frame derive", "uvc_vs_input_header.bStillCaptureMethod"},
    {"STILL2", &H11, "uvc_vs_input_header.bStillCaptureMethod=1", "uvc_vs_still_image_frame"},
    {"STILL3", &H11, "uvc_vs_still_image_frame.wWidthHeight[1]=0",
     "uvc_vs_still_image_frame.wWidthHeight[1]"},
    {"STILL4", &H11, "uvc_vs_still_image_frame.bEndpointAddress=0x84",
     "uvc_vs_still_image_frame.bEndpointAddress"},
    {"STILL4", &H11, "uvc_vs_input_header.bStillCaptureMethod=3",
     "uvc_vs_still_image_frame.bEndpointAddress"},
    {"STILL5", &H11, "uvc_vs_still_image_frame.wWidthHeight[0]=1920",
     "uvc_vs_still_image_frame.wWidthHeight"},
    {"STILL6", &H11, "*uvc_vs_still_image_frame derive", "uvc_vs_still_image_frame#2"},
    {"STILL7", &H11, "uvc_vs_still_image_frame.bNumImageSizePatterns=0 derive",
     "uvc_vs_still_image_frame.bNumImageSizePatterns"},
    {"BW1", &H11, "usb_endpoint#4.wMaxPacketSize=0x0b20",
     "uvc_vs_frame_uncompressed.dwFrameInterval"},
    {"BW2", &H11, "-usb_interface#4 -usb_interface#4 derive", "usb_interface#2"},
    {"BW3", &H11, "usb_endpoint#2.wMaxPacketSize=0x1400", "usb_interface#2"},
};

static void test_row(const void *data)
{
    const Row *row = data;
    g_autoptr(GByteArray) bytes = lint_camera(row->camera);
    struct desc_lint_options options = lint_camera_options(row->camera);
    struct desc_tree *tree;

    lint_edit(bytes, DESC_CONTEXT_STANDARD, row->edits);
    g_assert_cmpint(desc_parse(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    uint32_t offset = lint_offset(tree, row->at);
    g_autoptr(GPtrArray) findings = lint_findings(tree, &options);
    desc_tree_free(tree);
    g_autofree char *text = lint_text(findings);
    g_test_message("%s", text);
    g_assert_true(lint_has_finding(findings, row->rule, offset));
}

/* ---- What no bytes can be: only a builder's tree ---- */

static void test_built_only(void)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct usb_endpoint *endpoint = DESC_ADD(tree, NULL, usb_endpoint);
    struct usb_string_zero *languages = DESC_ADD(tree, NULL, usb_string_zero);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    endpoint->bLength = 8;
    endpoint->bDescriptorType = 4;

    g_autoptr(GPtrArray) findings = lint_findings(tree, NULL);
    g_assert_true(lint_has_finding(findings, "LEN7", 0));
    g_assert_true(lint_has_finding(findings, "TYPE1", 1));
    g_assert_true(lint_has_finding(findings, "STR4", languages->node.offset));
    desc_tree_free(tree);
}

/* More than a camera has: 33 interfaces, and more than 4096 bytes. */
static void test_many_interfaces(void)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct vcam_config_descriptor *config = DESC_ADD(tree, NULL, vcam_config_descriptor);
    for (uint8_t i = 0; i < 33; i++)
        DESC_ADD(tree, config, usb_interface)->bInterfaceNumber = i;
    for (int i = 0; i < 1000; i++)
        DESC_ADD(tree, config, usb_interface_association);
    g_assert_cmpint(desc_derive(tree), ==, 0);

    g_autoptr(GPtrArray) findings = lint_findings(tree, NULL);
    g_assert_true(lint_has_finding(findings, "CFG12", 4));
    g_assert_true(lint_has_finding(findings, "CFG13", 2));
    desc_tree_free(tree);
}

static const char *const elsewhere[] = {"LEN7", "TYPE1", "CFG12", "CFG13"};

/* ---- The table ---- */

static bool has_trigger(const char *id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (strcmp(rows[i].rule, id) == 0)
            return true;
    for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++)
        if (strcmp(elsewhere[i], id) == 0)
            return true;
    return false;
}

static void test_every_rule_speaks(void)
{
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    const struct desc_lint_rule *rule;
    unsigned n = 0;

    for (; (rule = desc_lint_rule_at(n)); n++) {
        if (!has_trigger(rule->id))
            g_error("no row makes %s speak", rule->id);
        if (!g_hash_table_add(ids, (char *)rule->id))
            g_error("two rules are %s", rule->id);
        g_assert_cmpuint(strlen(rule->clause), >, 0);
        g_assert_cmpuint(strlen(rule->text), >, 0);
        g_assert_cmpuint(rule->severity, <=, DESC_ERROR);
        /* A host that refuses a device is more than a note. */
        g_assert_true(rule->severity != DESC_NOTE || !rule->hosts);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_true(g_hash_table_contains(ids, rows[i].rule));
    g_test_message("%u rules", n);
    g_assert_cmpuint(n, >=, 150);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lint/rules/each", test_every_rule_speaks);
    g_test_add_func("/lint/rules/built", test_built_only);
    g_test_add_func("/lint/rules/many-interfaces", test_many_interfaces);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = g_strdup_printf("/lint/rule/%s/%zu", rows[i].rule, i);
        g_test_add_data_func(name, &rows[i], test_row);
    }
    return g_test_run();
}
