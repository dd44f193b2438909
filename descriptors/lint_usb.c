/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices, configurations, associations, interfaces and strings: USB 2.0 and 3.2, chapter 9. */
#include "descriptors/lint_priv.h"

/* ---- Device and qualifier ---- */

static bool is_release(uint16_t bcdUSB)
{
    static const uint16_t releases[] = {0x0100, 0x0110, 0x0200, 0x0201,
                                        0x0210, 0x0300, 0x0310, 0x0320};
    for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++)
        if (releases[i] == bcdUSB)
            return true;
    return false;
}

static bool is_bcd(uint16_t value)
{
    for (; value; value >>= 4)
        if ((value & 15) > 9)
            return false;
    return true;
}

static void check_packet_size_0(struct lint *l, const struct vcam_dev_descriptor *device)
{
    uint8_t size = device->bMaxPacketSize0;
    if (l->speed == DESC_SPEED_SUPER || device->bcdUSB >= 0x0300) {
        if (size != 9)
            REPORT(l, W8, device, bMaxPacketSize0, EQUAL(size, 9));
    } else if (l->speed == DESC_SPEED_HIGH && size != 64) {
        REPORT(l, DEV2, device, bMaxPacketSize0, EQUAL(size, 64));
    } else if (!lint_is_full_speed_size(size)) {
        REPORT(l, DEV2, device, bMaxPacketSize0, TEXT(size, "8, 16, 32 or 64"));
    }
}

static void check_device_class(struct lint *l, const struct vcam_dev_descriptor *device)
{
    if (device->bDeviceClass == CC_VIDEO)
        REPORT(l, DEV8, device, bDeviceClass, EQUAL(CC_VIDEO, 0xef));
    if (!l->has_association)
        return;
    if (device->bDeviceClass != 0xef)
        REPORT(l, W1a, device, bDeviceClass, EQUAL(device->bDeviceClass, 0xef));
    else if (device->bDeviceSubClass != 2)
        REPORT(l, W1a, device, bDeviceSubClass, EQUAL(device->bDeviceSubClass, 2));
    else if (device->bDeviceProtocol != 1)
        REPORT(l, W1a, device, bDeviceProtocol, EQUAL(device->bDeviceProtocol, 1));
}

static void check_device_strings(struct lint *l, const struct vcam_dev_descriptor *device)
{
    uint8_t serial = device->iSerialNumber;
    if (!device->iProduct)
        REPORT(l, DEV6, device, iProduct, FOUND(0));
    if (!serial)
        REPORT(l, W7a, device, iSerialNumber, FOUND(0));
    else if (serial == device->iProduct || serial == device->iManufacturer)
        REPORT(l, DEV7, device, iSerialNumber, FOUND(serial));
}

/* What the device should have besides, where the tree is known to hold it. */
static void check_companions_of_device(struct lint *l, const struct vcam_dev_descriptor *device)
{
    uint8_t known = l->options->known;
    if ((known & DESC_KNOWN_BOS) && !l->bos && device->bcdUSB > 0x0200)
        REPORT(l, W10, device, bcdUSB, AT_MOST(device->bcdUSB, 0x0200));
    if ((known & DESC_KNOWN_QUALIFIER) && !l->qualifier && l->options->speed == DESC_SPEED_HIGH &&
        device->bcdUSB < 0x0300)
        REPORT(l, QUAL6, device, bcdUSB, NOTHING);
}

void lint_device(struct lint *l, const struct desc_node *node)
{
    const struct vcam_dev_descriptor *device = (const struct vcam_dev_descriptor *)node;

    if (device != l->device)
        REPORT_NODE(l, PLACE12, node, NOTHING);
    if (node->present < node->type->n_wire)
        return; /* LEN5 */
    if (!is_release(device->bcdUSB))
        REPORT(l, DEV1, device, bcdUSB,
               TEXT(device->bcdUSB, "1.00, 1.10, 2.00, 2.01, 2.10, 3.00, 3.10 or 3.20"));
    check_packet_size_0(l, device);
    check_device_class(l, device);
    if (!device->idVendor)
        REPORT(l, DEV3, device, idVendor, FOUND(0));
    if (!is_bcd(device->bcdDevice))
        REPORT(l, DEV9, device, bcdDevice, FOUND(device->bcdDevice));
    if (!device->bNumConfigurations)
        REPORT(l, DEV4, device, bNumConfigurations, AT_LEAST(0, 1));
    check_device_strings(l, device);
    check_companions_of_device(l, device);
    l->configuration_values = (struct lint_set){0};
    l->n_configurations = 0;
}

