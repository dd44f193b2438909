/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The descriptors that a guest reads: one camera byte for byte, then what must hold for all. */
#include <errno.h>
#include <string.h>

#include "descriptors/desc.h"
#include "tests/unit/vcam_fixture.h"
#include "vcam/profile.h"

enum { DEVICE = 1, CONFIGURATION, STRING, QUALIFIER = 6, OTHER_SPEED, BOS = 15 };

static const struct vcam_profile_options high_bulk = {
    .speed = VCAM_SPEED_HIGH,
    .transfer = VCAM_TRANSFER_BULK,
    .idVendor = 0x1209,
    .idProduct = 0x0001,
    .bcdDevice = 0x0102,
    .manufacturer = "Ab",
    .product = "Cam",
    .serial = "7",
};

static void assert_descriptor(const struct vcam_profile *profile, uint8_t type, uint8_t index,
                              const uint8_t *expected, size_t n_expected)
{
    size_t len = 0;
    const uint8_t *bytes = vcam_profile_descriptor(profile, type, index, 0x0409, &len);
    g_autofree char *what = g_strdup_printf("descriptor %u, index %u", type, index);
    g_assert_nonnull(bytes);
    fixture_assert_bytes(what, bytes, len, expected, n_expected);
}

static bool has_descriptor(const struct vcam_profile *profile, uint8_t type, uint8_t index)
{
    size_t len;
    return vcam_profile_descriptor(profile, type, index, 0x0409, &len) != NULL;
}

/* Written by hand from USB 2.0, 9.6 and UVC 1.1, 3. */
static void test_golden(void)
{
    static const uint8_t device[] = {0x12, 1,    0x00, 0x02, 0xef, 2, 1, 64, 0x09,
                                     0x12, 0x01, 0x00, 0x02, 0x01, 1, 2, 3,  1};
    static const uint8_t qualifier[] = {0x0a, 6, 0x00, 0x02, 0xef, 2, 1, 64, 1, 0};
    static const uint8_t langid[] = {4, 3, 0x09, 0x04}, product[] = {8, 3, 'C', 0, 'a', 0, 'm', 0};
    // clang-format off
    static const uint8_t configuration[] = {
        /* configuration, association, VideoControl interface */
        9, 2, 183, 0, 2, 1, 0, 0x80, 50,
        8, 11, 0, 2, 0x0e, 3, 0, 2,
        9, 4, 0, 0, 1, 0x0e, 1, 0, 2,
        /* header, camera terminal, processing unit, output terminal */
        13, 0x24, 1, 0x10, 0x01, 52, 0, 0x40, 0x42, 0x0f, 0, 1, 1,
        18, 0x24, 2, 1, 0x01, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
        12, 0x24, 5, 2, 1, 0, 0, 2, 0x01, 0x00, 0, 0,
        9, 0x24, 3, 3, 0x01, 0x01, 0, 2, 0,
        /* status endpoint */
        7, 5, 0x82, 3, 16, 0, 8,
        5, 0x25, 3, 16, 0,
        /* VideoStreaming interface, header, format, frame, colours, endpoint */
        9, 4, 1, 0, 1, 0x0e, 2, 0, 0,
        14, 0x24, 1, 1, 77, 0, 0x81, 0, 3, 0, 0, 0, 1, 0,
        27, 0x24, 4, 1, 1, 'Y', 'U', 'Y', '2', 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b,
        0x71, 16, 1, 0, 0, 0, 0,
        30, 0x24, 5, 1, 0, 64, 0, 48, 0, 0x01, 0x80, 0x16, 0, 0x01, 0x80, 0x16, 0, 0x00, 0x18, 0,
        0, 0x15, 0x16, 0x05, 0, 1, 0x15, 0x16, 0x05, 0,
        6, 0x24, 13, 1, 1, 4,
        7, 5, 0x81, 2, 0x00, 0x02, 0,
    };
    // clang-format on
    const struct vcam_control_list controls = {1, {{VCAM_PU_BRIGHTNESS, -64, 64, 1, 0, 0}}};
    struct vcam_offer offer = {0};
    unsigned left_out = 99;

    fixture_offer(&offer, VCAM_YUY2, 64, 48, (const unsigned[]){30, 0});
    struct vcam_profile *profile = vcam_profile_new(&offer, &controls, &high_bulk, &left_out);
    g_assert_nonnull(profile);
    g_assert_cmpuint(left_out, ==, 0);
    assert_descriptor(profile, DEVICE, 0, device, sizeof(device));
    assert_descriptor(profile, QUALIFIER, 0, qualifier, sizeof(qualifier));
    assert_descriptor(profile, CONFIGURATION, 0, configuration, sizeof(configuration));
    assert_descriptor(profile, STRING, 0, langid, sizeof(langid));
    assert_descriptor(profile, STRING, 2, product, sizeof(product));
    g_assert_false(has_descriptor(profile, BOS, 0));
    g_assert_false(has_descriptor(profile, STRING, 4));
    g_assert_false(has_descriptor(profile, STRING, 0xee));
    g_assert_false(has_descriptor(profile, DEVICE, 1));
    g_assert_false(has_descriptor(profile, CONFIGURATION, 1));
    vcam_profile_free(profile);
}

