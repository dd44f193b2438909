/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VideoControl interface: its header, and each terminal and unit by itself. How they hang
   together is lint_graph.c's matter. */
#include "descriptors/lint_priv.h"
#include "descriptors/names.h"

/* ---- Header ---- */

/* One of the interfaces that the header collects. */
static void check_collected(struct lint *l, const struct uvc_vc_header *header, uint32_t n)
{
    const struct usb_interface *self = lint_interface_above(&header->node);
    const struct lint_configuration *c = &l->configuration;
    uint8_t number = header->baInterfaceNr[n];
    const struct lint_interface *i = &c->interfaces[number];

    if (self && self->bInterfaceNumber == number)
        REPORT_AT(l, K10c, header, baInterfaceNr, n, FOUND(number));
    else if (!i->first && c->n_interfaces)
        REPORT_AT(l, K10d, header, baInterfaceNr, n, FOUND(number));
    else if (i->first && !lint_is_video(i->first, SC_VIDEOSTREAMING))
        REPORT_AT(l, VC2, header, baInterfaceNr, n, FOUND(number));
    else if (i->control != header)
        REPORT_AT(l, VC4, header, baInterfaceNr, n, FOUND(number));
    else if (i->first && self &&
             i->association != c->interfaces[self->bInterfaceNumber].association)
        REPORT_AT(l, IAD6, header, baInterfaceNr, n, FOUND(number));
}

void lint_vc_header(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vc_header *header = (const struct uvc_vc_header *)node;
    const struct usb_interface *interface = lint_interface_above(node);
    struct lint_set seen = {0};

    if (interface && lint_interface_of(l, interface)->header != node)
        REPORT_NODE(l, PLACE7, node, NOTHING);
    if (!HAS(header, bInCollection))
        return; /* L3a */
    if (header->bcdUVC != 0x0100 && header->bcdUVC != 0x0110 && header->bcdUVC != 0x0150)
        REPORT(l, VC1, header, bcdUVC, TEXT(header->bcdUVC, "0x0100, 0x0110 or 0x0150"));
    if (header->bcdUVC >= 0x0150)
        REPORT(l, W3, header, bcdUVC, FOUND(header->bcdUVC));
    if (!header->dwClockFrequency)
        REPORT(l, VC6, header, dwClockFrequency, AT_LEAST(0, 1));
    if (!header->bInCollection)
        REPORT(l, VC5, header, bInCollection, AT_LEAST(0, 1));
    for (uint32_t n = 0; n < header->n_baInterfaceNr; n++) {
        if (lint_set_add(&seen, header->baInterfaceNr[n]))
            REPORT_AT(l, VC3, header, baInterfaceNr, n, FOUND(header->baInterfaceNr[n]));
        else
            check_collected(l, header, n);
    }
    if (!interface)
        lint_graph(l, node, header);
}

void lint_cs_interrupt_endpoint(struct lint *l, const struct desc_node *node)
{
    const struct uvc_cs_interrupt_endpoint *e = (const struct uvc_cs_interrupt_endpoint *)node;

    if (l->described == node->parent)
        REPORT_NODE(l, EP18, node, NOTHING);
    l->described = node->parent;
    if (HAS(e, wMaxTransferSize) && !e->wMaxTransferSize)
        REPORT(l, EP17, e, wMaxTransferSize, AT_LEAST(0, 1));
}

/* ---- Terminals ---- */

static void check_input_terminal(struct lint *l, const struct desc_node *node)
{
    const struct uvc_input_terminal *t = (const struct uvc_input_terminal *)node;
    uint16_t type = t->wTerminalType;

    if (type & 0x8000)
        REPORT(l, K6a, t, wTerminalType, AT_MOST(type, 0x7fff));
    else if (!(type & 0x7f00))
        REPORT(l, K6b, t, wTerminalType, AT_LEAST(type, 0x0100));
    else if (type >> 8 == 3)
        REPORT(l, ENT9, t, wTerminalType, FOUND(type));
    else if (!desc_name_of(desc_names_terminal, type))
        REPORT(l, ENT10, t, wTerminalType, FOUND(type));
}

