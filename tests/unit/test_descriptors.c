/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each descriptor of the schema against bytes worked out by hand from the specification's tables,
   and the builder's promises. */
#include <errno.h>
#include <glib.h>

#include "descriptors_camera.h"

/* ---- One descriptor at a time ---- */

struct layout {
    enum desc_kind kind;
    uint16_t bcdUVC; /* 0: every field */
    const char
        *fields; /* what a builder sets: name=number, name=number,number or name=hex of GUID */
    enum desc_kind child; /* n_children of these below it, all zeros */
    unsigned n_children;
    const char *bytes; /* its own, without the children's */
};

#define UUID "000102030405060708090a0b0c0d0e0f"
#define YUY2 "5955593200001000800000aa00389b71"
#define H264 "4832363400001000800000aa00389b71"

static const struct layout layouts[] = {
    {DESC_KIND_vcam_dev_descriptor, 0,
     "bcdUSB=0x200 bDeviceClass=0xef bDeviceSubClass=2 bDeviceProtocol=1 bMaxPacketSize0=64 "
     "idVendor=0x46f4 idProduct=2 bcdDevice=0x110 iManufacturer=1 iProduct=2 iSerialNumber=3",
     DESC_KIND_vcam_config_descriptor, 1, "12 01 0002 ef 02 01 40 f446 0200 1001 01 02 03 01"},
    {DESC_KIND_usb_device_qualifier, 0,
     "bcdUSB=0x200 bDeviceClass=0xef bDeviceSubClass=2 bDeviceProtocol=1 bMaxPacketSize0=64 "
     "bNumConfigurations=1 bReserved=0",
     0, 0, "0a 06 0002 ef 02 01 40 01 00"},
    {DESC_KIND_vcam_config_descriptor, 0,
     "bConfigurationValue=1 iConfiguration=4 bmAttributes=0x80 bMaxPower=250",
     DESC_KIND_usb_interface, 2, "09 02 1b00 02 01 04 80 fa"},
    {DESC_KIND_usb_other_speed_configuration, 0,
     "bConfigurationValue=1 iConfiguration=0 bmAttributes=0xc0 bMaxPower=50",
     DESC_KIND_usb_interface, 1, "09 07 1200 01 01 00 c0 32"},
    {DESC_KIND_usb_interface_association, 0,
     "bFirstInterface=0 bInterfaceCount=2 bFunctionClass=14 bFunctionSubClass=3 "
     "bFunctionProtocol=0 iFunction=5",
     0, 0, "08 0b 00 02 0e 03 00 05"},
    {DESC_KIND_usb_interface, 0,
     "bInterfaceNumber=1 bAlternateSetting=2 bInterfaceClass=14 bInterfaceSubClass=2 "
     "bInterfaceProtocol=1 iInterface=6",
     DESC_KIND_usb_endpoint, 1, "09 04 01 02 01 0e 02 01 06"},
    {DESC_KIND_usb_endpoint, 0,
     "bEndpointAddress=0x81 bmAttributes=5 wMaxPacketSize=0x1400 bInterval=1",
     DESC_KIND_usb_ss_endpoint_companion, 1, "07 05 81 05 0014 01"},
    {DESC_KIND_usb_ss_endpoint_companion, 0, "bMaxBurst=15 bmAttributes=2 wBytesPerInterval=49152",
     0, 0, "06 30 0f 02 00c0"},
    {DESC_KIND_usb_ssp_iso_endpoint_companion, 0, "wReserved=0 dwBytesPerInterval=98304", 0, 0,
     "08 31 0000 00800100"},
    {DESC_KIND_usb_string_zero, 0, "wLANGID=0x409", 0, 0, "04 03 0904"},
    {DESC_KIND_usb_string, 0, "bString=0x43,0x61,0x6d", 0, 0, "08 03 4300 6100 6d00"},
    {DESC_KIND_usb_bos, 0, "", DESC_KIND_usb_cap_usb_2_0_extension, 2, "05 0f 1300 02"},
    {DESC_KIND_usb_cap_usb_2_0_extension, 0, "bmAttributes=0xf0e2", 0, 0, "07 10 02 e2f00000"},
    {DESC_KIND_usb_cap_superspeed, 0,
     "bmAttributes=2 wSpeedsSupported=14 bFunctionalitySupport=1 bU1DevExitLat=10 "
     "wU2DevExitLat=0x7ff",
     0, 0, "0a 10 03 02 0e00 01 0a ff07"},
    {DESC_KIND_usb_cap_container_id, 0, "bReserved=0 ContainerID=" UUID, 0, 0, "14 10 04 00 " UUID},
    {DESC_KIND_usb_cap_platform, 0,
     "bReserved=0 PlatformCapabilityUUID=" UUID " CapabilityData=1,2", 0, 0,
     "16 10 05 00 " UUID " 0102"},
    {DESC_KIND_usb_cap_superspeed_plus, 0,
     "bReserved=0 bmAttributes=1 wFunctionalitySupport=0x1100 wReserved=0 "
     "bmSublinkSpeedAttr=0x000a4030,0x000a40b0",
     0, 0, "14 10 0a 00 01000000 0011 0000 30400a00 b0400a00"},
    {DESC_KIND_usb_cap_precision_time_measurement, 0, "", 0, 0, "03 10 0b"},
    {DESC_KIND_usb_cap_configuration_summary, 0,
     "bcdVersion=0x100 bClass=14 bSubClass=0 bProtocol=0 bConfigurationIndex=0,1", 0, 0,
     "0b 10 10 0001 0e 00 00 02 0001"},
    {DESC_KIND_usb_cap_other, 0, "bDevCapabilityType=0xff bCapabilityData=0xaa,0xbb", 0, 0,
     "05 10 ff aabb"},
    {DESC_KIND_usb_cs_interface, 0, "bDescriptorSubtype=0xf0 bData=0xaa,0xbb", 0, 0,
     "05 24 f0 aabb"},
    {DESC_KIND_usb_cs_endpoint, 0, "bDescriptorSubtype=1 bData=0,0,2,0", 0, 0, "07 25 01 00000200"},

    {DESC_KIND_uvc_vc_header, 0, "bcdUVC=0x110 dwClockFrequency=6000000 baInterfaceNr=1,2",
     DESC_KIND_uvc_input_terminal, 1, "0e 24 01 1001 1600 808d5b00 02 0102"},
    {DESC_KIND_uvc_input_terminal, 0,
     "bTerminalID=4 wTerminalType=0x200 bAssocTerminal=0 iTerminal=7", 0, 0,
     "08 24 02 04 0002 00 07"},
    {DESC_KIND_uvc_output_terminal, 0,
     "bTerminalID=3 wTerminalType=0x101 bAssocTerminal=0 bSourceID=2 iTerminal=0", 0, 0,
     "09 24 03 03 0101 00 02 00"},
    {DESC_KIND_uvc_camera_terminal, 0,
     "bTerminalID=1 bAssocTerminal=0 iTerminal=0 wObjectiveFocalLengthMin=300 "
     "wObjectiveFocalLengthMax=500 wOcularFocalLength=3 bmControls=0x0e,0x20,0",
     0, 0, "12 24 02 01 0102 00 00 2c01 f401 0300 03 0e2000"},
    {DESC_KIND_uvc_selector_unit, 0, "bUnitID=5 baSourceID=1,6 iSelector=9", 0, 0,
     "08 24 04 05 02 0106 09"},
    {DESC_KIND_uvc_processing_unit, 0x0100,
     "bUnitID=2 bSourceID=1 wMaxMultiplier=0x4000 bmControls=0x7f,0x14 iProcessing=0", 0, 0,
     "0b 24 05 02 01 0040 02 7f14 00"},
    {DESC_KIND_uvc_processing_unit, 0x0110,
     "bUnitID=2 bSourceID=1 wMaxMultiplier=0x4000 bmControls=0x7f,0x14 iProcessing=0 "
     "bmVideoStandards=9",
     0, 0, "0c 24 05 02 01 0040 02 7f14 00 09"},
    {DESC_KIND_uvc_processing_unit, 0x0150,
     "bUnitID=2 bSourceID=1 wMaxMultiplier=0x4000 bmControls=0x7f,0x14,2 iProcessing=3 "
     "bmVideoStandards=9",
     0, 0, "0d 24 05 02 01 0040 03 7f1402 03 09"},
    {DESC_KIND_uvc_extension_unit, 0,
     "bUnitID=6 guidExtensionCode=" UUID " bNumControls=9 baSourceID=2 bmControls=0xff,1 "
     "iExtension=4",
     0, 0, "1b 24 06 06 " UUID " 09 01 02 02 ff01 04"},
    {DESC_KIND_uvc_encoding_unit, 0,
     "bUnitID=7 bSourceID=2 iEncoding=8 bmControls=1,2,3 bmControlsRuntime=4,5,6", 0, 0,
     "0d 24 07 07 02 08 03 010203 040506"},
    {DESC_KIND_uvc_media_transport_input_terminal, 0,
     "bTerminalID=8 bAssocTerminal=0 iTerminal=0 bmControls=3 bmTransportModes=0xaa,0xbb", 0, 0,
     "0d 24 02 08 0202 00 00 01 03 02 aabb"},
    {DESC_KIND_uvc_media_transport_output_terminal, 0,
     "bTerminalID=9 bAssocTerminal=8 bSourceID=7 iTerminal=0 bmControls=3 "
     "bmTransportModes=0xaa,0xbb",
     0, 0, "0e 24 03 09 0203 08 07 00 01 03 02 aabb"},
    {DESC_KIND_uvc_cs_interrupt_endpoint, 0, "wMaxTransferSize=16", 0, 0, "05 25 03 1000"},

    {DESC_KIND_uvc_vs_input_header, 0,
     "bEndpointAddress=0x81 bmInfo=1 bTerminalLink=3 bStillCaptureMethod=2 bTriggerSupport=1 "
     "bTriggerUsage=0 bControlSize=1 bmaControls=0,4",
     DESC_KIND_uvc_vs_format_mjpeg, 2, "0f 24 01 02 2500 81 01 03 02 01 00 01 0004"},
    {DESC_KIND_uvc_vs_output_header, 0x0100, "bEndpointAddress=1 bTerminalLink=3",
     DESC_KIND_uvc_vs_format_mjpeg, 1, "08 24 02 01 1300 01 03"},
    {DESC_KIND_uvc_vs_output_header, 0x0110,
     "bEndpointAddress=1 bTerminalLink=3 bControlSize=1 bmaControls=4",
     DESC_KIND_uvc_vs_format_mjpeg, 1, "0a 24 02 01 1500 01 03 01 04"},
    {DESC_KIND_uvc_vs_still_image_frame, 0,
     "bEndpointAddress=0 wWidthHeight=640,480,1280,720 bCompression=5", 0, 0,
     "0f 24 03 00 02 8002 e001 0005 d002 01 05"},
    {DESC_KIND_uvc_vs_color_matching, 0,
     "bColorPrimaries=1 bTransferCharacteristics=2 bMatrixCoefficients=4", 0, 0,
     "06 24 0d 01 02 04"},
    {DESC_KIND_uvc_vs_format_uncompressed, 0,
     "bFormatIndex=1 guidFormat=" YUY2 " bBitsPerPixel=16 bDefaultFrameIndex=1 bAspectRatioX=4 "
     "bAspectRatioY=3 bmInterlaceFlags=0 bCopyProtect=1",
     DESC_KIND_uvc_vs_frame_uncompressed, 2, "1b 24 04 01 02 " YUY2 " 10 01 04 03 00 01"},
    {DESC_KIND_uvc_vs_frame_uncompressed, 0,
     "bFrameIndex=1 bmCapabilities=1 wWidth=640 wHeight=480 dwMinBitRate=73728000 "
     "dwMaxBitRate=147456000 dwMaxVideoFrameBufferSize=614400 dwDefaultFrameInterval=333333 "
     "dwFrameInterval=333333,666666",
     0, 0, "22 24 05 01 01 8002 e001 00006504 0000ca08 00600900 15160500 02 15160500 2a2c0a00"},
    {DESC_KIND_uvc_vs_format_mjpeg, 0,
     "bFormatIndex=2 bmFlags=1 bDefaultFrameIndex=1 bAspectRatioX=16 bAspectRatioY=9 "
     "bmInterlaceFlags=0 bCopyProtect=0",
     DESC_KIND_uvc_vs_frame_mjpeg, 1, "0b 24 06 02 01 01 01 10 09 00 00"},
    {DESC_KIND_uvc_vs_frame_mjpeg, 0, /* continuous: 30 fps to 1 fps */
     "bFrameIndex=3 bmCapabilities=0 wWidth=1280 wHeight=720 dwMinBitRate=14745600 "
     "dwMaxBitRate=442368000 dwMaxVideoFrameBufferSize=1843200 dwDefaultFrameInterval=333333 "
     "dwFrameInterval=333333,10000000,1 bFrameIntervalType=0",
     0, 0,
     "26 24 07 03 00 0005 d002 0000e100 00005e1a 00201c00 15160500 00 15160500 80969800 01000000"},
    {DESC_KIND_uvc_vs_format_frame_based, 0,
     "bFormatIndex=3 guidFormat=" H264 " bBitsPerPixel=16 bDefaultFrameIndex=1 bAspectRatioX=0 "
     "bAspectRatioY=0 bmInterlaceFlags=0 bCopyProtect=0 bVariableSize=1",
     DESC_KIND_uvc_vs_frame_frame_based, 1, "1c 24 10 03 01 " H264 " 10 01 00 00 00 00 01"},
    {DESC_KIND_uvc_vs_frame_frame_based, 0,
     "bFrameIndex=1 bmCapabilities=0 wWidth=1920 wHeight=1080 dwMinBitRate=1000000 "
     "dwMaxBitRate=8000000 dwDefaultFrameInterval=333333 dwBytesPerLine=0 dwFrameInterval=333333",
     0, 0, "1e 24 11 01 00 8007 3804 40420f00 00127a00 15160500 01 00000000 15160500"},
    {DESC_KIND_uvc_vs_format_mpeg2ts, 0x0100,
     "bFormatIndex=4 bDataOffset=0 bPacketLength=188 bStrideLength=188", 0, 0,
     "07 24 0a 04 00 bc bc"},
    {DESC_KIND_uvc_vs_format_mpeg2ts, 0x0110,
     "bFormatIndex=4 bDataOffset=0 bPacketLength=188 bStrideLength=188 guidStrideFormat=" UUID, 0,
     0, "17 24 0a 04 00 bc bc " UUID},
    {DESC_KIND_uvc_vs_format_dv, 0,
     "bFormatIndex=5 dwMaxVideoFrameBufferSize=144000 bFormatType=0x80", 0, 0,
     "09 24 0c 05 80320200 80"},
    {DESC_KIND_uvc_vs_format_stream_based, 0,
     "bFormatIndex=6 guidFormat=" H264 " dwPacketLength=512", 0, 0,
     "18 24 12 06 " H264 " 00020000"},
    {DESC_KIND_uvc_vs_format_h264, 0,
     "bFormatIndex=7 bDefaultFrameIndex=1 bMaxCodecConfigDelay=2 bmSupportedSliceModes=3 "
     "bmSupportedSyncFrameTypes=4 bResolutionScaling=1 bmSupportedRateControlModes=15 "
     "wMaxMBperSecOneResolutionNoScalability=245 wMaxMBperSecFourResolutionsFullScalability=0x102",
     DESC_KIND_uvc_vs_frame_h264, 1,
     "34 24 13 07 01 01 02 03 04 01 00 0f f500 0000 0000 0000 0000 0000 0000 0000"
     "0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0201"},
    {DESC_KIND_uvc_vs_format_h264_simulcast, 0,
     "bFormatIndex=8 bDefaultFrameIndex=1 bMaxCodecConfigDelay=2 bmSupportedSliceModes=3 "
     "bmSupportedSyncFrameTypes=4 bResolutionScaling=1 bmSupportedRateControlModes=15 "
     "wMaxMBperSecTwoResolutionsNoScalability=245 wMaxMBperSecOneResolutionFullScalability=0x102",
     DESC_KIND_uvc_vs_frame_h264, 1,
     "34 24 15 08 01 01 02 03 04 01 00 0f 0000 f500 0000 0000 0000 0000 0000 0000"
     "0000 0000 0000 0000 0000 0000 0000 0000 0201 0000 0000 0000"},
    {DESC_KIND_uvc_vs_frame_h264, 0,
     "bFrameIndex=1 wWidth=1920 wHeight=1080 wSARwidth=1 wSARheight=2 wProfile=0x4240 "
     "bLevelIDC=40 wConstrainedToolset=3 bmSupportedUsages=0x70003 bmCapabilities=0x25 "
     "bmSVCCapabilities=7 bmMVCCapabilities=8 dwMinBitRate=1000000 dwMaxBitRate=8000000 "
     "dwDefaultFrameInterval=333333 dwFrameInterval=333333",
     0, 0,
     "30 24 14 01 8007 3804 0100 0200 4042 28 0300 03000700 2500 07000000 08000000 40420f00 "
     "00127a00 15160500 01 15160500"},
    {DESC_KIND_uvc_vs_format_vp8, 0,
     "bFormatIndex=9 bDefaultFrameIndex=1 bMaxCodecConfigDelay=2 bSupportedPartitionCount=3 "
     "bmSupportedSyncFrameTypes=4 bResolutionScaling=1 bmSupportedRateControlModes=15 "
     "wMaxMBperSec=245",
     DESC_KIND_uvc_vs_frame_vp8, 1, "0d 24 16 09 01 01 02 03 04 01 0f f500"},
    {DESC_KIND_uvc_vs_format_vp8_simulcast, 0,
     "bFormatIndex=10 bDefaultFrameIndex=1 bMaxCodecConfigDelay=2 bSupportedPartitionCount=3 "
     "bmSupportedSyncFrameTypes=4 bResolutionScaling=1 bmSupportedRateControlModes=15 "
     "wMaxMBperSec=245",
     DESC_KIND_uvc_vs_frame_vp8, 1, "0d 24 18 0a 01 01 02 03 04 01 0f f500"},
    {DESC_KIND_uvc_vs_frame_vp8, 0,
     "bFrameIndex=1 wWidth=1920 wHeight=1080 bmSupportedUsages=0x70003 bmCapabilities=0x25 "
     "bmScalabilityCapabilities=7 dwMinBitRate=1000000 dwMaxBitRate=8000000 "
     "dwDefaultFrameInterval=333333 dwFrameInterval=333333",
     0, 0, "23 24 17 01 8007 3804 03000700 2500 07000000 40420f00 00127a00 15160500 01 15160500"},
};