void lint_qualifier(struct lint *l, const struct desc_node *node)
{
    const struct usb_device_qualifier *q = (const struct usb_device_qualifier *)node;
    const struct vcam_dev_descriptor *device = l->device;

    if (q != l->qualifier)
        REPORT_NODE(l, PLACE12, node, NOTHING);
    if (node->present < node->type->n_wire)
        return; /* LEN4 */
    if (q->bcdUSB < 0x0200)
        REPORT(l, QUAL1, q, bcdUSB, AT_LEAST(q->bcdUSB, 0x0200));
    if (q->bReserved)
        REPORT(l, QUAL2, q, bReserved, EQUAL(q->bReserved, 0));
    if (!q->bNumConfigurations)
        REPORT(l, QUAL3, q, bNumConfigurations, AT_LEAST(0, 1));
    if (!lint_is_full_speed_size(q->bMaxPacketSize0))
        REPORT(l, QUAL4, q, bMaxPacketSize0, TEXT(q->bMaxPacketSize0, "8, 16, 32 or 64"));
    if (!device)
        return;
    if (device->bcdUSB >= 0x0300)
        REPORT_NODE(l, QUAL5, node, NOTHING);
    if (device->bDeviceClass != q->bDeviceClass)
        REPORT(l, QUAL7, q, bDeviceClass, EQUAL(q->bDeviceClass, device->bDeviceClass));
}

/* ---- Configuration ---- */

/* USB 2.0, 7.2.1: 500 mA in units of 2 mA; USB 3.2, 11.4: 900 mA in units of 8. */
static uint8_t largest_power(enum desc_speed speed)
{
    return speed == DESC_SPEED_SUPER ? 112 : 250;
}

static void check_attributes(struct lint *l, const struct vcam_config_descriptor *c)
{
    uint8_t largest = largest_power(l->configuration.speed), bits = c->bmAttributes;

    if (!(bits & 0x80))
        REPORT(l, CFG3, c, bmAttributes, VALUES(TEXT, bits, .text = "bit 7 set"));
    if (bits & 0x1f)
        REPORT(l, CFG4, c, bmAttributes, VALUES(TEXT, bits, .text = "bits 4 to 0 clear"));
    if (c->bMaxPower > largest)
        REPORT(l, CFG5, c, bMaxPower, AT_MOST(c->bMaxPower, largest));
    if (!c->bMaxPower && !(bits & 0x40))
        REPORT(l, CFG6, c, bMaxPower, FOUND(0));
}

/* The two kinds have the same fields. */
void lint_configuration_enter(struct lint *l, const struct desc_node *node)
{
    const struct vcam_config_descriptor *c = (const struct vcam_config_descriptor *)node;

    lint_collect(l, node);
    if (node->present < node->type->n_wire)
        return; /* LEN5 */
    if (node->type->kind == DESC_KIND_vcam_config_descriptor) {
        uint8_t value = c->bConfigurationValue;
        bool first = l->n_configurations++ == 0;
        if (!value)
            REPORT(l, CFG1, c, bConfigurationValue, AT_LEAST(0, 1));
        else if (lint_set_add(&l->configuration_values, value))
            REPORT(l, CFG2, c, bConfigurationValue, FOUND(value));
        else if (first && value != 1)
            REPORT(l, M1, c, bConfigurationValue, EQUAL(value, 1));
    }
    check_attributes(l, c);
    if (!c->n_arrIFDescs)
        REPORT_NODE(l, CFG11, node, NOTHING);
    if (l->configuration.n_interfaces > 32)
        REPORT(l, CFG12, c, bNumInterfaces, AT_MOST(l->configuration.n_interfaces, 32));
    if (c->wTotalLength > 4096)
        REPORT(l, CFG13, c, wTotalLength, AT_MOST(c->wTotalLength, 4096));
}

/* What can be said of an interface number once all its alternate settings are known. */
static void check_interface_number(struct lint *l, const struct lint_interface *i)
{
    const struct usb_interface *first = i->first;
    unsigned n = l->configuration.n_interfaces;

    if (first->bInterfaceNumber >= n)
        REPORT(l, CFG7, first, bInterfaceNumber, AT_MOST(first->bInterfaceNumber, n - 1));
    if (!lint_set_has(&i->alternates, 0))
        REPORT(l, CFG10, first, bAlternateSetting, EQUAL(first->bAlternateSetting, 0));
    if (lint_is_video(first, SC_VIDEOSTREAMING))
        lint_streaming_interface(l, first);
}