static void check_output_terminal(struct lint *l, const struct desc_node *node)
{
    const struct uvc_output_terminal *t = (const struct uvc_output_terminal *)node;
    uint16_t type = t->wTerminalType;

    if (!(type & 0xff00))
        REPORT(l, L4, t, wTerminalType, AT_LEAST(type, 0x0100));
    else if (type >> 8 == 2)
        REPORT(l, ENT9, t, wTerminalType, FOUND(type));
    else if (!desc_name_of(desc_names_terminal, type))
        REPORT(l, ENT10, t, wTerminalType, FOUND(type));
}

/* ---- Controls ---- */

/* The first four bytes of a bmControls as one number. */
static uint32_t control_bits(const uint8_t *bmControls, uint32_t n)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < n && i < 4; i++)
        bits |= (uint32_t)bmControls[i] << (8 * i);
    return bits;
}

/* UVC 1.5 fixes three bytes for cameras, processing and encoding units; before, three were enough.
 */
static void check_control_size(struct lint *l, const struct desc_node *node, size_t member,
                               uint8_t bControlSize)
{
    uint16_t version = lint_version(l, node);
    if (version >= 0x0150 && bControlSize != 3)
        lint_report(l, LINT_L3h, node, member, 0, EQUAL(bControlSize, 3));
    else if (bControlSize > 3)
        lint_report(l, LINT_L3i, node, member, 0, AT_MOST(bControlSize, 3));
}

/* first: of each version, the first control bit that it does not have. */
struct version_bits {
    uint16_t before;
    uint8_t first, end;
};

static void check_control_versions(struct lint *l, const struct desc_node *node, size_t member,
                                   uint32_t bits, const struct version_bits rows[2])
{
    uint16_t version = lint_version(l, node);
    for (unsigned i = 0; i < 2 && version; i++)
        for (unsigned bit = rows[i].first; version < rows[i].before && bit < rows[i].end; bit++)
            if (bits >> bit & 1)
                lint_report(l, LINT_VER7, node, member, bit / 8, FOUND(bits >> (bit & ~7u) & 0xff));
}

static void check_camera_terminal(struct lint *l, const struct desc_node *node)
{
    static const struct version_bits versions[2] = {{0x0110, 18, 19}, {0x0150, 19, 22}};
    const struct uvc_camera_terminal *t = (const struct uvc_camera_terminal *)node;
    uint32_t bits = control_bits(t->bmControls, t->n_bmControls);

    if (!HAS(t, bControlSize))
        return; /* L3c */
    check_control_size(l, node, offsetof(struct uvc_camera_terminal, bControlSize),
                       t->bControlSize);
    check_control_versions(l, node, offsetof(struct uvc_camera_terminal, bmControls), bits,
                           versions);
    if (t->wObjectiveFocalLengthMin > t->wObjectiveFocalLengthMax)
        REPORT(l, CT1, t, wObjectiveFocalLengthMin,
               AT_MOST(t->wObjectiveFocalLengthMin, t->wObjectiveFocalLengthMax));
    if ((bits & 0x0600) && !t->wObjectiveFocalLengthMax)
        REPORT(l, CT2, t, wObjectiveFocalLengthMax, AT_LEAST(0, 1));
    if ((bits & 0x000c) && !(bits & 0x0002))
        REPORT_AT(l, CT3, t, bmControls, 0, VALUES(TEXT, t->bmControls[0], .text = "bit 1 set"));
}

/* ---- Units ---- */

static void check_processing_unit(struct lint *l, const struct desc_node *node)
{
    static const struct version_bits versions[2] = {{0x0110, 16, 18}, {0x0150, 18, 19}};
    const struct uvc_processing_unit *u = (const struct uvc_processing_unit *)node;
    uint32_t bits = control_bits(u->bmControls, u->n_bmControls);
    uint16_t version = lint_version(l, node);

    if (!HAS(u, iProcessing))
        return; /* L3d, K10a */
    check_control_size(l, node, offsetof(struct uvc_processing_unit, bControlSize),
                       u->bControlSize);
    check_control_versions(l, node, offsetof(struct uvc_processing_unit, bmControls), bits,
                           versions);
    if (HAS(u, bmVideoStandards) && version && version < 0x0110)
        REPORT(l, VER5, u, bLength, EQUAL(u->bLength, 9u + u->bControlSize));
    if ((bits & 0x4000) && !u->wMaxMultiplier)
        REPORT(l, PU1, u, wMaxMultiplier, FOUND(0));
}