static size_t from_hex(const char *hex, uint8_t *buf)
{
    size_t n = 0;
    for (; *hex; hex++) {
        if (*hex == ' ')
            continue;
        buf[n++] = (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
        hex++;
    }
    return n;
}

static const struct desc_row *find_row(const struct desc_type *type, const char *name)
{
    for (unsigned i = 0; i < type->n_wire; i++)
        if (g_str_equal(type->rows[i].name, name))
            return &type->rows[i];
    g_error("%s has no field %s", type->text->tag, name);
}

typedef void (*field_func)(struct desc_tree *tree, struct desc_node *node,
                           const struct desc_row *row, const char *value);

static void each_field(const char *fields, field_func func, struct desc_tree *tree,
                       struct desc_node *node)
{
    g_auto(GStrv) words = g_strsplit(fields, " ", -1);
    for (char **word = words; *word && **word; word++) {
        g_auto(GStrv) pair = g_strsplit(*word, "=", 2);
        func(tree, node, find_row(node->type, pair[0]), pair[1]);
    }
}

static void set_field(struct desc_tree *tree, struct desc_node *node, const struct desc_row *row,
                      const char *value)
{
    g_auto(GStrv) numbers = g_strsplit(value, ",", -1);
    if (row->role == DESC_ROLE_VARS)
        desc_vars(tree, node, row->offset, g_strv_length(numbers));
    if (row->width == 16)
        from_hex(value, (uint8_t *)node + row->offset);
    else
        for (unsigned i = 0; numbers[i]; i++)
            desc_set(node, row, i, g_ascii_strtoull(numbers[i], NULL, 0));
}

static void check_field(struct desc_tree *tree, struct desc_node *node, const struct desc_row *row,
                        const char *value)
{
    g_auto(GStrv) numbers = g_strsplit(value, ",", -1);
    uint8_t guid[16];

    (void)tree;
    if (row->width == 16) {
        from_hex(value, guid);
        g_assert_cmpmem((uint8_t *)node + row->offset, 16, guid, 16);
        return;
    }
    g_assert_cmpuint(desc_elements(node, row), ==, g_strv_length(numbers));
    for (unsigned i = 0; numbers[i]; i++)
        g_assert_cmphex(desc_get(node, row, i), ==, g_ascii_strtoull(numbers[i], NULL, 0));
}

/* A parent that can hold it: the root holds all. */
static void test_layout_built(gconstpointer data)
{
    const struct layout *layout = data;
    uint8_t expected[256], packed[256];
    size_t n = from_hex(layout->bytes, expected);
    struct desc_tree *tree = desc_tree_new(layout->bcdUVC);
    struct desc_node *node = desc_add(tree, NULL, layout->kind);

    each_field(layout->fields, set_field, tree, node);
    for (unsigned i = 0; i < layout->n_children; i++)
        desc_add(tree, node, layout->child);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    ssize_t got = desc_pack_alone(node, packed, sizeof(packed));
    g_assert_cmpmem(packed, MAX(got, 0), expected, n);
    g_assert_cmpuint(expected[0], ==, n);
    desc_tree_free(tree);
}

static void test_layout_parsed(gconstpointer data)
{
    const struct layout *layout = data;
    uint8_t bytes[256], packed[256];
    size_t n = from_hex(layout->bytes, bytes);
    struct desc_tree *tree;

    g_assert_cmpint(desc_parse(bytes, n, desc_type_of(layout->kind)->context, &tree), ==, 0);
    struct desc_node *node = desc_tree_root(tree)->arrDescs.first;
    g_assert_cmpstr(node->type->text->tag, ==, desc_type_of(layout->kind)->text->tag);
    g_assert_cmpuint(node->n_extra, ==, 0);
    each_field(layout->fields, check_field, tree, node);
    g_assert_cmpint(desc_pack(desc_tree_root(tree), packed, sizeof(packed)), ==, n);
    g_assert_cmpmem(packed, n, bytes, n);
    desc_tree_free(tree);
}

/* Cut anywhere, even inside a field or an array, a descriptor keeps its kind as far as that can be
   told, and all its bytes. */
static void test_layout_cut(gconstpointer data)
{
    const struct layout *layout = data;
    uint8_t bytes[256], packed[256];
    size_t n = from_hex(layout->bytes, bytes);

    for (size_t cut = 6; cut < n; cut++) {
        struct desc_tree *tree;
        bytes[0] = (uint8_t)cut;
        g_assert_cmpint(desc_parse(bytes, cut, desc_type_of(layout->kind)->context, &tree), ==, 0);
        struct desc_node *node = desc_tree_root(tree)->arrDescs.first;
        g_assert_cmpstr(node->type->text->tag, ==, desc_type_of(layout->kind)->text->tag);
        g_assert_cmpuint(desc_own_size(node), ==, cut);
        g_assert_cmpint(desc_pack(node, packed, sizeof(packed)), ==, cut);
        g_assert_cmpmem(packed, cut, bytes, cut);
        desc_tree_free(tree);
    }
}

static bool has_layout(enum desc_kind kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++)
        if (layouts[i].kind == kind)
            return true;
    return false;
}

