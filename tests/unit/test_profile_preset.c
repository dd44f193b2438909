/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices made of presets: they are what their files say, hosts can negotiate all of it, and files
   that are no camera are refused with words. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "descriptors/edit.h"
#include "descriptors/json.h"
#include "descriptors_camera.h"
#include "descriptors_inputs.h"
#include "vcam/device.h"

static struct desc_tree *read_preset(const char *name)
{
    g_autofree char *path = g_strdup_printf("descriptors/presets/%s.json", name);
    g_autofree char *json = NULL;
    struct desc_json_error error;
    struct desc_tree *tree = NULL;
    gsize len;
    g_assert_true(g_file_get_contents(path, &json, &len, NULL));
    g_assert_cmpint(desc_json_read(json, len, &tree, &error), ==, 0);
    return tree;
}

/* ---- A device and its host ---- */

static void stream_start(void *user, const struct vcam_mode *mode)
{
    *(struct vcam_mode *)user = *mode;
}

static void stream_stop(void *user)
{
    (void)user;
}

static int control_get(void *user, enum vcam_control_id id, int32_t *ret_value)
{
    (void)user;
    *ret_value = (int32_t)id;
    return 0;
}

static int control_set(void *user, enum vcam_control_id id, int32_t value)
{
    (void)user;
    (void)id;
    (void)value;
    return 0;
}

struct host {
    struct vcam_mode mode; /* that was started */
    struct vcam_device *device;
    uint8_t data[4096];
    size_t len;
};

static const struct vcam_control_list controls = {
    3,
    {{VCAM_PU_BRIGHTNESS, -64, 64, 1, 0, 0},
     {VCAM_PU_WHITE_BALANCE_TEMPERATURE, 2000, 6500, 10, 4000, 0},
     {VCAM_CT_ZOOM_ABSOLUTE, 0, 10, 1, 0, 0}}};

static struct host *host_new(struct desc_tree *tree)
{
    struct host *host = g_new0(struct host, 1);
    const struct vcam_device_ops ops = {.stream_start = stream_start,
                                        .stream_stop = stream_stop,
                                        .control_get = control_get,
                                        .control_set = control_set,
                                        .user = &host->mode};
    const char *why = "";
    struct vcam_profile *profile = vcam_profile_new_from_tree(tree, &controls, NULL, &why);
    if (!profile)
        g_error("%s", why);
    host->device = vcam_device_new(profile, &ops);
    return host;
}

static void host_free(struct host *host)
{
    vcam_device_free(host->device);
    g_free(host);
}

static enum vcam_answer ask(struct host *host, uint8_t bmRequestType, uint8_t bRequest,
                            uint16_t wValue, uint16_t wIndex, uint16_t wLength)
{
    const struct vcam_setup setup = {bmRequestType, bRequest, wValue, wIndex, wLength};
    host->len = 0;
    return vcam_device_control(host->device, &setup, host->data, &host->len, 1000);
}

static void configure(struct host *host)
{
    const struct vcam_layout *layout = vcam_profile_layout(vcam_device_profile(host->device));
    g_assert_cmpint(ask(host, 0x00, 9, layout->bConfigurationValue, 0, 0), ==, VCAM_ACK);
}

/* ---- What it says it is ---- */

static void check_descriptor(struct host *host, uint8_t type, uint8_t index, uint16_t langid,
                             const void *node, bool alone)
{
    uint8_t expected[4096];
    ssize_t len = alone ? desc_pack_alone(node, expected, sizeof(expected))
                        : desc_pack(node, expected, sizeof(expected));
    g_assert_cmpint(ask(host, 0x80, 6, (uint16_t)(type << 8 | index), langid, 4096), ==, VCAM_DATA);
    g_assert_cmpmem(host->data, host->len, expected, len);
}

static void test_descriptors(gconstpointer name)
{
    struct desc_tree *tree = read_preset(name);
    struct host *host = host_new(tree);
    unsigned strings = 0;

    for (struct desc_node *node = desc_tree_root(tree)->node.first; node; node = node->next) {
        uint8_t type = (uint8_t)desc_get(node, &node->type->rows[1], 0);
        bool is_string = type == USB_DESC_STRING;
        bool alone = node->type->kind == DESC_KIND_vcam_dev_descriptor;
        check_descriptor(host, type, is_string ? (uint8_t)strings : 0, strings ? 0x0409 : 0, node,
                         alone);
        strings += is_string;
        if (alone)
            check_descriptor(host, USB_DESC_CONFIGURATION, 0, 0, node->first, false);
    }
    g_assert_cmpuint(strings, >, 3);
    g_assert_cmpint(ask(host, 0x80, 6, (uint16_t)(0x300 | strings), 0x0409, 255), ==, VCAM_STALL);
    g_assert_cmpint(ask(host, 0x80, 6, 0x301, 0x0407, 255), ==, VCAM_STALL);
    host_free(host);
    desc_tree_free(tree);
}