/* ---- What holds for all ---- */

static const struct link_row {
    enum vcam_speed speed;
    enum vcam_transfer transfer;
    uint16_t bcdUVC;
    uint16_t bcdUSB;
    uint8_t bMaxPacketSize0;
    bool has_qualifier, has_bos;
    uint32_t largest_packet;
} links[] = {
    {VCAM_SPEED_FULL, VCAM_TRANSFER_BULK, 0x0100, 0x0200, 64, false, false, 64},
    {VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, 0x0110, 0x0200, 64, false, false, 1023},
    {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0x0110, 0x0200, 64, true, false, 512},
    {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0x0150, 0x0200, 64, true, false, 512},
    {VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0x0100, 0x0200, 64, true, false, 3060},
    {VCAM_SPEED_SUPER, VCAM_TRANSFER_BULK, 0x0110, 0x0300, 9, false, true, 1024},
    {VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO, 0x0150, 0x0300, 9, false, true, 49152},
};

static struct vcam_profile *new_profile(const struct link_row *row, const struct vcam_offer *offer)
{
    struct vcam_profile_options options = high_bulk;
    struct vcam_control_list controls;
    options.speed = row->speed;
    options.transfer = row->transfer;
    options.bcdUVC = row->bcdUVC;
    fixture_default_controls(&controls);
    struct vcam_profile *profile = vcam_profile_new(offer, &controls, &options, NULL);
    g_assert_nonnull(profile);
    return profile;
}

/* Bytes an interval as a host computes them from an endpoint and its companion. */
static uint32_t packet_bytes(const struct usb_endpoint *endpoint)
{
    uint32_t packet = endpoint->wMaxPacketSize & 0x7ff;
    unsigned transactions = 1 + (endpoint->wMaxPacketSize >> 11 & 3);
    const struct usb_ss_endpoint_companion *companion =
        DESC_CAST(usb_ss_endpoint_companion, endpoint->node.first);

    if ((endpoint->bmAttributes & 3) == 2)
        return packet;
    if (companion) {
        uint32_t most = packet * (companion->bMaxBurst + 1) * ((companion->bmAttributes & 3) + 1);
        g_assert_cmpuint(transactions, ==, 1);
        g_assert_cmpuint(companion->wBytesPerInterval, <=, most);
        g_assert_true((companion->bMaxBurst == 0 && !(companion->bmAttributes & 3)) ||
                      packet == 1024);
        return companion->wBytesPerInterval;
    }
    /* USB 2.0, 5.9.1 */
    g_assert_cmpuint(packet, >, transactions == 3 ? 682 : transactions == 2 ? 512 : 0);
    return packet * transactions;
}