/* ---- The schema as a whole ---- */

static void check_objs(const struct desc_type *type)
{
    uint32_t seen = 0;
    for (unsigned i = 0; i < type->n_rows; i++) {
        g_assert_cmpint(type->rows[i].role == DESC_ROLE_OBJS, ==, i >= type->n_wire);
        g_assert_cmphex(seen & type->rows[i].groups, ==, 0); /* one list for each child */
        seen |= type->rows[i].groups;
    }
    g_assert_cmphex(seen, ==, type->accepts);
}

static void test_schema_consistent(void)
{
    for (int kind = 0; kind < DESC_KIND_COUNT; kind++) {
        const struct desc_type *type = desc_type_of((enum desc_kind)kind);
        g_assert_cmpint(type->kind, ==, kind);
        g_assert_cmpuint(type->size, <=, 512);
        check_objs(type);
        if (type->context == DESC_CONTEXT_NONE)
            continue;
        g_test_message("%s", type->text->tag);
        g_assert_true(has_layout(type->kind));
        g_assert_cmpstr(type->text->name, !=, "");
        g_assert_cmpstr(type->text->clause, !=, "");
        g_assert_cmpstr(type->rows[0].name, ==, "bLength");
    }
    g_assert_null(desc_type_of(DESC_KIND_COUNT));
}

