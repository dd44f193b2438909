/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the VM is told before there is a camera in it: how far it is, whether its filter lets a
   camera pass, in which form it comes, and what that is. */
#include <string.h>

#include "redir/endpoint_private.h"
#include "redir/error.h"

#define DISTANCE_ASKED      4
#define DISTANCE_BUSY_US    (1 * G_USEC_PER_SEC)
#define DISTANCE_TIMEOUT_MS 2000 /* for all of them */

/* ---- what the device is ---- */

/* USB 2.0, 9.6.1 and the interface association ECN: bDeviceClass where associations are used. */
enum { CLASS_MISC = 0xef, SUBCLASS_COMMON = 0x02, PROTOCOL_IAD = 0x01 };

static struct usb_redir_device_connect_header device_info(const RedirEndpoint *ep)
{
    static const guint8 speeds[] = {
        [VCAM_SPEED_FULL] = usb_redir_speed_full,
        [VCAM_SPEED_HIGH] = usb_redir_speed_high,
        [VCAM_SPEED_SUPER] = usb_redir_speed_super,
    };
    const struct vcam_profile_options *options = redir_endpoint_options(ep);

    return (struct usb_redir_device_connect_header){
        .speed = speeds[options->speed],
        .device_class = CLASS_MISC,
        .device_subclass = SUBCLASS_COMMON,
        .device_protocol = PROTOCOL_IAD,
        .vendor_id = ep->buffered ? REDIR_BUFFERED_VENDOR : options->idVendor,
        .product_id = ep->buffered ? REDIR_BUFFERED_PRODUCT : options->idProduct,
        .device_version_bcd = options->bcdDevice,
    };
}

static struct usb_redir_interface_info_header interface_info(const RedirEndpoint *ep)
{
    const struct vcam_layout *layout = vcam_profile_layout(vcam_device_profile(ep->device));
    struct usb_redir_interface_info_header info = {.interface_count = layout->n_interfaces};

    for (guint i = 0; i < layout->n_interfaces; i++) {
        info.interface[i] = layout->interfaces[i].bInterfaceNumber;
        info.interface_class[i] = layout->interfaces[i].bInterfaceClass;
        info.interface_subclass[i] = layout->interfaces[i].bInterfaceSubClass;
        info.interface_protocol[i] = layout->interfaces[i].bInterfaceProtocol;
    }
    return info;
}

void redir_announce_interfaces(RedirEndpoint *ep)
{
    struct usb_redir_interface_info_header interfaces = interface_info(ep);

    usbredirparser_send_interface_info(ep->parser, &interfaces);
}

/* ep_info has a place for each address: OUT endpoints, then IN. */
static guint place(guint8 bEndpointAddress)
{
    return (bEndpointAddress & 0x80) >> 3 | (bEndpointAddress & 0x0f);
}

static void add_endpoint(const RedirEndpoint *ep, struct usb_redir_ep_info_header *info,
                         const struct vcam_endpoint *endpoint)
{
    guint at = place(endpoint->bEndpointAddress);

    info->type[at] = endpoint->type;
    info->interval[at] = endpoint->bInterval;
    if (endpoint->type == usb_redir_type_iso)
        info->interval[at] = ep->iso_interval;
    info->interface[at] = endpoint->bInterfaceNumber;
    info->max_packet_size[at] = endpoint->max_packet_size;
    if (ep->buffered && endpoint->type == usb_redir_type_bulk)
        info->max_packet_size[at] = REDIR_BUFFERED_BLOCK;
}

static struct usb_redir_ep_info_header control_endpoint(const RedirEndpoint *ep)
{
    struct usb_redir_ep_info_header info = {0};

    memset(info.type, usb_redir_type_invalid, sizeof info.type);
    info.type[place(0x00)] = info.type[place(0x80)] = usb_redir_type_control;
    info.max_packet_size[place(0x00)] = info.max_packet_size[place(0x80)] =
        redir_endpoint_options(ep)->speed == VCAM_SPEED_SUPER ? 512 : 64;
    return info;
}