/* ---- What can be negotiated ---- */

static uint32_t le32(const uint8_t *bytes)
{
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t field(const struct desc_node *node, const char *name)
{
    for (unsigned i = 0; i < node->present; i++)
        if (strcmp(node->type->rows[i].name, name) == 0)
            return (uint32_t)desc_get(node, &node->type->rows[i], 0);
    return 0;
}

/* Proposes format, frame and interval to the interface, and reads back the same. */
static void negotiate(struct host *host, uint8_t interface, uint8_t format, uint8_t frame,
                      uint32_t interval, uint16_t control)
{
    uint16_t length = vcam_profile_options(vcam_device_profile(host->device))->bcdUVC >= 0x0150 ? 48
                      : vcam_profile_options(vcam_device_profile(host->device))->bcdUVC >= 0x0110
                          ? 34
                          : 26;
    memset(host->data, 0, length);
    host->data[2] = format;
    host->data[3] = frame;
    for (unsigned i = 0; i < 4; i++)
        host->data[4 + i] = (uint8_t)(interval >> 8 * i);
    g_assert_cmpint(ask(host, 0x21, 0x01, control, interface, length), ==, VCAM_ACK);
    g_assert_cmpint(ask(host, 0xa1, 0x81, control, interface, length), ==, VCAM_DATA);
    g_assert_cmpuint(host->len, ==, length);
    g_assert_cmpuint(host->data[2], ==, format);
    g_assert_cmpuint(host->data[3], ==, frame);
    g_assert_cmpuint(le32(host->data + 4), ==, interval);
}

static void check_frame(struct host *host, uint8_t interface, const struct desc_node *format,
                        const struct desc_node *frame)
{
    const struct desc_row *row = &frame->type->rows[frame->present - 1];
    g_assert_cmpstr(row->name, ==, "dwFrameInterval");
    for (size_t i = 0; i < desc_elements(frame, row); i++) {
        negotiate(host, interface, (uint8_t)field(format, "bFormatIndex"),
                  (uint8_t)field(frame, "bFrameIndex"), (uint32_t)desc_get(frame, row, i), 0x100);
        uint32_t buffer = field(frame, "dwMaxVideoFrameBufferSize");
        if (buffer)
            g_assert_cmpuint(le32(host->data + 18), ==, buffer);
    }
}

static void test_negotiation(gconstpointer name)
{
    struct desc_tree *tree = read_preset(name);
    struct host *host = host_new(tree);
    struct desc_node *config =
        DESC_CAST(vcam_dev_descriptor, desc_tree_root(tree)->arrDescs.first)->arrConfigDescs.first;
    unsigned frames = 0;

    configure(host);
    for (struct desc_node *node = config; node; node = desc_next(node, config)) {
        if (node->type->group != DESC_GROUP_VS_FRAME)
            continue;
        struct usb_interface *interface = DESC_CAST(usb_interface, node->parent->parent->parent);
        check_frame(host, interface->bInterfaceNumber, node->parent, node);
        frames++;
    }
    g_assert_cmpuint(frames, >, 0);
    host_free(host);
    desc_tree_free(tree);
}

static bool has_endpoint(struct vcam_device *device, uint8_t bEndpointAddress,
                         struct vcam_endpoint *ret_endpoint)
{
    struct vcam_endpoint endpoints[VCAM_MAX_ENDPOINTS];
    unsigned n = vcam_device_endpoints(device, endpoints);
    for (unsigned i = 0; i < n; i++)
        if (endpoints[i].bEndpointAddress == bEndpointAddress) {
            *ret_endpoint = endpoints[i];
            return true;
        }
    return false;
}

/* Every alternate setting of every streaming interface can be chosen, and of no other interface;
   the endpoints are the file's. */
static void test_interfaces(gconstpointer name)
{
    struct desc_tree *tree = read_preset(name);
    struct host *host = host_new(tree);
    struct vcam_config_descriptor *config = DESC_CAST(
        vcam_config_descriptor,
        DESC_CAST(vcam_dev_descriptor, desc_tree_root(tree)->arrDescs.first)->arrConfigDescs.first);
    unsigned streams = 0;

    configure(host);
    DESC_FOREACH(node, config->arrIFDescs)
    {
        struct usb_interface *interface = DESC_CAST(usb_interface, node);
        bool has_pictures = interface->bInterfaceSubClass == SC_VIDEOSTREAMING;
        bool expected = has_pictures || interface->bAlternateSetting == 0;
        g_assert_cmpint(
            ask(host, 0x01, 11, interface->bAlternateSetting, interface->bInterfaceNumber, 0), ==,
            expected ? VCAM_ACK : VCAM_STALL);
        if (!has_pictures || !interface->n_arrEndpointDescs)
            continue;
        struct usb_endpoint *declared = DESC_CAST(usb_endpoint, interface->arrEndpointDescs.first);
        struct vcam_endpoint found = {0};
        g_assert_true(has_endpoint(host->device, declared->bEndpointAddress, &found));
        g_assert_cmpuint(found.max_packet_size % (declared->wMaxPacketSize & 0x7ff), ==, 0);
        g_assert_cmpuint(found.bInterfaceNumber, ==, interface->bInterfaceNumber);
        streams++;
    }
    g_assert_cmpuint(streams, >, 0);
    host_free(host);
    desc_tree_free(tree);
}

/* ---- Two streaming interfaces, and what has no pictures ---- */

/* UVC 1.1, A.9.7: selectors; 4.2.1.2: the code of the last request. */
#define PROBE  0x0100
#define COMMIT 0x0200

static enum vcam_answer put_mode(struct host *host, uint16_t selector, uint8_t interface,
                                 uint8_t format, uint8_t frame)
{
    memset(host->data, 0, 34);
    host->data[2] = format;
    host->data[3] = frame;
    return ask(host, 0x21, 0x01, selector, interface, 34);
}

/* Format and frame that PROBE has. */
static unsigned probed(struct host *host, uint8_t request, uint8_t interface)
{
    g_assert_cmpint(ask(host, 0xa1, request, PROBE, interface, 34), ==, VCAM_DATA);
    return host->data[2] << 8 | host->data[3];
}

static unsigned error_code(struct host *host)
{
    g_assert_cmpint(ask(host, 0xa1, 0x81, 0x0200, 0, 1), ==, VCAM_DATA);
    return host->data[0];
}

static void push(struct host *host, uint64_t number)
{
    struct vcam_frame *frame = vcam_frame_new(&host->mode, 64);
    frame->number = number;
    vcam_device_push_frame(host->device, frame, 3000);
}

/* They take turns, and a host hears of it before it starts. */
static void test_two_streams(void)
{
    struct desc_tree *tree = read_preset("two_streams");
    struct host *host = host_new(tree);
    struct vcam_endpoint endpoint;
    struct vcam_payload payload;

    configure(host);
    g_assert_cmpint(put_mode(host, COMMIT, 1, 2, 1), ==, VCAM_ACK);
    g_assert_cmpint(ask(host, 0x01, 11, 11, 1, 0), ==, VCAM_ACK);
    g_assert_cmpuint(host->mode.fourcc, ==, VCAM_MJPEG);
    g_assert_cmpint(put_mode(host, PROBE, 2, 1, 2), ==, VCAM_ACK);
    g_assert_cmpint(put_mode(host, COMMIT, 2, 1, 1), ==, VCAM_STALL);
    g_assert_cmpuint(error_code(host), ==, 2); /* wrong state */
    g_assert_cmpint(ask(host, 0x01, 11, 1, 2, 0), ==, VCAM_STALL);
    g_assert_cmpint(ask(host, 0x01, 11, 0, 2, 0), ==, VCAM_ACK); /* goes on */
    g_assert_cmpint(vcam_device_iso_in(host->device, 0x81, 2000, &payload), ==, VCAM_NAK);
    push(host, 0);
    g_assert_cmpint(vcam_device_iso_in(host->device, 0x81, 3000, &payload), ==, VCAM_DATA);

    g_assert_cmpint(ask(host, 0x01, 11, 0, 1, 0), ==, VCAM_ACK);
    g_assert_cmpint(put_mode(host, COMMIT, 2, 1, 1), ==, VCAM_ACK);
    g_assert_cmpint(ask(host, 0x01, 11, 4, 2, 0), ==, VCAM_ACK);
    g_assert_cmpuint(host->mode.fourcc, ==, VCAM_YUY2);
    g_assert_true(has_endpoint(host->device, 0x82, &endpoint));
    g_assert_false(has_endpoint(host->device, 0x81, &endpoint));
    g_assert_cmpint(vcam_device_iso_in(host->device, 0x82, 4000, &payload), ==, VCAM_NAK);
    g_assert_cmpint(vcam_device_iso_in(host->device, 0x81, 4000, &payload), ==, VCAM_STALL);
    g_assert_cmpint(ask(host, 0x81, 10, 0, 2, 1), ==, VCAM_DATA);
    g_assert_cmpuint(host->data[0], ==, 4);
    g_assert_cmpint(put_mode(host, COMMIT, 1, 1, 1), ==, VCAM_STALL);
    vcam_device_reset(host->device, 5000);
    configure(host);
    g_assert_cmpint(ask(host, 0x81, 10, 0, 2, 1), ==, VCAM_DATA);
    g_assert_cmpuint(host->data[0], ==, 0);
    host_free(host);
    desc_tree_free(tree);
}

/* What a source has that makes these formats; so many of the preset's formats and sizes are left.
 */
static struct host *host_with(struct desc_tree *tree, const char *formats, unsigned expected)
{
    static const uint16_t sizes[][2] = {
        {640, 480}, {320, 240}, {1920, 1080}, {1280, 720}, {160, 120}};
    struct vcam_offer available = {0};
    g_auto(GStrv) names = g_strsplit(formats, " ", -1);
    struct host *host = host_new(tree);
    struct vcam_profile *profile =
        (struct vcam_profile *)(uintptr_t)vcam_device_profile(host->device);
    for (char **name = names; *name; name++)
        for (guint i = 0; i < G_N_ELEMENTS(sizes); i++)
            vcam_offer_add(&available, &(struct vcam_mode){vcam_format_by_name(*name)->fourcc,
                                                           sizes[i][0], sizes[i][1], 333333});
    g_assert_cmpuint(vcam_profile_restrict(profile, &available), ==, expected);
    vcam_device_reset(host->device, 0);
    configure(host);
    return host;
}

/* What the source has not is answered with what it has, and cannot be committed. */
static void test_restricted(void)
{
    struct desc_tree *tree = read_preset("h264");
    struct host *host = host_with(tree, "YUY2 MJPEG", 4);
    g_assert_cmpint(put_mode(host, PROBE, 1, 3, 1), ==, VCAM_ACK);
    unsigned instead = probed(host, 0x81, 1);
    g_assert_cmpuint(instead >> 8, !=, 3);
    g_assert_cmpint(put_mode(host, COMMIT, 1, 3, 1), ==, VCAM_STALL);
    g_assert_cmpuint(error_code(host), ==, 4); /* out of range */
    g_assert_cmpint(put_mode(host, COMMIT, 1, (uint8_t)(instead >> 8), (uint8_t)instead), ==,
                    VCAM_ACK);
    host_free(host);

    host = host_with(tree, "H264", 3); /* and not the first format */
    g_assert_cmpuint(probed(host, 0x87, 1), ==, 0x0301);
    g_assert_cmpint(put_mode(host, PROBE, 1, 1, 1), ==, VCAM_ACK);
    g_assert_cmpuint(probed(host, 0x81, 1) >> 8, ==, 3);
    host_free(host);
    desc_tree_free(tree);
}

/* Hosts negotiate with an interface before they take the device: with one of which the source has
   nothing too, but it starts no stream. */
static void test_silent(void)
{
    struct desc_tree *tree = read_preset("two_streams");
    struct host *host = host_with(tree, "MJPEG", 2);
    g_assert_cmpuint(probed(host, 0x87, 2), ==, 0x0101);
    g_assert_cmpint(put_mode(host, PROBE, 2, 2, 1), ==, VCAM_ACK);
    g_assert_cmpuint(probed(host, 0x81, 2), ==, 0x0201);
    g_assert_cmpint(put_mode(host, COMMIT, 2, 2, 1), ==, VCAM_STALL);
    g_assert_cmpuint(error_code(host), ==, 2);
    g_assert_cmpint(put_mode(host, COMMIT, 1, 2, 1), ==, VCAM_ACK);
    host_free(host);
    desc_tree_free(tree);
}

/* ---- Particulars ---- */

static void test_options(void)
{
    static const struct {
        const char *preset;
        enum vcam_speed speed;
        enum vcam_transfer transfer;
        uint16_t idVendor, bcdUVC;
        uint32_t largest; /* packet of the stream */
    } cases[] = {
        {"webcam", VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0x1d6b, 0x0110, 3060},
        {"h264", VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0x1d6b, 0x0110, 3060},
        {"uvc15", VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0x1d6b, 0x0150, 3060},
        {"two_streams", VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0x1d6b, 0x0110, 3060},
        {"superspeed", VCAM_SPEED_SUPER, VCAM_TRANSFER_BULK, 0x1d6b, 0x0110, 1024},
        {"qemu_usb_video_full", VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, 0x46f4, 0x0100, 1023},
        {"qemu_usb_video_high", VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0x46f4, 0x0100, 1024},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct desc_tree *tree = read_preset(cases[i].preset);
        struct host *host = host_new(tree);
        const struct vcam_profile *profile = vcam_device_profile(host->device);
        const struct vcam_profile_options *options = vcam_profile_options(profile);
        struct vcam_endpoint endpoints[2];
        unsigned n = vcam_profile_endpoints(
            profile, (uint8_t)(vcam_profile_alternates(profile) - 1), endpoints);
        g_test_message("%s", cases[i].preset);
        g_assert_cmpint(options->speed, ==, cases[i].speed);
        g_assert_cmpint(options->transfer, ==, cases[i].transfer);
        g_assert_cmphex(options->idVendor, ==, cases[i].idVendor);
        g_assert_cmphex(options->bcdUVC, ==, cases[i].bcdUVC);
        g_assert_cmpuint(endpoints[n - 1].max_packet_size, ==, cases[i].largest);
        g_assert_cmpint(vcam_profile_side(profile) != NULL, ==,
                        g_str_equal(cases[i].preset, "two_streams"));
        host_free(host);
        desc_tree_free(tree);
    }
}

/* Of the camera's controls, those that the file declares, at the file's ids. */
static void test_controls(void)
{
    struct desc_tree *tree = read_preset("qemu_usb_video_high");
    struct host *host = host_new(tree);
    const struct vcam_control_list *list = vcam_profile_controls(vcam_device_profile(host->device));
    g_assert_cmpuint(list->count, ==, 1);
    g_assert_cmpint(list->items[0].id, ==, VCAM_PU_BRIGHTNESS);
    configure(host);
    g_assert_cmpint(ask(host, 0x00, 0, 0, 0, 2), ==, VCAM_STALL);
    g_assert_cmpint(ask(host, 0x80, 0, 0, 0, 2), ==, VCAM_DATA);
    g_assert_cmphex(host->data[0], ==, 0x01);                                 /* self-powered */
    g_assert_cmpint(ask(host, 0xa1, 0x83, 0x0200, 3 << 8, 2), ==, VCAM_DATA); /* brightness */
    g_assert_cmphex(host->data[0], ==, 64);
    g_assert_cmpint(ask(host, 0xa1, 0x83, 0x0200, 2 << 8, 2), ==, VCAM_STALL); /* no such unit */
    g_assert_cmpint(ask(host, 0xa1, 0x81, 0x0100, 2 << 8, 1), ==, VCAM_DATA);  /* its input */
    g_assert_cmphex(host->data[0], ==, 1);
    g_assert_cmpint(ask(host, 0xa1, 0x85, 0x0100, 2 << 8, 2), ==, VCAM_DATA);
    g_assert_cmpmem(host->data, host->len, "\1\0", 2);
    g_assert_cmpint(ask(host, 0x21, 0x01, 0x0100, 2 << 8, 1), ==, VCAM_STALL);
    g_assert_cmpint(ask(host, 0xa1, 0x81, 0x0100, 9 << 8, 1), ==, VCAM_STALL);
    host_free(host);
    desc_tree_free(tree);
}

/* Streams by the file's alternate setting and endpoint. */
static void test_stream(void)
{
    struct desc_tree *tree = read_preset("qemu_usb_video_high");
    struct host *host = host_new(tree);
    struct vcam_payload payload;
    configure(host);
    negotiate(host, 1, 1, 2, 333333, 0x200);
    g_assert_cmpint(ask(host, 0x01, 11, 1, 1, 0), ==, VCAM_ACK);
    g_assert_cmpuint(host->mode.wWidth, ==, 320);
    g_assert_cmpuint(host->mode.fourcc, ==, VCAM_YUY2);
    g_assert_cmpint(vcam_device_iso_in(host->device, 0x81, 2000, &payload), ==, VCAM_NAK);
    g_assert_cmpint(vcam_device_iso_in(host->device, 0x82, 2000, &payload), ==, VCAM_STALL);
    host_free(host);
    desc_tree_free(tree);
}

/* A range of intervals is the rates in it that people ask for, and its ends. */
static void test_continuous(void)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    camera_build(tree);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    struct host *host = host_new(tree);
    const struct vcam_offer *offer = vcam_profile_offer(vcam_device_profile(host->device));
    const struct vcam_size_offer *size = &offer->formats[1].sizes[0];
    static const uint32_t expected[] = {333333, 400000, 500000, 666667, 1000000, 2000000, 10000000};
    g_assert_cmpmem(size->dwFrameInterval, size->n_intervals * sizeof(uint32_t), expected,
                    sizeof(expected));
    host_free(host);
    desc_tree_free(tree);
}