/* How deep can a tree be? Nothing holds what holds it, so this ends. */
static unsigned depth_below(enum desc_kind kind)
{
    unsigned deepest = 0;
    for (int child = 0; child < DESC_KIND_COUNT; child++)
        if (desc_type_of(kind)->accepts & desc_type_of((enum desc_kind)child)->group &&
            child != DESC_KIND_usb_descriptors)
            deepest = MAX(deepest, 1 + depth_below((enum desc_kind)child));
    return deepest;
}

static void test_schema_depth(void)
{
    /* root > device > configuration > interface > VS header > format > frame */
    g_assert_cmpuint(depth_below(DESC_KIND_usb_descriptors), ==, 6);
}

/* ---- A whole camera ---- */

static const char camera_bytes[] =
    "12 01 0002 ef 02 01 40 f446 0200 0000 00 00 00 01" /*   0 device */
    "09 02 0601 02 01 00 80 fa"         /*  18 configuration: 9+8+9+52+12+9+131+16+16 = 262 bytes */
    "08 0b 00 02 0e 03 00 02"           /*  27 association */
    "09 04 00 00 01 0e 01 00 02"        /*  35 VC interface */
    "0d 24 01 1001 3400 006cdc02 01 01" /*  44 header: 13 + 18 + 12 + 9 = 52 */
    "12 24 02 01 0102 00 00 0000 0000 0000 03 000200" /*  57 camera terminal */
    "0c 24 05 02 01 0000 02 0300 00 00"               /*  75 processing unit */
    "09 24 03 03 0101 00 02 00"                       /*  87 output terminal */
    "07 05 82 03 1000 08"                             /*  96 status endpoint */
    "05 25 03 1000"                                   /* 103 its class-specific one */
    "09 04 01 00 00 0e 02 00 00"                      /* 108 VS interface */
    "0f 24 01 02 8300 81 00 03 00 00 00 01 0000"      /* 117 header: 15+27+34+6+11+38 = 131 */
    "1b 24 04 01 01 " YUY2 " 10 01 00 00 00 00"       /* 132 */
    "22 24 05 01 00 8002 e001 00006504 0000ca08 00600900 15160500 02 15160500 2a2c0a00" /* 159 */
    "06 24 0d 01 01 04"                                                                 /* 193 */
    "0b 24 06 02 01 00 01 00 00 00 00"                                                  /* 199 */
    "26 24 07 01 00 0005 d002 00000000 00000000 00000000 15160500 00"                   /* 210 */
    "15160500 80969800 01000000"
    "09 04 01 01 01 0e 02 00 00" /* 248 alternate setting 1 */
    "07 05 81 05 0004 01"
    "09 04 01 02 01 0e 02 00 00" /* 264 alternate setting 2 */
    "07 05 81 05 0014 01";