static void check_endpoint(const struct link_row *row, const struct vcam_profile *profile,
                           const struct usb_interface *interface,
                           const struct usb_endpoint *endpoint)
{
    struct vcam_endpoint endpoints[2];
    bool is_vs = interface->bInterfaceNumber == VCAM_VS_INTERFACE;
    unsigned n = vcam_profile_endpoints(profile, interface->bAlternateSetting, endpoints);
    const struct vcam_endpoint *same = &endpoints[is_vs];

    g_assert_cmpuint(is_vs, <, n);
    g_assert_cmpuint(endpoint->bEndpointAddress, ==, same->bEndpointAddress);
    g_assert_cmpuint(endpoint->bmAttributes & 3, ==, same->type);
    g_assert_cmpuint(endpoint->bInterval, ==, same->bInterval);
    g_assert_cmpuint(interface->bInterfaceNumber, ==, same->bInterfaceNumber);
    g_assert_cmpuint(packet_bytes(endpoint), ==, same->max_packet_size);
    bool has_companion = DESC_CAST(usb_ss_endpoint_companion, endpoint->node.first) != NULL;
    g_assert_cmpint(has_companion, ==, row->speed == VCAM_SPEED_SUPER);
}

/* Entities, formats and frames as uvc-rules L2, W2 and the indexes' rule want them. */
static void check_class_specific(const struct vcam_profile *profile, const struct desc_node *node)
{
    const struct uvc_vs_frame_uncompressed *frame = DESC_CAST(uvc_vs_frame_uncompressed, node);
    const struct vcam_offer *offer = vcam_profile_offer(profile);
    if (!frame)
        return;
    const struct uvc_vs_format_uncompressed *format =
        DESC_CAST(uvc_vs_format_uncompressed, frame->node.parent);
    g_assert_nonnull(format);
    const struct vcam_format_offer *same = &offer->formats[format->bFormatIndex - 1];
    const struct vcam_size_offer *size = &same->sizes[frame->bFrameIndex - 1];
    g_assert_cmpuint(format->bNumFrameDescriptors, ==, same->n_sizes);
    g_assert_cmpuint(frame->wWidth, ==, size->wWidth);
    g_assert_cmpuint(frame->wHeight, ==, size->wHeight);
    g_assert_cmpuint(frame->n_dwFrameInterval, ==, size->n_intervals);
    for (unsigned i = 0; i < size->n_intervals; i++) {
        g_assert_cmpuint(frame->dwFrameInterval[i], ==, size->dwFrameInterval[i]);
        g_assert_true(!i || frame->dwFrameInterval[i] > frame->dwFrameInterval[i - 1]);
    }
    g_assert_cmpuint(frame->dwMinBitRate, <=, frame->dwMaxBitRate);
}