/* ---- Files that are no camera ---- */

static struct desc_node *any_of(struct desc_tree *tree, enum desc_kind kind)
{
    struct desc_node *node = &desc_tree_root(tree)->node;
    while (node && node->type->kind != kind)
        node = desc_next(node, &desc_tree_root(tree)->node);
    return node;
}

static const struct {
    enum desc_kind kind; /* the first of it gets */
    const char *field;   /* another value here, or (NULL) is taken out */
    uint32_t value;
    const char *why;
} refused[] = {
    {DESC_KIND_vcam_dev_descriptor, NULL, 0, "no device with one configuration"},
    {DESC_KIND_vcam_config_descriptor, NULL, 0, "no device with one configuration"},
    {DESC_KIND_vcam_config_descriptor, "bConfigurationValue", 0, "bConfigurationValue is 0"},
    {DESC_KIND_usb_interface, "bInterfaceClass", 3, "no VideoControl and VideoStreaming"},
    {DESC_KIND_usb_endpoint, "bEndpointAddress", 0x81, "two of its endpoints have one address"},
    {DESC_KIND_uvc_vs_format_uncompressed, "bFormatIndex", 0, "bFormatIndex is not 1 to 16"},
    {DESC_KIND_uvc_vs_format_uncompressed, "bFormatIndex", 17, "bFormatIndex is not 1 to 16"},
    {DESC_KIND_uvc_vs_format_uncompressed, "bFormatIndex", 2, "bFormatIndex is used twice"},
    {DESC_KIND_uvc_vs_input_header, NULL, 0, "a streaming interface has no frames of"},
    {DESC_KIND_uvc_vs_frame_uncompressed, "bFrameIndex", 0, "bFrameIndex is not 1 to 32"},
    {DESC_KIND_uvc_vs_frame_uncompressed, "bFrameIndex", 255, "bFrameIndex is not 1 to 32"},
    {DESC_KIND_uvc_vs_frame_uncompressed, "wWidth", 0, "it has no size"},
    {DESC_KIND_usb_interface, NULL, 0, "no VideoControl and VideoStreaming"},
};