static void test_camera_built(void)
{
    uint8_t expected[512], packed[512];
    size_t n = from_hex(camera_bytes, expected);
    struct desc_tree *tree = desc_tree_new(0x0110);
    struct vcam_dev_descriptor *device = camera_build(tree);

    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_assert_cmpuint(device->node.total, ==, n);
    g_assert_cmpint(desc_pack(device, packed, sizeof(packed)), ==, n);
    g_assert_cmpmem(packed, n, expected, n);

    struct desc_node *config = device->arrConfigDescs.first;
    g_assert_cmpint(desc_pack(config, packed, n - 18), ==, n - 18);
    g_assert_cmpmem(packed, n - 18, expected + 18, n - 18);
    g_assert_cmpint(desc_pack(config, packed, n - 19), ==, -ENOSPC);
    g_assert_cmpint(desc_pack(config, NULL, 0), ==, -ENOSPC);
    g_assert_cmpint(desc_pack_alone(device, packed, 17), ==, -ENOSPC);
    desc_tree_free(tree);
}

static void test_camera_parsed(void)
{
    uint8_t bytes[512];
    size_t n = from_hex(camera_bytes, bytes);
    struct desc_tree *tree;

    g_assert_cmpint(desc_parse(bytes, n, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    struct vcam_dev_descriptor *device =
        DESC_CAST(vcam_dev_descriptor, desc_tree_root(tree)->arrDescs.first);
    struct vcam_config_descriptor *config =
        DESC_CAST(vcam_config_descriptor, device->arrConfigDescs.first);
    g_assert_cmpuint(config->n_arrIFDescs, ==, 4);
    g_assert_cmpuint(config->n_arrOtherDescs, ==, 1);
    g_assert_nonnull(DESC_CAST(usb_interface_association, config->arrOtherDescs.first));
    g_assert_true(config->node.first == config->arrOtherDescs.first);

    struct usb_interface *vc = DESC_CAST(usb_interface, config->arrIFDescs.first);
    struct uvc_vc_header *vc_header = DESC_CAST(uvc_vc_header, vc->arrOtherDescs.first);
    g_assert_cmpuint(vc_header->n_arrEntityDescs, ==, 3);
    g_assert_cmpuint(vc_header->node.offset, ==, 44);

    struct usb_interface *vs = DESC_CAST(usb_interface, vc->node.next);
    struct uvc_vs_input_header *vs_header = DESC_CAST(uvc_vs_input_header, vs->node.first);
    g_assert_cmpuint(vs_header->n_arrFormatDescs, ==, 2);
    struct uvc_vs_format_uncompressed *raw =
        DESC_CAST(uvc_vs_format_uncompressed, vs_header->arrFormatDescs.first);
    g_assert_cmpuint(raw->n_arrFrameDescs, ==, 1);
    g_assert_cmpuint(raw->n_arrOtherDescs, ==, 1);
    struct uvc_vs_frame_mjpeg *frame = DESC_CAST(uvc_vs_frame_mjpeg, raw->node.next->first);
    g_assert_cmpuint(frame->node.offset, ==, 210);
    g_assert_cmpuint(frame->n_dwFrameInterval, ==, 3);
    g_assert_cmpuint(frame->dwFrameInterval[1], ==, 10000000);
    g_assert_null(DESC_CAST(uvc_vs_frame_uncompressed, frame));
    g_assert_null(DESC_CAST(uvc_vs_frame_uncompressed, NULL));

    unsigned endpoints = 0;
    DESC_FOREACH(child, config->arrIFDescs)
    endpoints += DESC_CAST(usb_interface, child)->n_arrEndpointDescs;
    g_assert_cmpuint(endpoints, ==, 3);
    desc_tree_free(tree);
}

/* What real cameras and bad ones do to the nesting: bytes, then the tree as "name(children)". */
static const struct {
    const char *what;
    enum desc_context context;
    const char *bytes, *tree;
} nestings[] = {
    {"nothing", DESC_CONTEXT_STANDARD, "", ""},
    {"one byte", DESC_CONTEXT_STANDARD, "09", "usb_raw"},
    {"bLength 0", DESC_CONTEXT_STANDARD, "0004 090400000000000000", "usb_raw"},
    {"bLength 1", DESC_CONTEXT_STANDARD, "0104 090400000000000000", "usb_raw"},
    {"bLength past the end", DESC_CONTEXT_STANDARD, "090400000000000000 0705810500",
     "usb_interface(usb_raw)"},
    {"unknown type", DESC_CONTEXT_STANDARD, "090200000101008000 05f0010203",
     "vcam_config_descriptor(usb_raw)"},
    {"class-specific of an unknown class", DESC_CONTEXT_STANDARD,
     "090400000001010000 09240100010900 0100", "usb_interface(usb_cs_interface)"},
    {"HID after its interface", DESC_CONTEXT_STANDARD,
     "090400000103000000 092111010001223f00 07058103080001", "usb_interface(usb_raw,usb_endpoint)"},
    {"an audio endpoint's two bytes more", DESC_CONTEXT_STANDARD,
     "090400000101020000 090581054400040000 07250100000000",
     "usb_interface(usb_endpoint(usb_cs_endpoint))"},
    {"units after the endpoint", DESC_CONTEXT_STANDARD,
     "09040000010e010000 07058203100008 08240204000200 00",
     "usb_interface(usb_endpoint,uvc_input_terminal)"},
    {"DV then frames of subtype 0 (CVE-2024-53104)", DESC_CONTEXT_VS,
     "09240c050000000000 1e24000100000000000000000000000000000000000000000001 00000000",
     "uvc_vs_format_dv(usb_cs_interface)"},
    {"frame without a format", DESC_CONTEXT_VS, "0624070100 00", "uvc_vs_frame_mjpeg"},
    {"terminals by their type", DESC_CONTEXT_VC,
     "0824020101020000 0824020102020000 0824020101040000 0824020100000000 05240201 01",
     "uvc_camera_terminal,uvc_media_transport_input_terminal,uvc_input_terminal,"
     "uvc_input_terminal,uvc_input_terminal"},
    {"subtypes of the other interface", DESC_CONTEXT_VC, "0324 0a 0324 14",
     "usb_cs_interface,usb_cs_interface"},
    {"alternate settings and two functions", DESC_CONTEXT_STANDARD,
     "090200000101008000 080b00010e030000 090400000000000000 090400010000000000 "
     "080b010101000000 090401000000000000",
     "vcam_config_descriptor(usb_interface_association,usb_interface,usb_interface,"
     "usb_interface_association,usb_interface)"},
    {"companion and what follows an endpoint", DESC_CONTEXT_STANDARD,
     "090400000100000000 07058102000400 06300f000000 04ff0102 06300f000000",
     "usb_interface(usb_endpoint(usb_ss_endpoint_companion,usb_raw,usb_ss_endpoint_companion))"},
    {"BOS with an unknown capability", DESC_CONTEXT_STANDARD, "050f0000 02 0310ee 0310 0b",
     "usb_bos(usb_cap_other,usb_cap_precision_time_measurement)"},
    {"string descriptors", DESC_CONTEXT_STANDARD, "04034100", "usb_string"},
    {"string descriptor 0", DESC_CONTEXT_LANGIDS, "04030904", "usb_string_zero"},
};

static void describe(GString *out, const struct desc_node *node)
{
    for (const struct desc_node *child = node->first; child; child = child->next) {
        g_string_append_printf(out, "%s%s", child == node->first ? "" : ",",
                               child->type->text->tag);
        if (child->first) {
            g_string_append_c(out, '(');
            describe(out, child);
            g_string_append_c(out, ')');
        }
    }
}

static void test_nesting(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(nestings); i++) {
        uint8_t bytes[256], packed[256];
        size_t n = from_hex(nestings[i].bytes, bytes);
        struct desc_tree *tree;
        g_autoptr(GString) out = g_string_new(NULL);

        g_test_message("%s", nestings[i].what);
        g_assert_cmpint(desc_parse(bytes, n, nestings[i].context, &tree), ==, 0);
        describe(out, &desc_tree_root(tree)->node);
        g_assert_cmpstr(out->str, ==, nestings[i].tree);
        g_assert_cmpint(desc_pack(desc_tree_root(tree), packed, n), ==, n);
        g_assert_cmpmem(packed, n, bytes, n);
        desc_tree_free(tree);
    }
}

/* ---- The builder's promises ---- */

static void test_derive_fits_arrays(void)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct uvc_vs_input_header *header = DESC_ADD(tree, NULL, uvc_vs_input_header);
    header->bControlSize = 2;
    DESC_VARS(tree, header, bmaControls, 2)[1] = 0x40;
    for (int i = 0; i < 3; i++)
        DESC_ADD(tree, header, uvc_vs_format_mjpeg);

    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_assert_cmpuint(header->bNumFormats, ==, 3);
    g_assert_cmpuint(header->n_bmaControls, ==, 6);
    g_assert_cmphex(header->bmaControls[1], ==, 0x40);
    g_assert_cmphex(header->bmaControls[5], ==, 0);
    g_assert_cmpuint(header->bLength, ==, 13 + 6);
    g_assert_cmpuint(header->wTotalLength, ==, 19 + 3 * 11);

    header->bControlSize = 1; /* and shorter again */
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_assert_cmpuint(header->n_bmaControls, ==, 3);
    g_assert_cmpuint(header->bLength, ==, 13 + 3);
    desc_tree_free(tree);
}

