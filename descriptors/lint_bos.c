/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The Binary Object Store and its capabilities: USB 3.2, 9.6.2. */
#include "descriptors/lint_priv.h"
#include "descriptors/names.h"

static bool is_zero(const uint8_t *bytes, size_t n)
{
    while (n > 0 && bytes[n - 1] == 0)
        n--;
    return n == 0;
}

void lint_bos_enter(struct lint *l, const struct desc_node *node)
{
    l->capabilities = (struct lint_set){0};
    if (node != &l->bos->node)
        REPORT_NODE(l, PLACE12, node, NOTHING);
    if (l->device && l->device->bcdUSB <= 0x0200)
        REPORT_NODE(l, BOS17, node, NOTHING);
}

void lint_bos_leave(struct lint *l, const struct desc_node *node)
{
    bool super = l->device && l->device->bcdUSB >= 0x0300;
    if (super && !lint_set_has(&l->capabilities, USB_CAP_SUPERSPEED_USB))
        REPORT_NODE(l, BOS2, node, NOTHING);
    if (super && !lint_set_has(&l->capabilities, USB_CAP_USB_2_0_EXTENSION))
        REPORT_NODE(l, BOS3, node, NOTHING);
    if (lint_set_has(&l->capabilities, USB_CAP_PRECISION_TIME_MEASUREMENT) &&
        !lint_set_has(&l->capabilities, USB_CAP_SUPERSPEED_PLUS))
        REPORT_NODE(l, BOS18, node, NOTHING);
}

/* ---- One capability ---- */

static void check_usb_2_0_extension(struct lint *l, const struct desc_node *node)
{
    const struct usb_cap_usb_2_0_extension *c = (const struct usb_cap_usb_2_0_extension *)node;
    bool super = l->device && l->device->bcdUSB >= 0x0300;
    if (super && !(c->bmAttributes & 2))
        REPORT(l, BOS4, c, bmAttributes, VALUES(TEXT, c->bmAttributes, .text = "bit 1 set"));
}

static void check_superspeed(struct lint *l, const struct desc_node *node)
{
    const struct usb_cap_superspeed *c = (const struct usb_cap_superspeed *)node;
    uint16_t speeds = c->wSpeedsSupported;

    if (!speeds || (speeds & ~0x000f))
        REPORT(l, BOS5, c, wSpeedsSupported, RANGE(speeds, 1, 15));
    else if (c->bFunctionalitySupport > 3 || !(speeds >> c->bFunctionalitySupport & 1))
        REPORT(l, BOS6, c, bFunctionalitySupport, FOUND(c->bFunctionalitySupport));
}

static void check_container_id(struct lint *l, const struct desc_node *node)
{
    const struct usb_cap_container_id *c = (const struct usb_cap_container_id *)node;
    if (c->bReserved)
        REPORT(l, BOS8, c, bReserved, EQUAL(c->bReserved, 0));
    if (is_zero(c->ContainerID, sizeof(c->ContainerID)))
        REPORT(l, BOS9, c, ContainerID, NOTHING);
}

static void check_platform(struct lint *l, const struct desc_node *node)
{
    const struct usb_cap_platform *c = (const struct usb_cap_platform *)node;
    const struct desc_guid_name *known = desc_guid_find(c->PlatformCapabilityUUID);

    if (c->bReserved)
        REPORT(l, BOS8, c, bReserved, EQUAL(c->bReserved, 0));
    if (is_zero(c->PlatformCapabilityUUID, sizeof(c->PlatformCapabilityUUID)))
        REPORT(l, BOS14, c, PlatformCapabilityUUID, NOTHING);
    if (known && strcmp(known->name, "MICROSOFT_OS_2_0") == 0 &&
        (c->n_CapabilityData == 0 || c->n_CapabilityData % 8))
        REPORT(l, BOS15, c, CapabilityData, TEXT(c->n_CapabilityData, "a multiple of 8 bytes"));
}

static void check_superspeed_plus(struct lint *l, const struct desc_node *node)
{
    const struct usb_cap_superspeed_plus *c = (const struct usb_cap_superspeed_plus *)node;
    uint32_t announced = (c->bmAttributes & 0x1f) + 1;

    if (c->bReserved)
        REPORT(l, BOS8, c, bReserved, EQUAL(c->bReserved, 0));
    if (c->wReserved)
        REPORT(l, BOS8, c, wReserved, EQUAL(c->wReserved, 0));
    if (c->n_bmSublinkSpeedAttr != announced)
        REPORT(l, BOS11, c, bmAttributes, EQUAL(announced, c->n_bmSublinkSpeedAttr));
}

static void check_summary(struct lint *l, const struct desc_node *node)
{
    const struct usb_cap_configuration_summary *c =
        (const struct usb_cap_configuration_summary *)node;

    if (c->bcdVersion != 0x0100)
        REPORT(l, BOS13, c, bcdVersion, EQUAL(c->bcdVersion, 0x0100));
    unsigned n = l->device ? l->device->bNumConfigurations : 0;
    for (uint32_t i = 0; n && i < c->n_bConfigurationIndex; i++)
        if (c->bConfigurationIndex[i] >= n)
            REPORT_AT(l, BOS12, c, bConfigurationIndex, i,
                      AT_MOST(c->bConfigurationIndex[i], n - 1));
}

static void check_other(struct lint *l, const struct desc_node *node)
{
    const struct usb_cap_other *c = (const struct usb_cap_other *)node;
    REPORT(l, BOS16, c, bDevCapabilityType, FOUND(c->bDevCapabilityType));
}

static const struct {
    enum desc_kind kind;
    uint8_t type;
    bool several; /* may a BOS have more than one? */
    lint_check check;
} capabilities[] = {
    {DESC_KIND_usb_cap_usb_2_0_extension, USB_CAP_USB_2_0_EXTENSION, false,
     check_usb_2_0_extension},
    {DESC_KIND_usb_cap_superspeed, USB_CAP_SUPERSPEED_USB, false, check_superspeed},
    {DESC_KIND_usb_cap_container_id, USB_CAP_CONTAINER_ID, false, check_container_id},
    {DESC_KIND_usb_cap_platform, USB_CAP_PLATFORM, true, check_platform},
    {DESC_KIND_usb_cap_superspeed_plus, USB_CAP_SUPERSPEED_PLUS, false, check_superspeed_plus},
    {DESC_KIND_usb_cap_precision_time_measurement, USB_CAP_PRECISION_TIME_MEASUREMENT, false, NULL},
    {DESC_KIND_usb_cap_configuration_summary, USB_CAP_CONFIGURATION_SUMMARY, true, check_summary},
    {DESC_KIND_usb_cap_other, 0, true, check_other},
};

void lint_capability(struct lint *l, const struct desc_node *node)
{
    size_t i = 0;
    while (capabilities[i].kind != node->type->kind)
        i++;
    if (lint_set_add(&l->capabilities, capabilities[i].type) && !capabilities[i].several)
        REPORT_NODE(l, BOS10, node, FOUND(capabilities[i].type));
    if (capabilities[i].check && node->present == node->type->n_wire)
        capabilities[i].check(l, node);
}
