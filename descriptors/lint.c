/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linter's walk: first what the whole tree and each configuration consist of, then each node
   with the checks of its kind. */
#include "descriptors/lint_priv.h"

/* On the way down, and once all below is done. */
static const struct {
    lint_check enter, leave;
} checks[DESC_KIND_COUNT] = {
    [DESC_KIND_vcam_dev_descriptor] = {lint_device, NULL},
    [DESC_KIND_usb_device_qualifier] = {lint_qualifier, NULL},
    [DESC_KIND_vcam_config_descriptor] = {lint_configuration_enter, lint_configuration_leave},
    [DESC_KIND_usb_other_speed_configuration] = {lint_configuration_enter,
                                                 lint_configuration_leave},
    [DESC_KIND_usb_interface_association] = {lint_association, NULL},
    [DESC_KIND_usb_interface] = {lint_interface_enter, lint_interface_leave},
    [DESC_KIND_usb_endpoint] = {lint_endpoint, NULL},
    [DESC_KIND_usb_ss_endpoint_companion] = {lint_companion, NULL},
    [DESC_KIND_usb_ssp_iso_endpoint_companion] = {lint_iso_companion, NULL},
    [DESC_KIND_usb_string] = {lint_string, NULL},
    [DESC_KIND_usb_string_zero] = {lint_string_zero, NULL},
    [DESC_KIND_usb_bos] = {lint_bos_enter, lint_bos_leave},
    [DESC_KIND_usb_cap_usb_2_0_extension] = {lint_capability, NULL},
    [DESC_KIND_usb_cap_superspeed] = {lint_capability, NULL},
    [DESC_KIND_usb_cap_container_id] = {lint_capability, NULL},
    [DESC_KIND_usb_cap_platform] = {lint_capability, NULL},
    [DESC_KIND_usb_cap_superspeed_plus] = {lint_capability, NULL},
    [DESC_KIND_usb_cap_precision_time_measurement] = {lint_capability, NULL},
    [DESC_KIND_usb_cap_configuration_summary] = {lint_capability, NULL},
    [DESC_KIND_usb_cap_other] = {lint_capability, NULL},
    [DESC_KIND_uvc_vc_header] = {lint_vc_header, NULL},
    [DESC_KIND_uvc_input_terminal] = {lint_entity, NULL},
    [DESC_KIND_uvc_output_terminal] = {lint_entity, NULL},
    [DESC_KIND_uvc_camera_terminal] = {lint_entity, NULL},
    [DESC_KIND_uvc_media_transport_input_terminal] = {lint_entity, NULL},
    [DESC_KIND_uvc_media_transport_output_terminal] = {lint_entity, NULL},
    [DESC_KIND_uvc_selector_unit] = {lint_entity, NULL},
    [DESC_KIND_uvc_processing_unit] = {lint_entity, NULL},
    [DESC_KIND_uvc_extension_unit] = {lint_entity, NULL},
    [DESC_KIND_uvc_encoding_unit] = {lint_entity, NULL},
    [DESC_KIND_uvc_cs_interrupt_endpoint] = {lint_cs_interrupt_endpoint, NULL},
    [DESC_KIND_uvc_vs_input_header] = {lint_vs_header, NULL},
    [DESC_KIND_uvc_vs_output_header] = {lint_vs_header, NULL},
    [DESC_KIND_uvc_vs_format_uncompressed] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_mjpeg] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_frame_based] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_mpeg2ts] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_dv] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_stream_based] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_h264] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_h264_simulcast] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_vp8] = {lint_format, NULL},
    [DESC_KIND_uvc_vs_format_vp8_simulcast] = {lint_format, NULL},
};

const struct usb_interface *lint_interface_above(const struct desc_node *node)
{
    while (node && node->type->kind != DESC_KIND_usb_interface)
        node = node->parent;
    return (const struct usb_interface *)node;
}

uint16_t lint_version(struct lint *l, const struct desc_node *node)
{
    const struct uvc_vc_header *header = l->configuration.control;
    const struct usb_interface *interface = NULL;

    for (; node && !interface; node = node->parent) {
        if (node->type->kind == DESC_KIND_uvc_vc_header)
            return ((const struct uvc_vc_header *)node)->bcdUVC;
        interface = DESC_CAST(usb_interface, node);
    }
    if (interface) {
        const struct lint_interface *i = lint_interface_of(l, interface);
        const struct uvc_vc_header *own = DESC_CAST(uvc_vc_header, i->header);
        header = own ? own : i->control ? i->control : header;
    }
    return header ? header->bcdUVC : 0;
}

/* ---- What the tree consists of ---- */

static void survey(struct lint *l)
{
    for (const struct desc_node *node = l->top; node; node = desc_next(node, l->top)) {
        switch (node->type->kind) {
        case DESC_KIND_vcam_dev_descriptor:
            l->device = l->device ? l->device : (const struct vcam_dev_descriptor *)node;
            break;
        case DESC_KIND_usb_device_qualifier:
            l->qualifier = l->qualifier ? l->qualifier : (const struct usb_device_qualifier *)node;
            break;
        case DESC_KIND_vcam_config_descriptor:
            l->has_configuration = true;
            break;
        case DESC_KIND_usb_bos:
            l->bos = l->bos ? l->bos : (const struct usb_bos *)node;
            break;
        case DESC_KIND_usb_interface_association:
            l->has_association = true;
            break;
        case DESC_KIND_usb_string:
        case DESC_KIND_usb_string_zero:
            l->n_strings++;
            break;
        default:
            break;
        }
    }
}

/* ---- The walk ---- */

static void enter(struct lint *l, const struct desc_node *node)
{
    lint_check check = checks[node->type->kind].enter;
    lint_schema_enter(l, node);
    if (check)
        check(l, node);
}

static void leave(struct lint *l, const struct desc_node *node, uint32_t end)
{
    lint_check check = checks[node->type->kind].leave;
    lint_schema_leave(l, node, end - node->offset);
    if (check)
        check(l, node);
}

static void walk(struct lint *l)
{
    const struct desc_node *node = l->top;
    uint32_t end = 0; /* of the bytes seen so far */

    while (node) {
        enter(l, node);
        end = node->offset + (uint32_t)desc_own_size(node);
        if (node->first) {
            node = node->first;
            continue;
        }
        for (;; node = node->parent) {
            leave(l, node, end);
            if (node == l->top)
                return;
            if (node->next)
                break;
        }
        node = node->next;
    }
}

void desc_lint(const void *top, const struct desc_lint_options *options, desc_lint_fn fn,
               void *user)
{
    static const struct desc_lint_options defaults = {0};
    struct lint l = {
        .fn = fn,
        .user = user,
        .options = options ? options : &defaults,
        .top = top,
    };

    survey(&l);
    l.speed = lint_speed(&l);
    lint_collect(&l, l.top);
    walk(&l);
}