static void test_derive_intervals(void)
{
    static const struct {
        uint32_t n;
        int type; /* what the builder writes over it; -1: nothing */
        uint8_t bFrameIntervalType, bLength;
    } cases[] = {{1, -1, 1, 30}, {3, -1, 3, 38}, {3, 0, 0, 38}, {4, 0, 4, 42}, {0, -1, 0, 38}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct desc_tree *tree = desc_tree_new(0);
        struct uvc_vs_frame_mjpeg *frame = DESC_ADD(tree, NULL, uvc_vs_frame_mjpeg);
        DESC_VARS(tree, frame, dwFrameInterval, cases[i].n);
        if (cases[i].type >= 0)
            frame->bFrameIntervalType = (uint8_t)cases[i].type;
        g_assert_cmpint(desc_derive(tree), ==, 0);
        g_assert_cmpuint(frame->bFrameIntervalType, ==, cases[i].bFrameIntervalType);
        g_assert_cmpuint(frame->bLength, ==, cases[i].bLength);
        desc_tree_free(tree);
    }
}

static void test_builder_errors(void)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct usb_endpoint *endpoint = DESC_ADD(tree, NULL, usb_endpoint);
    struct vcam_config_descriptor *lost = DESC_ADD(tree, endpoint, vcam_config_descriptor);
    lost->bMaxPower = 1; /* writable, but nowhere */
    DESC_VARS(tree, DESC_ADD(tree, lost, uvc_vs_frame_mjpeg), dwFrameInterval, 255)[254] = 1;
    g_assert_cmpint(desc_derive(tree), ==, -EINVAL);
    g_assert_cmpuint(desc_tree_root(tree)->n_arrDescs, ==, 1);
    desc_tree_free(tree);

    tree = desc_tree_new(0);
    DESC_VARS(tree, DESC_ADD(tree, NULL, usb_string), bString, 256);
    g_assert_cmpint(desc_derive(tree), ==, -E2BIG);
    desc_tree_free(tree);
    desc_tree_free(NULL);
}