static void check_configuration(const struct link_row *row, const struct vcam_profile *profile)
{
    size_t len;
    const uint8_t *bytes = vcam_profile_descriptor(profile, CONFIGURATION, 0, 0, &len);
    struct desc_tree *tree;
    uint32_t largest = 0, last = 0;
    unsigned alternates = 0;

    g_assert_cmpuint(len, <=, VCAM_MAX_CONFIGURATION);
    g_assert_cmpuint(bytes[2] | bytes[3] << 8, ==, len);
    g_assert_cmpuint(bytes[4], ==, 2);
    g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    const struct desc_node *top = &desc_tree_root(tree)->node;
    for (const struct desc_node *n = desc_next(top, top); n; n = desc_next(n, top)) {
        g_assert_true(n->type->kind != DESC_KIND_usb_raw);
        g_assert_cmpuint(n->n_extra, ==, 0);
        g_assert_cmpuint(n->present, ==,
                         n->type->n_wire - (row->bcdUVC == 0x0100 &&
                                            n->type->kind == DESC_KIND_uvc_processing_unit));
        check_class_specific(profile, n);
        const struct usb_interface *interface = DESC_CAST(usb_interface, n);
        if (interface && interface->bInterfaceNumber == VCAM_VS_INTERFACE)
            g_assert_cmpuint(interface->bAlternateSetting, ==, alternates++);
        if (interface)
            g_assert_cmpuint(interface->bInterfaceProtocol, ==, row->bcdUVC >= 0x0150);
        const struct usb_endpoint *endpoint = DESC_CAST(usb_endpoint, n);
        if (!endpoint)
            continue;
        check_endpoint(row, profile, DESC_CAST(usb_interface, n->parent), endpoint);
        if (endpoint->bEndpointAddress != VCAM_STREAM_ENDPOINT)
            continue;
        last = largest;
        largest = packet_bytes(endpoint);
        g_assert_cmpuint(last, <, largest);
    }
    g_assert_cmpuint(largest, ==, row->largest_packet);
    g_assert_cmpuint(alternates, ==, vcam_profile_alternates(profile));
    desc_tree_free(tree);
}

static void test_links(void)
{
    struct vcam_offer offer;
    fixture_default_offer(&offer);
    for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
        const struct link_row *row = &links[i];
        struct vcam_profile *profile = new_profile(row, &offer);
        size_t len;
        const uint8_t *device = vcam_profile_descriptor(profile, DEVICE, 0, 0, &len);
        g_assert_cmpuint(len, ==, 18);
        g_assert_cmpuint(device[2] | device[3] << 8, ==, row->bcdUSB);
        g_assert_cmpuint(device[7], ==, row->bMaxPacketSize0);
        g_assert_cmpint(has_descriptor(profile, QUALIFIER, 0), ==, row->has_qualifier);
        g_assert_cmpint(has_descriptor(profile, OTHER_SPEED, 0), ==, row->has_qualifier);
        g_assert_cmpint(has_descriptor(profile, BOS, 0), ==, row->has_bos);
        check_configuration(row, profile);
        vcam_profile_free(profile);
    }
}

static void test_bos(void)
{
    static const uint8_t bos[] = {5, 15, 22, 0, 2, 7, 16, 2, 2, 0, 0,
                                  0, 10, 16, 3, 0, 8, 0,  3, 0, 0, 0};
    struct vcam_offer offer;
    fixture_default_offer(&offer);
    struct vcam_profile *profile = new_profile(&links[5], &offer);
    assert_descriptor(profile, BOS, 0, bos, sizeof(bos));
    vcam_profile_free(profile);
}

/* The other speed of a high-speed camera is what it would be at full speed. */
static void test_other_speed(void)
{
    struct vcam_offer offer;
    size_t len, slow_len;

    fixture_default_offer(&offer);
    struct vcam_profile *high = new_profile(&links[2], &offer);
    struct link_row row = links[0];
    row.bcdUVC = 0x0110;
    struct vcam_profile *full = new_profile(&row, &offer);
    const uint8_t *other = vcam_profile_descriptor(high, OTHER_SPEED, 0, 0, &len);
    const uint8_t *slow = vcam_profile_descriptor(full, CONFIGURATION, 0, 0, &slow_len);
    g_assert_cmpuint(other[1], ==, OTHER_SPEED);
    fixture_assert_bytes("other speed", other + 2, len - 2, slow + 2, slow_len - 2);
    vcam_profile_free(high);
    vcam_profile_free(full);

    memset(&offer, 0, sizeof(offer));
    fixture_offer(&offer, VCAM_YUY2, 1920, 1080, (const unsigned[]){30, 0});
    high = new_profile(&links[2], &offer);
    g_assert_false(has_descriptor(high, QUALIFIER, 0));
    g_assert_false(has_descriptor(high, OTHER_SPEED, 0));
    vcam_profile_free(high);
}