static void test_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        struct desc_tree *tree = desc_tree_new(0x0110);
        const char *why = NULL;
        camera_build(tree);
        g_assert_cmpint(desc_derive(tree), ==, 0);
        struct desc_node *node = any_of(tree, refused[i].kind);
        if (!refused[i].field)
            desc_unlink(node);
        for (unsigned k = 0; refused[i].field && k < node->present; k++)
            if (g_str_equal(node->type->rows[k].name, refused[i].field))
                desc_set(node, &node->type->rows[k], 0, refused[i].value);
        struct vcam_profile *profile = vcam_profile_new_from_tree(tree, NULL, NULL, &why);
        g_test_message("%zu: %s", i, why);
        g_assert_null(profile);
        g_assert_cmpint(errno, ==, EINVAL);
        g_assert_nonnull(strstr(why, refused[i].why));
        desc_tree_free(tree);
    }
}

/* Whatever a file holds: refused, or a device that answers. */
static void try_bytes(const uint8_t *bytes, size_t len)
{
    struct desc_tree *tree;
    const char *why = NULL;
    g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    struct vcam_profile *profile = vcam_profile_new_from_tree(tree, &controls, NULL, &why);
    g_assert_true(profile || why);
    vcam_profile_free(profile);
    desc_tree_free(tree);
}