static void test_derive_overflow(void)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct usb_string *string = DESC_ADD(tree, NULL, usb_string);
    DESC_VARS(tree, string, bString, 126);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_assert_cmpuint(string->bLength, ==, 254);
    DESC_VARS(tree, string, bString, 127); /* 256 bytes */
    g_assert_cmpint(desc_derive(tree), ==, -EOVERFLOW);
    desc_tree_free(tree);

    tree = desc_tree_new(0);
    struct uvc_vs_format_mjpeg *format = DESC_ADD(tree, NULL, uvc_vs_format_mjpeg);
    for (int i = 0; i < 256; i++)
        DESC_ADD(tree, format, uvc_vs_frame_mjpeg);
    g_assert_cmpint(desc_derive(tree), ==, -EOVERFLOW);
    desc_tree_free(tree);
}

static void test_extra(void)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct usb_endpoint *endpoint = DESC_ADD(tree, NULL, usb_endpoint);
    uint8_t packed[16];

    desc_set_extra(tree, endpoint, (const uint8_t[]){0xaa, 0xbb}, 2);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_assert_cmpint(desc_pack(endpoint, packed, sizeof(packed)), ==, 9);
    g_assert_cmpmem(packed, 9, ((uint8_t[]){9, 5, 0, 0, 0, 0, 0, 0xaa, 0xbb}), 9);
    desc_tree_free(tree);
}

