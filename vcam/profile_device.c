/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The descriptors that say who the camera is: device, device qualifier, BOS, strings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors/desc.h"
#include "vcam/profile_priv.h"

uint8_t vcam_string_index(const struct vcam_profile *profile, unsigned index)
{
    return profile->strings[index].len ? index : 0;
}

/* Takes what the tree's node packs to, by one of the two verbs; frees the tree. */
static int finish(struct desc_tree *tree, void *node,
                  ssize_t (*pack)(const void *node, uint8_t *buf, size_t size),
                  struct descriptor *ret_descriptor)
{
    uint8_t buf[256];
    ssize_t len = desc_derive(tree);
    if (!len)
        len = pack(node, buf, sizeof(buf));
    desc_tree_free(tree);
    uint8_t *bytes = len > 0 ? malloc(len) : NULL;
    if (!bytes)
        return len < 0 ? (int)len : -ENOMEM;
    *ret_descriptor = (struct descriptor){memcpy(bytes, buf, len), len};
    return 0;
}

/* Windows, and any host that knows IADs, looks for these three (uvc-rules W1). */
#define FILL_DEVICE(device, link)                                                                  \
    do {                                                                                           \
        (device)->bcdUSB = (link)->bcdUSB;                                                         \
        (device)->bDeviceClass = 0xef;                                                             \
        (device)->bDeviceSubClass = 2;                                                             \
        (device)->bDeviceProtocol = 1;                                                             \
        (device)->bMaxPacketSize0 = (link)->bMaxPacketSize0;                                       \
    } while (0)

int vcam_profile_make_device(struct vcam_profile *profile)
{
    struct desc_tree *tree = desc_tree_new(0);
    if (!tree)
        return -ENOMEM;
    struct vcam_dev_descriptor *device = DESC_ADD(tree, NULL, vcam_dev_descriptor);
    DESC_ADD(tree, device, vcam_config_descriptor); /* so that it is counted */
    FILL_DEVICE(device, vcam_link(profile->options.speed));
    device->idVendor = profile->options.idVendor;
    device->idProduct = profile->options.idProduct;
    device->bcdDevice = profile->options.bcdDevice;
    device->iManufacturer = vcam_string_index(profile, STRING_MANUFACTURER);
    device->iProduct = vcam_string_index(profile, STRING_PRODUCT);
    device->iSerialNumber = vcam_string_index(profile, STRING_SERIAL);
    return finish(tree, device, desc_pack_alone, &profile->device);
}

int vcam_profile_make_qualifier(struct vcam_profile *profile)
{
    struct desc_tree *tree = desc_tree_new(0);
    if (!tree)
        return -ENOMEM;
    struct usb_device_qualifier *qualifier = DESC_ADD(tree, NULL, usb_device_qualifier);
    FILL_DEVICE(qualifier, vcam_link(VCAM_SPEED_FULL));
    qualifier->bNumConfigurations = 1;
    return finish(tree, qualifier, desc_pack_alone, &profile->qualifier);
}

int vcam_profile_make_bos(struct vcam_profile *profile)
{
    struct desc_tree *tree = desc_tree_new(0);
    if (!tree)
        return -ENOMEM;
    struct usb_bos *bos = DESC_ADD(tree, NULL, usb_bos);
    /* Link power management, which a SuperSpeed device must support at high speed too. */
    DESC_ADD(tree, bos, usb_cap_usb_2_0_extension)->bmAttributes = 1 << 1;
    struct usb_cap_superspeed *super = DESC_ADD(tree, bos, usb_cap_superspeed);
    super->wSpeedsSupported = 1 << 3; /* 5 Gbit/s alone: usbredir gives a device one speed */
    super->bFunctionalitySupport = 3;
    return finish(tree, bos, desc_pack, &profile->bos);
}

/* One code point of UTF-8, or U+FFFD for what is none. */
static uint32_t next_code_point(const uint8_t **at)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t lead = *(*at)++;
    unsigned more = lead < 0x80 ? 0 : lead < 0xc0 ? 4 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if (more > 3 || lead > 0xf4)
        return 0xfffd;
    uint32_t c = more ? lead & (0x3f >> more) : lead;
    for (unsigned i = 0; i < more; i++, (*at)++) {
        if ((**at & 0xc0) != 0x80)
            return 0xfffd;
        c = c << 6 | (**at & 0x3f);
    }
    return c < least[more] || c > 0x10ffff || c >> 11 == 0x1b ? 0xfffd : c;
}

/* At most 126 units, no half of a pair at the end. */
static size_t to_utf16(const char *utf8, uint16_t units[126])
{
    size_t n = 0;
    for (const uint8_t *at = (const uint8_t *)utf8; *at && n < 126;) {
        uint32_t c = next_code_point(&at);
        if (c < 0x10000) {
            units[n++] = c;
        } else if (n < 125) {
            units[n++] = 0xd800 + ((c - 0x10000) >> 10);
            units[n++] = 0xdc00 + (c & 0x3ff);
        } else {
            break;
        }
    }
    return n;
}

int vcam_profile_make_string(struct vcam_profile *profile, unsigned index, const char *utf8)
{
    uint16_t units[126] = {VCAM_LANGID};
    size_t n = index == STRING_LANGID ? 1 : to_utf16(utf8, units);
    struct desc_tree *tree = desc_tree_new(0);
    if (!tree)
        return -ENOMEM;
    struct usb_string *string = DESC_ADD(tree, NULL, usb_string);
    memcpy(DESC_VARS(tree, string, bString, n), units, n * sizeof(units[0]));
    return finish(tree, string, desc_pack_alone, &profile->strings[index]);
}
