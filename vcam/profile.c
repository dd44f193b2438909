/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps a camera's descriptors, and finds the one that is asked for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors/desc.h"
#include "vcam/profile_priv.h"

bool vcam_controls_of(const struct vcam_control_list *controls, bool is_camera_terminal)
{
    for (unsigned i = 0; i < controls->count; i++)
        if (vcam_control_info(controls->items[i].id)->is_camera_terminal == is_camera_terminal)
            return true;
    return false;
}

uint32_t vcam_default_interval(const struct vcam_size_offer *size)
{
    return vcam_nearest_interval(size, 333333);
}

static int set_bytes(struct descriptor *descriptor, const uint8_t *bytes, size_t len)
{
    if (!(descriptor->bytes = malloc(len)))
        return -ENOMEM;
    memcpy(descriptor->bytes, bytes, len);
    descriptor->len = len;
    return 0;
}

/* Packs a configuration of at most VCAM_MAX_CONFIGURATION bytes; offer loses what is too much. */
static int make_configuration(struct vcam_profile *profile, enum vcam_speed speed,
                              struct vcam_offer *offer, uint8_t bDescriptorType,
                              struct descriptor *ret_descriptor)
{
    uint8_t *buf = malloc(UINT16_MAX);
    ssize_t len;

    if (!buf)
        return -ENOMEM;
    do
        len = vcam_profile_pack_configuration(profile, speed, offer, bDescriptorType, buf,
                                              UINT16_MAX);
    while (len > VCAM_MAX_CONFIGURATION && vcam_offer_shrink(offer, len - VCAM_MAX_CONFIGURATION));
    if (len > VCAM_MAX_CONFIGURATION)
        len = -EINVAL;
    if (len > 0)
        len = set_bytes(ret_descriptor, buf, len);
    free(buf);
    return len;
}

/* Only a high-speed device has another speed (USB 2.0, 9.6.2). Where nothing of the offer fits full
   speed, it says so by having neither of the two descriptors. */
static int make_other_speed(struct vcam_profile *profile, const struct vcam_offer *offer)
{
    struct vcam_offer slow;
    vcam_offer_select(offer, VCAM_SPEED_FULL, profile->options.transfer, &slow);
    if (profile->options.speed != VCAM_SPEED_HIGH || !slow.n_formats)
        return 0;
    int r = make_configuration(profile, VCAM_SPEED_FULL, &slow, USB_DESC_OTHER_SPEED_CONFIGURATION,
                               &profile->other_speed);
    return r ? r : vcam_profile_make_qualifier(profile);
}

static int make_strings(struct vcam_profile *profile)
{
    struct vcam_profile_options *options = &profile->options;
    const char *texts[STRING_COUNT] = {"", options->manufacturer, options->product,
                                       options->serial};
    int r = vcam_profile_make_string(profile, STRING_LANGID, "");
    for (unsigned i = STRING_MANUFACTURER; i < STRING_COUNT && !r; i++)
        if (texts[i] && *texts[i])
            r = vcam_profile_make_string(profile, i, texts[i]);
    return r;
}

/* What the guest is going to read is what the device goes by. */
static int read_layout(struct vcam_profile *profile)
{
    const struct descriptor *bytes = &profile->configuration;
    struct desc_tree *tree;
    const char *why;
    int r = desc_parse(bytes->bytes, bytes->len, DESC_CONTEXT_STANDARD, &tree);
    if (r)
        return r;
    r = vcam_layout_read(desc_tree_root(tree)->arrDescs.first,
                         profile->options.speed == VCAM_SPEED_SUPER, 0, &profile->layout, &why);
    desc_tree_free(tree);
    return r;
}

static int make_descriptors(struct vcam_profile *profile, const struct vcam_offer *offer)
{
    enum vcam_speed speed = profile->options.speed;
    int r = make_strings(profile);
    if (!r)
        r = make_configuration(profile, speed, &profile->offer, USB_DESC_CONFIGURATION,
                               &profile->configuration);
    if (!r)
        r = read_layout(profile);
    if (!r)
        r = make_other_speed(profile, offer);
    if (!r && speed == VCAM_SPEED_SUPER)
        r = vcam_profile_make_bos(profile);
    return r ? r : vcam_profile_make_device(profile);
}