void redir_announce_endpoints(RedirEndpoint *ep)
{
    struct usb_redir_ep_info_header info = control_endpoint(ep);
    struct vcam_endpoint endpoints[VCAM_MAX_ENDPOINTS];
    guint count = vcam_device_endpoints(ep->device, endpoints);

    for (guint i = 0; i < count; i++)
        add_endpoint(ep, &info, &endpoints[i]);
    usbredirparser_send_ep_info(ep->parser, &info);
}

/* Endpoints of all alternate settings, before the device connects. QEMU attaches one that has shown
   no isochronous endpoint to a slower port too (a hub of its own is full speed), where the guest
   then asks for packets smaller than ours and gets no picture; one that has, it refuses there. */
static void announce_endpoints(RedirEndpoint *ep)
{
    const struct vcam_profile *profile = vcam_device_profile(ep->device);
    const guint n_alternates = vcam_profile_alternates(profile);
    struct usb_redir_ep_info_header info = control_endpoint(ep);
    struct vcam_endpoint endpoints[2];

    for (guint alternate = 0; alternate < n_alternates; alternate++) {
        guint count = vcam_profile_endpoints(profile, alternate, endpoints);
        for (guint i = 0; i < count; i++)
            add_endpoint(ep, &info, &endpoints[i]);
    }
    usbredirparser_send_ep_info(ep->parser, &info);
}

/* ---- the VM's filter ---- */

static gboolean refuses(const RedirEndpoint *ep, struct usb_redir_interface_info_header interfaces,
                        guint16 idVendor, guint16 idProduct, guint16 bcdDevice)
{
    return ep->rules != NULL &&
           usbredirfilter_check(ep->rules, ep->rules_count, CLASS_MISC, SUBCLASS_COMMON,
                                PROTOCOL_IAD, interfaces.interface_class,
                                interfaces.interface_subclass, interfaces.interface_protocol,
                                interfaces.interface_count, idVendor, idProduct, bcdDevice, 0);
}

/* As any camera of ours would, announced as that. */
static gboolean refuses_buffered(const RedirEndpoint *ep)
{
    const struct usb_redir_interface_info_header camera = {
        .interface_count = 2,
        .interface = {0, 1},
        .interface_class = {0x0e, 0x0e},
        .interface_subclass = {1, 2},
    };

    return refuses(ep, camera, REDIR_BUFFERED_VENDOR, REDIR_BUFFERED_PRODUCT, 0);
}

static void check_filter(RedirEndpoint *ep)
{
    const struct vcam_profile_options *options = redir_endpoint_options(ep);
    struct usb_redir_device_connect_header device = device_info(ep);
    struct usb_redir_interface_info_header interfaces = interface_info(ep);

    if (!refuses(ep, interfaces, device.vendor_id, device.product_id, options->bcdDevice))
        return;
    if (!refuses(ep, interfaces, options->idVendor, options->idProduct, options->bcdDevice))
        redir_endpoint_fail(
            ep, REDIR_ERROR_REFUSED,
            "the VM's filter goes by vendor and product, and a buffered camera comes as "
            "%04x:%04x; let that pass, or share with --transfer bulk",
            device.vendor_id, device.product_id);
    else
        redir_endpoint_fail(
            ep, REDIR_ERROR_REFUSED,
            "the VM's filter keeps cameras out; start QEMU's usb-redir without filter=, or with "
            "filter='0x0e:-1:-1:-1:1|-1:-1:-1:-1:0'");
}

static void on_filter_filter(void *priv, struct usbredirfilter_rule *rules, int rules_count)
{
    RedirEndpoint *ep = priv;

    usbredirfilter_free(ep->rules);
    ep->rules = rules;
    ep->rules_count = rules_count;
    if (ep->device != NULL)
        check_filter(ep);
}

static void on_filter_reject(void *priv)
{
    static const char *const speeds[] = {"full", "high", "super"};
    RedirEndpoint *ep = priv;

    redir_endpoint_fail(
        ep, REDIR_ERROR_REFUSED,
        "the VM refuses the camera: its usb-redir has a filter, or its USB port takes no %s-speed "
        "device, as those of UHCI and of QEMU's hubs (try another --speed)",
        speeds[redir_endpoint_options(ep)->speed]);
}

/* ---- the announcement ---- */

static gint64 round_trip(const RedirEndpoint *ep)
{
    gint64 transport_us = redir_transport_measure(ep->transport).round_trip_us;
    gint64 asked_us = ep->distance.shortest_us;

    return asked_us < REDIR_FAR_US ? transport_us : MAX(transport_us, asked_us);
}