/* ---- What is left out ---- */

static void test_fits(void)
{
    static const struct {
        enum vcam_speed speed;
        enum vcam_transfer transfer;
        struct vcam_mode mode;
        bool fits;
    } rows[] = {
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, {VCAM_YUY2, 640, 480, 333333}, true},
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, {VCAM_YUY2, 640, 480, 166666}, false},
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, {VCAM_MJPEG, 1920, 1080, 166666}, true},
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, {VCAM_YUY2, 16, 16, 1249}, false},
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_YUY2, 1920, 1080, 166666}, true},
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_YUY2, 641, 480, 333333}, false},
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_YUY2, 640, 481, 333333}, false},
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_YUY2, 65534, 65534, 333333}, false},
        {VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, {VCAM_YUY2, 160, 120, 400000}, true},
        {VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, {VCAM_YUY2, 160, 120, 333333}, false},
        {VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, {VCAM_MJPEG, 640, 480, 666666}, true},
        {VCAM_SPEED_FULL, VCAM_TRANSFER_BULK, {VCAM_YUY2, 160, 120, 333333}, true},
        {VCAM_SPEED_FULL, VCAM_TRANSFER_BULK, {VCAM_YUY2, 320, 240, 333333}, false},
        {VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO, {VCAM_YUY2, 1920, 1080, 166666}, true},
        {VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO, {VCAM_YUY2, 3840, 2160, 166666}, false},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct vcam_profile_options options = high_bulk;
        struct vcam_offer offer = {0};
        unsigned left_out = 99;
        options.speed = rows[i].speed;
        options.transfer = rows[i].transfer;
        g_assert_true(vcam_offer_add(&offer, &rows[i].mode));
        errno = 0;
        struct vcam_profile *profile = vcam_profile_new(&offer, NULL, &options, &left_out);
        if ((profile != NULL) != rows[i].fits)
            g_error("row %zu: %s", i, profile ? "fits" : "does not fit");
        g_assert_cmpint(errno == EINVAL, ==, !rows[i].fits);
        g_assert_cmpuint(left_out, ==, rows[i].fits ? 0 : 99);
        vcam_profile_free(profile);
    }
}

/* A camera that offers more than 4096 bytes say: the first sizes of all formats stay, the default
   size stays first, the first format loses last. */
static void test_too_much(void)
{
    static const uint32_t fourccs[] = {VCAM_H264, VCAM_NV12, VCAM_MJPEG, VCAM_YUY2};
    struct vcam_offer offer = {0};
    unsigned left_out, kept = 0, n = 0;

    for (unsigned f = 0; f < G_N_ELEMENTS(fourccs); f++)
        for (unsigned s = 0; s < VCAM_MAX_SIZES; s++)
            for (unsigned i = 1; i <= VCAM_MAX_INTERVALS; i++, n++)
                g_assert_true(vcam_offer_add(
                    &offer, &(struct vcam_mode){fourccs[f], 640 - 2 * s, 480, 100000 * i}));
    for (size_t l = 0; l < G_N_ELEMENTS(links); l++) {
        if (links[l].speed == VCAM_SPEED_FULL || links[l].transfer == VCAM_TRANSFER_ISO)
            continue;
        struct vcam_profile_options options = high_bulk;
        options.speed = links[l].speed;
        options.bcdUVC = links[l].bcdUVC;
        struct vcam_profile *profile = vcam_profile_new(&offer, NULL, &options, &left_out);
        const struct vcam_offer *remains = vcam_profile_offer(profile);
        check_configuration(&links[l], profile);
        g_assert_cmpuint(remains->n_formats, ==, 4);
        g_assert_cmpuint(remains->formats[0].fourcc, ==, VCAM_YUY2);
        kept = 0;
        for (unsigned f = 0; f < 4; f++) {
            g_assert_cmpuint(remains->formats[f].sizes[0].wWidth, ==, 640);
            g_assert_true(!f || remains->formats[f].n_sizes <= remains->formats[f - 1].n_sizes);
            for (unsigned s = 0; s < remains->formats[f].n_sizes; s++)
                kept += remains->formats[f].sizes[s].n_intervals;
        }
        g_assert_cmpuint(kept + left_out, ==, n);
        size_t len;
        vcam_profile_descriptor(profile, CONFIGURATION, 0, 0, &len);
        g_assert_cmpuint(len, >, VCAM_MAX_CONFIGURATION - 100); /* not more than it must */
        vcam_profile_free(profile);
    }
}