/* Copies the strings; where memory runs out, none of them is left in options. */
static int take_options(struct vcam_profile_options *options)
{
    const char **strings[] = {&options->manufacturer, &options->product, &options->serial};
    int r = 0;
    for (unsigned i = 0; i < 3; i++) {
        const char *text = *strings[i];
        *strings[i] = text && !r ? strdup(text) : NULL;
        if (text && !*strings[i])
            r = -ENOMEM;
    }
    if (!options->bcdUVC)
        options->bcdUVC = 0x0110;
    return r;
}

struct vcam_profile *vcam_profile_new(const struct vcam_offer *offer,
                                      const struct vcam_control_list *controls,
                                      const struct vcam_profile_options *options,
                                      unsigned *ret_left_out)
{
    struct vcam_profile *profile = calloc(1, sizeof(*profile));
    if (!profile)
        return NULL;
    profile->options = *options;
    profile->langid = VCAM_LANGID;
    if (controls)
        profile->controls = *controls;
    int r = take_options(&profile->options);
    vcam_offer_select(offer, options->speed, options->transfer, &profile->offer);
    if (!r && !profile->offer.n_formats)
        r = -EINVAL;
    if (!r)
        r = make_descriptors(profile, offer);
    if (r) {
        vcam_profile_free(profile);
        errno = -r;
        return NULL;
    }
    if (ret_left_out)
        *ret_left_out = vcam_offer_count(offer) - vcam_offer_count(&profile->offer);
    return profile;
}

void vcam_profile_free(struct vcam_profile *profile)
{
    if (!profile)
        return;
    struct descriptor *descriptors[] = {&profile->device, &profile->qualifier,
                                        &profile->configuration, &profile->other_speed,
                                        &profile->bos};
    for (unsigned i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++)
        free(descriptors[i]->bytes);
    for (unsigned i = 0; i < 256; i++)
        free(profile->strings[i].bytes);
    vcam_profile_free(profile->side);
    free((char *)profile->options.manufacturer);
    free((char *)profile->options.product);
    free((char *)profile->options.serial);
    free(profile);
}

const struct vcam_profile_options *vcam_profile_options(const struct vcam_profile *profile)
{
    return &profile->options;
}

const struct vcam_control_list *vcam_profile_controls(const struct vcam_profile *profile)
{
    return &profile->controls;
}

const struct vcam_layout *vcam_profile_layout(const struct vcam_profile *profile)
{
    return &profile->layout;
}

const struct vcam_profile *vcam_profile_side(const struct vcam_profile *profile)
{
    return profile->side;
}

const struct vcam_offer *vcam_profile_offer(const struct vcam_profile *profile)
{
    return &profile->offer;
}

const uint8_t *vcam_profile_descriptor(const struct vcam_profile *profile, uint8_t bDescriptorType,
                                       uint8_t index, uint16_t wIndex_langid, size_t *ret_len)
{
    const struct descriptor none = {0}, *found = &none;

    if (bDescriptorType == USB_DESC_STRING &&
        (index == STRING_LANGID || wIndex_langid == profile->langid))
        found = &profile->strings[index];
    if (index == 0 && bDescriptorType == USB_DESC_DEVICE)
        found = &profile->device;
    if (index == 0 && bDescriptorType == USB_DESC_CONFIGURATION)
        found = &profile->configuration;
    if (index == 0 && bDescriptorType == USB_DESC_DEVICE_QUALIFIER)
        found = &profile->qualifier;
    if (index == 0 && bDescriptorType == USB_DESC_OTHER_SPEED_CONFIGURATION)
        found = &profile->other_speed;
    if (index == 0 && bDescriptorType == USB_DESC_BOS)
        found = &profile->bos;
    if (!found->len)
        return NULL;
    *ret_len = found->len;
    return found->bytes;
}

unsigned vcam_profile_alternates(const struct vcam_profile *profile)
{
    return profile->layout.n_alternates;
}

unsigned vcam_profile_endpoints(const struct vcam_profile *profile, uint8_t bAlternateSetting,
                                struct vcam_endpoint ret_endpoints[2])
{
    const struct vcam_layout *layout = &profile->layout;
    unsigned n = 0;

    if (layout->status.bEndpointAddress)
        ret_endpoints[n++] = layout->status;
    if (bAlternateSetting < layout->n_alternates &&
        layout->streams[bAlternateSetting].bEndpointAddress)
        ret_endpoints[n++] = layout->streams[bAlternateSetting];
    return n;
}