static void test_any_input(void)
{
    inputs_each(41, 3000, try_bytes);
}

/* Requests in any order, pictures, and the streams' endpoints. */
static void bother(struct host *host, GRand *rand)
{
    struct vcam_payload payload;
    configure(host);
    for (unsigned n = 0; n < 64; n++) {
        uint16_t index = (uint16_t)(g_rand_int(rand) & 0x0703);
        uint8_t address = (uint8_t)(0x81 + g_rand_int(rand) % 3);
        for (unsigned b = 0; b < 48; b++)
            host->data[b] = (uint8_t)(g_rand_int(rand) % 6);
        ask(host, 0x21, 0x01, (uint16_t)(0x100 * (1 + g_rand_int(rand) % 2)), index, 34);
        ask(host, 0xa1, (uint8_t)(0x81 + n % 7), 0x100, index, 48);
        ask(host, 0x01, 11, (uint16_t)(g_rand_int(rand) % 4), index & 3, 0);
        if (host->mode.wWidth)
            push(host, n);
        vcam_device_iso_in(host->device, address, 4000, &payload);
        vcam_device_bulk_in(host->device, address, 16384, 4000, &payload);
        ask(host, 0x02, 1, 0, address, 0);
    }
}

static void try_changed(const uint8_t *bytes, size_t len)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(42);
    for (int i = 0; i < 300; i++) {
        g_autofree uint8_t *changed = g_memdup2(bytes, len);
        for (int k = 0; k < 4; k++)
            changed[g_rand_int(rand) % len] = (uint8_t)g_rand_int(rand);
        struct desc_tree *tree;
        const char *why = NULL;
        g_assert_cmpint(desc_parse(changed, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
        struct vcam_profile *profile = vcam_profile_new_from_tree(tree, &controls, NULL, &why);
        if (profile) {
            vcam_profile_free(profile);
            struct host *host = host_new(tree);
            bother(host, rand);
            host_free(host);
        }
        desc_tree_free(tree);
    }
}

static void test_cameras(void)
{
    inputs_each_camera(try_bytes);
    if (!g_test_failed())
        inputs_each_camera(try_changed);
}

static void test_changed_preset(gconstpointer name)
{
    struct desc_tree *tree = read_preset(name);
    struct desc_node *device = desc_tree_root(tree)->arrDescs.first;
    g_autoptr(GByteArray) bytes = inputs_pack(device);
    try_changed(bytes->data, bytes->len);
    desc_tree_free(tree);
}

static void test_changed_camera(void)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    camera_build(tree);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_autoptr(GByteArray) bytes = inputs_pack(desc_tree_root(tree));
    try_changed(bytes->data, bytes->len);
    desc_tree_free(tree);
}