/* ---- Strings ---- */

static void assert_string(const char *utf8, const uint16_t *units, size_t n)
{
    struct vcam_profile_options options = high_bulk;
    struct vcam_offer offer;
    uint8_t expected[255] = {2 + 2 * n, STRING};

    fixture_default_offer(&offer);
    options.product = utf8;
    struct vcam_profile *profile = vcam_profile_new(&offer, NULL, &options, NULL);
    for (size_t i = 0; i < n; i++) {
        expected[2 + 2 * i] = units[i];
        expected[3 + 2 * i] = units[i] >> 8;
    }
    assert_descriptor(profile, STRING, 2, expected, 2 + 2 * n);
    size_t len;
    g_assert_null(vcam_profile_descriptor(profile, STRING, 2, 0x0407, &len));
    vcam_profile_free(profile);
}

static void test_strings(void)
{
    static const struct {
        const char *utf8;
        uint16_t units[8];
        size_t n;
    } rows[] = {
        {"\xc3\xa9\xe2\x82\xac", {0xe9, 0x20ac}, 2},
        {"\xf0\x9f\x93\xb7", {0xd83d, 0xdcf7}, 2},
        {"a\xff"
         "b",
         {'a', 0xfffd, 'b'},
         3},
        {"\xc3", {0xfffd}, 1},
        {"\xe2\x82", {0xfffd}, 1},
        {"\xc0\xaf", {0xfffd}, 1},
        {"\xed\xa0\x80", {0xfffd}, 1},
        {"\xf4\x90\x80\x80", {0xfffd}, 1},
        {"\x80z", {0xfffd, 'z'}, 2},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_string(rows[i].utf8, rows[i].units, rows[i].n);

    uint16_t many[126];
    g_autofree char *long_text = g_strnfill(300, 'x');
    for (unsigned i = 0; i < 126; i++)
        many[i] = 'x';
    assert_string(long_text, many, 126);
    memcpy(long_text + 125, "\xf0\x9f\x93\xb7", 4); /* no room for both halves */
    assert_string(long_text, many, 125);
}

static void test_no_strings(void)
{
    struct vcam_profile_options options = high_bulk;
    struct vcam_offer offer;
    size_t len;

    fixture_default_offer(&offer);
    options.manufacturer = options.serial = NULL;
    options.product = "";
    struct vcam_profile *profile = vcam_profile_new(&offer, NULL, &options, NULL);
    const uint8_t *device = vcam_profile_descriptor(profile, DEVICE, 0, 0, &len);
    g_assert_cmpmem(device + 14, 3, "\0\0\0", 3);
    for (unsigned i = 1; i < 5; i++)
        g_assert_false(has_descriptor(profile, STRING, i));
    vcam_profile_free(profile);
    vcam_profile_free(NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/profile/golden", test_golden);
    g_test_add_func("/profile/links", test_links);
    g_test_add_func("/profile/bos", test_bos);
    g_test_add_func("/profile/other-speed", test_other_speed);
    g_test_add_func("/profile/fits", test_fits);
    g_test_add_func("/profile/too-much", test_too_much);
    g_test_add_func("/profile/strings", test_strings);
    g_test_add_func("/profile/no-strings", test_no_strings);
    return g_test_run();
}