static void check_pins(struct lint *l, const struct desc_node *node, size_t bNrInPins,
                       size_t baSourceID, const uint8_t *sources, uint32_t n)
{
    struct lint_set seen = {0};
    if (!*(const uint8_t *)desc_at(node, bNrInPins))
        lint_report(l, LINT_K7b, node, bNrInPins, 0, AT_LEAST(0, 1));
    for (uint32_t i = 0; i < n; i++)
        if (lint_set_add(&seen, sources[i]))
            lint_report(l, LINT_ENT8, node, baSourceID, i, FOUND(sources[i]));
}

static void check_selector_unit(struct lint *l, const struct desc_node *node)
{
    const struct uvc_selector_unit *u = (const struct uvc_selector_unit *)node;
    if (!HAS(u, bNrInPins))
        return; /* L3e */
    check_pins(l, node, offsetof(struct uvc_selector_unit, bNrInPins),
               offsetof(struct uvc_selector_unit, baSourceID), u->baSourceID, u->n_baSourceID);
    if (u->bNrInPins == 1)
        REPORT(l, SU1, u, bNrInPins, FOUND(1));
}

static unsigned count_bits(const uint8_t *bytes, uint32_t n)
{
    unsigned bits = 0;
    for (uint32_t i = 0; i < n; i++)
        bits += (unsigned)__builtin_popcount(bytes[i]);
    return bits;
}

static void check_extension_unit(struct lint *l, const struct desc_node *node)
{
    static const uint8_t none[16];
    const struct uvc_extension_unit *u = (const struct uvc_extension_unit *)node;
    unsigned bits = count_bits(u->bmControls, u->n_bmControls);

    if (!HAS(u, bNrInPins))
        return; /* L3e */
    if (memcmp(u->guidExtensionCode, none, sizeof(none)) == 0)
        REPORT(l, XU1, u, guidExtensionCode, NOTHING);
    check_pins(l, node, offsetof(struct uvc_extension_unit, bNrInPins),
               offsetof(struct uvc_extension_unit, baSourceID), u->baSourceID, u->n_baSourceID);
    if (u->bNrInPins > 1)
        REPORT(l, ENT14, u, bNrInPins, EQUAL(u->bNrInPins, 1));
    if (HAS(u, iExtension) && bits != u->bNumControls)
        REPORT(l, XU2, u, bNumControls, EQUAL(u->bNumControls, bits));
}

static void check_encoding_unit(struct lint *l, const struct desc_node *node)
{
    const struct uvc_encoding_unit *u = (const struct uvc_encoding_unit *)node;
    uint16_t version = lint_version(l, node);
    uint32_t n =
        u->n_bmControls < u->n_bmControlsRuntime ? u->n_bmControls : u->n_bmControlsRuntime;

    if (version && version < 0x0150)
        REPORT_NODE(l, VER4, node, NOTHING);
    if (!HAS(u, bControlSize))
        return; /* L3e */
    check_control_size(l, node, offsetof(struct uvc_encoding_unit, bControlSize), u->bControlSize);
    for (uint32_t i = 0; i < n; i++)
        if (u->bmControlsRuntime[i] & ~u->bmControls[i])
            REPORT_AT(l, EU1, u, bmControlsRuntime, i,
                      EQUAL(u->bmControlsRuntime[i], u->bmControlsRuntime[i] & u->bmControls[i]));
}

void lint_entity(struct lint *l, const struct desc_node *node)
{
    switch (node->type->kind) {
    case DESC_KIND_uvc_input_terminal:
        if (HAS((const struct uvc_input_terminal *)node, wTerminalType))
            check_input_terminal(l, node);
        break;
    case DESC_KIND_uvc_output_terminal:
        if (HAS((const struct uvc_output_terminal *)node, wTerminalType))
            check_output_terminal(l, node);
        break;
    case DESC_KIND_uvc_camera_terminal:
        check_camera_terminal(l, node);
        break;
    case DESC_KIND_uvc_selector_unit:
        check_selector_unit(l, node);
        break;
    case DESC_KIND_uvc_processing_unit:
        check_processing_unit(l, node);
        break;
    case DESC_KIND_uvc_extension_unit:
        check_extension_unit(l, node);
        break;
    case DESC_KIND_uvc_encoding_unit:
        check_encoding_unit(l, node);
        break;
    default:
        break;
    }
}