/* Strings behind a configuration are nobody's, whatever it claims; before its end they are its. */
static void test_behind(void)
{
    static const struct {
        const char *bytes;
        unsigned outside; /* strings */
    } rows[] = {
        {"04 03 4100", 1},
        {"04 03 4100 04 03 4200 0a 06 0002 ef 02 01 40 01 00", 2},
        {"04 03 4100 09 02 0900 00 01 00 80 00 04 03 4200", 2},
        {"04 03 4100 05 0f 0500 00 04 03 4200", 2},
        {"04 03 4100 07 05 83 02 0002 00", 0},
        {"04 03 4100 04 03 4200 07 05 83 02 0002 00 04 03 4300", 1},
    };
    uint8_t bytes[512];
    size_t n = from_hex(camera_bytes, bytes);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct desc_tree *tree;
        unsigned outside = 0;
        size_t length = n + from_hex(rows[i].bytes, bytes + n);
        g_assert_cmpint(desc_parse(bytes, length, DESC_CONTEXT_STANDARD, &tree), ==, 0);
        struct desc_node *root = (struct desc_node *)desc_tree_root(tree);
        for (struct desc_node *node = root->first; node; node = node->next)
            outside += DESC_CAST(usb_string, node) != NULL;
        g_assert_cmpuint(outside, ==, rows[i].outside);
        desc_tree_free(tree);
    }
}

static void test_too_large(void)
{
    struct desc_tree *tree = NULL;
    uint8_t byte = 0;
    g_assert_cmpint(desc_parse(&byte, DESC_MAX_BYTES + 1, DESC_CONTEXT_STANDARD, &tree), ==,
                    -E2BIG);
    g_assert_null(tree);
    g_assert_cmpint(desc_parse(NULL, 0, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    desc_tree_free(tree);
}

/* ---- Structures that are no descriptors ---- */

static void test_probe(void)
{
    static const char hex[] = "0100 02 03 15160500 0400 0500 0600 0700 0800 00600900 0c600900"
                              "006cdc02 03 01 02 04"
                              "05 06 07 08 090a 1122334455667788";
    static const size_t lengths[] = {26, 34, 48};
    uint8_t bytes[64], packed[64];

    g_assert_cmpuint(from_hex(hex, bytes), ==, 48);
    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        struct uvc_probe_commit probe = {.dwClockFrequency = 1, .bUsage = 2};
        size_t n = lengths[i];
        g_assert_cmpuint(desc_unpack_rows(DESC_KIND_uvc_probe_commit, &probe, bytes, n), ==, n);
        g_assert_cmpuint(probe.bFrameIndex, ==, 3);
        g_assert_cmpuint(probe.dwMaxPayloadTransferSize, ==, 614412);
        g_assert_cmpuint(probe.dwClockFrequency, ==, n >= 34 ? 48000000 : 1);
        g_assert_cmpuint(probe.bUsage, ==, n >= 48 ? 5 : 2);
        g_assert_cmpuint(desc_pack_rows(DESC_KIND_uvc_probe_commit, &probe, packed, n), ==, n);
        g_assert_cmpmem(packed, n, bytes, n);
        if (n == 48)
            g_assert_cmphex(probe.bmLayoutPerStream, ==, 0x8877665544332211);
    }
    struct uvc_probe_commit probe = {0};
    g_assert_cmpuint(desc_unpack_rows(DESC_KIND_uvc_probe_commit, &probe, bytes, 25), ==, 22);
    g_assert_cmpuint(probe.dwMaxPayloadTransferSize, ==, 0);
    g_assert_cmpuint(desc_unpack_rows(DESC_KIND_uvc_probe_commit, &probe, bytes, 64), ==, 48);
    g_assert_cmpuint(desc_pack_rows(DESC_KIND_uvc_probe_commit, &probe, packed, 64), ==, 48);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(layouts); i++) {
        const char *tag = desc_type_of(layouts[i].kind)->text->tag;
        g_autofree char *built =
            g_strdup_printf("/descriptors/built/%s/%04x", tag, layouts[i].bcdUVC);
        g_autofree char *parsed =
            g_strdup_printf("/descriptors/parsed/%s/%04x", tag, layouts[i].bcdUVC);
        g_autofree char *cut = g_strdup_printf("/descriptors/cut/%s/%04x", tag, layouts[i].bcdUVC);
        g_test_add_data_func(built, &layouts[i], test_layout_built);
        g_test_add_data_func(parsed, &layouts[i], test_layout_parsed);
        g_test_add_data_func(cut, &layouts[i], test_layout_cut);
    }
    g_test_add_func("/descriptors/schema/consistent", test_schema_consistent);
    g_test_add_func("/descriptors/schema/depth", test_schema_depth);
    g_test_add_func("/descriptors/camera/built", test_camera_built);
    g_test_add_func("/descriptors/camera/parsed", test_camera_parsed);
    g_test_add_func("/descriptors/nesting", test_nesting);
    g_test_add_func("/descriptors/derive/arrays", test_derive_fits_arrays);
    g_test_add_func("/descriptors/derive/intervals", test_derive_intervals);
    g_test_add_func("/descriptors/derive/overflow", test_derive_overflow);
    g_test_add_func("/descriptors/builder/errors", test_builder_errors);
    g_test_add_func("/descriptors/builder/extra", test_extra);
    g_test_add_func("/descriptors/parse/behind", test_behind);
    g_test_add_func("/descriptors/parse/too-large", test_too_large);
    g_test_add_func("/descriptors/probe-commit", test_probe);
    return g_test_run();
}