void lint_configuration_leave(struct lint *l, const struct desc_node *node)
{
    const struct vcam_config_descriptor *c = (const struct vcam_config_descriptor *)node;
    DESC_FOREACH(child, c->arrIFDescs)
    {
        const struct usb_interface *interface = (const struct usb_interface *)child;
        const struct lint_interface *i = lint_interface_of(l, interface);
        if (i->first == interface && HAS(interface, iInterface))
            check_interface_number(l, i);
    }
}

/* ---- Association ---- */

/* One interface that the association names. */
static void check_member(struct lint *l, const struct usb_interface_association *a, unsigned n)
{
    const struct lint_interface *i = &l->configuration.interfaces[n];
    if (i->association != a)
        REPORT(l, IAD3, a, bFirstInterface, FOUND(n));
    if (i->first && i->first->node.offset < a->node.offset)
        REPORT(l, PLACE8, a, bFirstInterface, FOUND(n));
}

static void check_video_function(struct lint *l, const struct usb_interface_association *a)
{
    const struct lint_interface *first = &l->configuration.interfaces[a->bFirstInterface];
    bool video = a->bFunctionClass == CC_VIDEO;
    bool control = first->first && lint_is_video(first->first, SC_VIDEOCONTROL);

    if (control && !video)
        REPORT(l, IAD4, a, bFunctionClass, EQUAL(a->bFunctionClass, CC_VIDEO));
    else if (control && a->bFunctionSubClass != SC_VIDEO_INTERFACE_COLLECTION)
        REPORT(l, IAD4, a, bFunctionSubClass,
               EQUAL(a->bFunctionSubClass, SC_VIDEO_INTERFACE_COLLECTION));
    if (!video)
        return;
    if (first->first && !control)
        REPORT(l, IAD7, a, bFirstInterface, FOUND(a->bFirstInterface));
    if (a->bFunctionProtocol)
        REPORT(l, IAD5, a, bFunctionProtocol, EQUAL(a->bFunctionProtocol, 0));
    if (!a->iFunction)
        REPORT(l, W7b, a, iFunction, FOUND(0));
    else if (control && first->first->iInterface != a->iFunction)
        REPORT(l, IAD8, a, iFunction, EQUAL(a->iFunction, first->first->iInterface));
}

void lint_association(struct lint *l, const struct desc_node *node)
{
    const struct usb_interface_association *a = (const struct usb_interface_association *)node;
    unsigned end = a->bFirstInterface + a->bInterfaceCount;

    if (node->present < node->type->n_wire)
        return; /* K11b */
    if (!a->bInterfaceCount)
        REPORT(l, IAD1, a, bInterfaceCount, AT_LEAST(0, 1));
    for (unsigned n = a->bFirstInterface; n < end; n++) {
        if (n > 255 || !l->configuration.interfaces[n].first) {
            REPORT(l, IAD2, a, bInterfaceCount,
                   AT_MOST(a->bInterfaceCount, n - a->bFirstInterface));
            break;
        }
        check_member(l, a, n);
    }
    check_video_function(l, a);
}

/* ---- Interface ---- */

static void check_alternate(struct lint *l, const struct usb_interface *interface)
{
    struct lint_interface *i = lint_interface_of(l, interface);
    uint8_t alternate = interface->bAlternateSetting;

    if (lint_set_add(&i->alternates, alternate))
        REPORT(l, CFG9, interface, bAlternateSetting, FOUND(alternate));
    else if (alternate && !lint_set_has(&i->alternates, alternate - 1))
        REPORT(l, CFG8, interface, bAlternateSetting, FOUND(alternate));
    if (interface->bInterfaceClass != i->first->bInterfaceClass)
        REPORT(l, IF8, interface, bInterfaceClass,
               EQUAL(interface->bInterfaceClass, i->first->bInterfaceClass));
    else if (interface->bInterfaceSubClass != i->first->bInterfaceSubClass)
        REPORT(l, IF8, interface, bInterfaceSubClass,
               EQUAL(interface->bInterfaceSubClass, i->first->bInterfaceSubClass));
}

static void check_protocol(struct lint *l, const struct usb_interface *interface)
{
    uint16_t version = lint_version(l, &interface->node);
    uint8_t protocol = version >= 0x0150 ? PC_PROTOCOL_15 : PC_PROTOCOL_UNDEFINED;
    if (version && interface->bInterfaceProtocol != protocol)
        REPORT(l, VER1, interface, bInterfaceProtocol,
               EQUAL(interface->bInterfaceProtocol, protocol));
}

