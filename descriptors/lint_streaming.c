/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VideoStreaming interface: its header, its alternate settings, and what of its formats only
   shows when they are seen together. */
#include "descriptors/lint_priv.h"
#include "descriptors/names.h"

/* ---- Header ---- */

static const char *uncompressed_name(const struct desc_node *format)
{
    const struct uvc_vs_format_uncompressed *f = DESC_CAST(uvc_vs_format_uncompressed, format);
    const struct desc_guid_name *known = f ? desc_guid_find(f->guidFormat) : NULL;
    return known ? known->name : "";
}

static bool is_for_browsers(const struct desc_node *format)
{
    static const char *const names[] = {"I420", "NV12", "YUY2"};
    const char *name = uncompressed_name(format);

    if (format->type->kind == DESC_KIND_uvc_vs_format_mjpeg)
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* formats: those of an input header. */
static void check_choice(struct lint *l, const struct desc_node *header,
                         const struct desc_list *formats)
{
    bool any = false;

    if (strcmp(uncompressed_name(formats->first), "YUY2") != 0)
        REPORT_NODE(l, W6, formats->first, NOTHING);
    DESC_FOREACH(format, *formats)
    any |= is_for_browsers(format);
    if (!any)
        REPORT_NODE(l, A1, header, NOTHING);
}

static void check_trigger(struct lint *l, const struct uvc_vs_input_header *h,
                          const struct lint_interface *i)
{
    const struct usb_interface *control =
        i->control ? lint_interface_above(&i->control->node) : NULL;

    if (h->bTriggerUsage && !h->bTriggerSupport)
        REPORT(l, VS9, h, bTriggerUsage, FOUND(h->bTriggerUsage));
    if (h->bTriggerSupport && control && !lint_interface_of(l, control)->n_interrupt)
        REPORT(l, VS10, h, bTriggerSupport, EQUAL(h->bTriggerSupport, 0));
}

static void check_input_header(struct lint *l, const struct uvc_vs_input_header *h,
                               const struct usb_interface *interface)
{
    if (!h->arrFormatDescs.first)
        REPORT_NODE(l, VS6, &h->node, NOTHING);
    else
        check_choice(l, &h->node, &h->arrFormatDescs);
    if (!interface || !HAS(h, bTriggerUsage))
        return;

    const struct lint_interface *i = lint_interface_of(l, interface);
    bool any_endpoint = i->n_iso || i->n_bulk;
    if (any_endpoint && !lint_set_has(&i->endpoints, h->bEndpointAddress))
        REPORT(l, VS1, h, bEndpointAddress, FOUND(h->bEndpointAddress));
    check_trigger(l, h, i);
    bool has_stills = h->bStillCaptureMethod == 2 || h->bStillCaptureMethod == 3;
    if (has_stills && !i->still)
        REPORT(l, STILL1, h, bStillCaptureMethod, FOUND(h->bStillCaptureMethod));
}

void lint_vs_header(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vs_input_header *in = DESC_CAST(uvc_vs_input_header, node);
    const struct uvc_vs_output_header *out = DESC_CAST(uvc_vs_output_header, node);
    const struct usb_interface *interface = lint_interface_above(node);
    uint16_t version = lint_version(l, node);

    l->formats = (struct lint_set){0};
    l->n_formats = 0;
    if (interface && interface->bAlternateSetting)
        REPORT_NODE(l, PLACE6, node, NOTHING);
    if (interface && lint_interface_of(l, interface)->header != node)
        REPORT_NODE(l, PLACE7, node, NOTHING);
    if (in)
        check_input_header(l, in, interface);
    else if (!out->arrFormatDescs.first)
        REPORT_NODE(l, VS6, node, NOTHING);
    if (out && HAS(out, bControlSize) && version && version < 0x0110)
        REPORT(l, VER9, out, bLength, EQUAL(out->bLength, 8));
}

/* ---- Alternate settings ---- */

/* Streams come from one endpoint, in as many sizes as there are alternate settings. */
void lint_streaming_alternate(struct lint *l, const struct usb_interface *interface)
{
    const struct lint_interface *i = lint_interface_of(l, interface);
    const struct uvc_vs_input_header *in = DESC_CAST(uvc_vs_input_header, i->header);
    const struct uvc_vs_output_header *out = DESC_CAST(uvc_vs_output_header, i->header);
    uint8_t address = in ? in->bEndpointAddress : out ? out->bEndpointAddress : 0;

    if (!interface->bAlternateSetting || !lint_set_has(&i->endpoints, address))
        return; /* alternate setting 0 needs none; VS1 */
    DESC_FOREACH(child, interface->arrEndpointDescs)
    if (((const struct usb_endpoint *)child)->bEndpointAddress == address)
        return;
    const struct usb_endpoint *other = DESC_CAST(usb_endpoint, interface->arrEndpointDescs.first);
    if (other)
        REPORT(l, VS11, other, bEndpointAddress, EQUAL(other->bEndpointAddress, address));
    else
        REPORT(l, VS11, interface, bNumEndpoints, AT_LEAST(interface->bNumEndpoints, 1));
}

void lint_streaming_interface(struct lint *l, const struct usb_interface *interface)
{
    const struct lint_interface *i = lint_interface_of(l, interface);

    if (!l->configuration.has_control)
        REPORT_NODE(l, IF9, &interface->node, NOTHING);
    else if (!i->control)
        REPORT(l, IF7, interface, bInterfaceNumber, FOUND(interface->bInterfaceNumber));
    if (!i->header)
        REPORT_NODE(l, IF4, &interface->node, NOTHING);
    if (i->n_alternates == 1 && !i->n_bulk)
        REPORT_NODE(l, L5a, &interface->node, NOTHING);
    if (i->n_alternates > 1 && !i->n_iso)
        REPORT_NODE(l, L5b, &interface->node, NOTHING);
    if (i->n_iso == 1)
        REPORT_NODE(l, BW2, &interface->node, FOUND(i->largest));
    if (i->n_iso > 1 && !i->ascends)
        REPORT_NODE(l, BW3, &interface->node, NOTHING);
}