static void choose_device(RedirEndpoint *ep, gint64 round_trip_us)
{
    gboolean buffers = redir_endpoint_caps(ep).buffers && !refuses_buffered(ep);
    RedirChoice choice = ep->choose(ep->choose_user, round_trip_us, buffers);

    ep->device = choice.device;
    ep->buffered =
        choice.buffered && buffers && redir_endpoint_options(ep)->transfer == VCAM_TRANSFER_BULK;
    vcam_device_set_ready_func(ep->device, redir_endpoint_ready, ep);
}

static void announce(RedirEndpoint *ep)
{
    gint64 round_trip_us = round_trip(ep);

    if (ep->device == NULL)
        choose_device(ep, round_trip_us);
    check_filter(ep);
    if (ep->ended)
        return;
    struct usb_redir_device_connect_header device = device_info(ep);
    /* For as long as the device is there: QEMU may begin a stream by what it was told before. */
    ep->iso_interval =
        redir_pacing_interval(redir_endpoint_options(ep)->speed == VCAM_SPEED_HIGH, round_trip_us);
    redir_announce_interfaces(ep);
    announce_endpoints(ep);
    usbredirparser_send_device_connect(ep->parser, &device);
    redir_endpoint_write(ep);
    redir_endpoint_await_configuration(ep);
    ep->events.greeted(ep->events.user);
}

/* ---- how far the VM is ---- */

static void ask_distance(RedirEndpoint *ep)
{
    ep->distance.asked_us = g_get_monotonic_time();
    usbredirparser_send_device_disconnect(ep->parser);
    redir_endpoint_write(ep);
}

/* A VM that seems to be far may be busy, as one is that shows its screen to a viewer who has just
   come: then an answer of the next second tells. */
static gboolean may_be_nearer(const RedirEndpoint *ep, gint64 now_us)
{
    return ep->distance.left > 0 ||
           (ep->distance.shortest_us >= REDIR_FAR_US && now_us < ep->distance.until_us);
}

void redir_announce_acknowledged(RedirEndpoint *ep)
{
    gint64 now_us = g_get_monotonic_time();
    gint64 took_us = now_us - ep->distance.asked_us;

    if (ep->distance.timer == 0)
        return;
    if (ep->distance.shortest_us == 0 || took_us < ep->distance.shortest_us)
        ep->distance.shortest_us = MAX(took_us, 1);
    if (ep->distance.left > 0)
        ep->distance.left--;
    if (may_be_nearer(ep, now_us)) {
        ask_distance(ep);
        return;
    }
    g_clear_handle_id(&ep->distance.timer, g_source_remove);
    announce(ep);
}

static gboolean on_no_distance(gpointer user)
{
    RedirEndpoint *ep = user;

    ep->distance.timer = 0;
    announce(ep);
    return G_SOURCE_REMOVE;
}

/* QEMU itself acknowledges that a device goes, even where none was, and its guest does not notice.
   So that tells the round trip through whatever carries the stream: tunnels, relays, SPICE. What
   the VM says by itself, its filter, is here before the answer. */
static void begin_distance(RedirEndpoint *ep)
{
    gboolean far = redir_transport_measure(ep->transport).round_trip_us >= REDIR_FAR_US;

    ep->distance.left = far ? 1 : DISTANCE_ASKED;
    ep->distance.until_us = far ? 0 : g_get_monotonic_time() + DISTANCE_BUSY_US;
    ep->distance.timer = g_timeout_add(DISTANCE_TIMEOUT_MS, on_no_distance, ep);
    ask_distance(ep);
}

void redir_announce_set_callbacks(struct usbredirparser *parser)
{
    parser->filter_filter_func = on_filter_filter;
    parser->filter_reject_func = on_filter_reject;
}

void redir_announce_greeted(RedirEndpoint *ep)
{
    gboolean acknowledges =
        usbredirparser_peer_has_cap(ep->parser, usb_redir_cap_device_disconnect_ack);

    if (ep->distance.timer != 0)
        return; /* a second hello */
    if (ep->device == NULL && ep->options.asks_distance && acknowledges)
        begin_distance(ep);
    else
        announce(ep);
}