static void check_control_interface(struct lint *l, const struct usb_interface *interface)
{
    const struct lint_interface *i = lint_interface_of(l, interface);

    if (!i->association && l->configuration.node->type->group == DESC_GROUP_CONFIGURATION)
        REPORT(l, W1b, interface, bInterfaceNumber, FOUND(interface->bInterfaceNumber));
    if (interface->bAlternateSetting)
        REPORT(l, IF6, interface, bAlternateSetting, EQUAL(interface->bAlternateSetting, 0));
    else if (!i->header)
        REPORT_NODE(l, IF3, &interface->node, NOTHING);
    if (interface->n_arrEndpointDescs > 1)
        REPORT(l, IF5, interface, bNumEndpoints, AT_MOST(interface->n_arrEndpointDescs, 1));
}

void lint_interface_enter(struct lint *l, const struct desc_node *node)
{
    const struct usb_interface *interface = (const struct usb_interface *)node;

    l->addresses = (struct lint_set){0};
    if (!lint_interface_of(l, interface)->first)
        lint_collect(l, node); /* after a configuration and outside of it: looked at alone */
    if (node->present < node->type->n_wire)
        return; /* LEN5 */
    check_alternate(l, interface);
    if (interface->bInterfaceClass != CC_VIDEO)
        return;
    check_protocol(l, interface);
    if (interface->bInterfaceSubClass == SC_VIDEOCONTROL)
        check_control_interface(l, interface);
    else if (interface->bInterfaceSubClass == SC_VIDEOSTREAMING)
        lint_streaming_alternate(l, interface);
    else
        REPORT(l, IF2, interface, bInterfaceSubClass,
               RANGE(interface->bInterfaceSubClass, SC_VIDEOCONTROL, SC_VIDEOSTREAMING));
}

void lint_interface_leave(struct lint *l, const struct desc_node *node)
{
    const struct usb_interface *interface = (const struct usb_interface *)node;
    if (lint_is_video(interface, SC_VIDEOCONTROL))
        lint_graph(l, node, DESC_CAST(uvc_vc_header, lint_interface_of(l, interface)->header));
}

/* ---- Strings ---- */

static void check_languages(struct lint *l, const struct desc_node *node, size_t member,
                            const uint16_t *ids, uint32_t n)
{
    if (n == 0) {
        REPORT_NODE(l, STR4, node, NOTHING);
        return;
    }
    if (ids[0] && ids[0] != 0x0409)
        lint_report(l, LINT_STR5, node, member, 0, EQUAL(ids[0], 0x0409));
    for (uint32_t i = 0; i < n; i++)
        if (!ids[i])
            lint_report(l, LINT_STR6, node, member, i, FOUND(0));
}

/* UTF-16 pairs, and what no name has in it. */
static void check_units(struct lint *l, const struct usb_string *string)
{
    const uint16_t *units = string->bString;
    uint32_t n = string->n_bString;

    for (uint32_t i = 0; i < n; i++) {
        bool high = units[i] >> 10 == 0x36, low = units[i] >> 10 == 0x37;
        bool followed = i + 1 < n && units[i + 1] >> 10 == 0x37;
        if ((high && !followed) || low)
            REPORT_AT(l, STR7, string, bString, i, FOUND(units[i]));
        else if (units[i] < 0x20 || units[i] == 0x7f)
            REPORT_AT(l, STR8, string, bString, i, FOUND(units[i]));
        i += high && followed;
    }
}

void lint_string(struct lint *l, const struct desc_node *node)
{
    const struct usb_string *string = (const struct usb_string *)node;

    if (node->present < node->type->n_wire)
        return; /* LEN4 */
    if (node->n_extra)
        REPORT_NODE(l, STR2, node, FOUND(desc_own_size(node)));
    /* The first of all is descriptor 0, whatever it was read as. */
    bool languages = !l->seen_string && (l->options->known & DESC_KNOWN_STRINGS);
    l->seen_string = true;
    if (languages)
        check_languages(l, node, offsetof(struct usb_string, bString), string->bString,
                        string->n_bString);
    else if (!string->n_bString)
        REPORT_NODE(l, STR3, node, NOTHING);
    else
        check_units(l, string);
}

void lint_string_zero(struct lint *l, const struct desc_node *node)
{
    const struct usb_string_zero *string = (const struct usb_string_zero *)node;

    l->seen_string = true;
    if (node->n_extra)
        REPORT_NODE(l, STR2, node, FOUND(desc_own_size(node)));
    check_languages(l, node, offsetof(struct usb_string_zero, wLANGID), string->wLANGID,
                    string->n_wLANGID);
}