int main(int argc, char **argv)
{
    static const char *const presets[] = {"webcam",
                                          "h264",
                                          "uvc15",
                                          "two_streams",
                                          "superspeed",
                                          "qemu_usb_video_full",
                                          "qemu_usb_video_high"};
    static const struct {
        const char *name;
        GTestDataFunc func;
    } each[] = {{"descriptors", test_descriptors},
                {"negotiation", test_negotiation},
                {"interfaces", test_interfaces},
                {"changed", test_changed_preset}};
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(presets); i++)
        for (size_t k = 0; k < G_N_ELEMENTS(each); k++) {
            g_autofree char *path = g_strdup_printf("/preset/%s/%s", each[k].name, presets[i]);
            g_test_add_data_func(path, presets[i], each[k].func);
        }
    g_test_add_func("/preset/options", test_options);
    g_test_add_func("/preset/controls", test_controls);
    g_test_add_func("/preset/stream", test_stream);
    g_test_add_func("/preset/continuous", test_continuous);
    g_test_add_func("/preset/two-streams", test_two_streams);
    g_test_add_func("/preset/restricted", test_restricted);
    g_test_add_func("/preset/silent", test_silent);
    g_test_add_func("/preset/refused", test_refused);
    g_test_add_func("/preset/any-input", test_any_input);
    g_test_add_func("/preset/changed-camera", test_changed_camera);
    g_test_add_func("/preset/cameras", test_cameras);
    return g_test_run();
}
