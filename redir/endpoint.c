/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The usbredir host's connection: hello, endpoint 0, bounds on what is kept, and the end. What the
   VM is told the camera is, is in announcement.c, the other endpoints in streams.c. */
#include "redir/endpoint.h"

#include <string.h>

#include "redir/endpoint_private.h"
#include "redir/error.h"

#define STUCK_US (5 * G_USEC_PER_SEC)

/* ---- the end ---- */

static gboolean report(gpointer user)
{
    RedirEndpoint *ep = user;

    ep->report_idle = 0;
    ep->events.over(ep->events.user, ep->error);
    return G_SOURCE_REMOVE;
}

/* Told from an idle source: whoever is on the stack (the parser, the device) is out by then. */
static void end(RedirEndpoint *ep)
{
    if (ep->ended)
        return;
    ep->ended = TRUE;
    ep->report_idle = g_idle_add_full(G_PRIORITY_DEFAULT, report, ep, NULL);
}

void redir_endpoint_fail(RedirEndpoint *ep, RedirError code, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    if (ep->ended)
        return;
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    ep->error = g_error_new(REDIR_ERROR, code, "%s: %s", ep->transport->address, text);
    end(ep);
}

/* ---- bytes in and out ---- */

gsize redir_endpoint_backlog(const RedirEndpoint *ep)
{
    return usbredirparser_get_bufferered_output_size(ep->parser) + ep->refused.size +
           ep->transport->ops->outstanding(ep->transport);
}

static gboolean transmit(RedirEndpoint *ep, guint8 *data, gsize size)
{
    if (!ep->transport->ops->send(ep->transport, data, size))
        return FALSE;
    ep->bytes_out += size;
    return TRUE;
}

static int on_write(void *priv, uint8_t *data, int count)
{
    return transmit(priv, data, count) ? count : 0;
}

void redir_endpoint_write(RedirEndpoint *ep)
{
    /* A VM that is paused has not said hello, and shall find nothing when it wakes up. */
    if (ep->transport->ops->lasting && ep->bytes_in == 0)
        return;
    if (ep->refused.size > 0) {
        if (!transmit(ep, ep->refused.data, ep->refused.size))
            return;
        ep->refused = (RedirPacket){0};
    }
    usbredirparser_do_write(ep->parser);
}

gboolean redir_endpoint_has_room(RedirEndpoint *ep)
{
    redir_endpoint_write(ep);
    return ep->refused.size == 0 && !usbredirparser_has_data_to_write(ep->parser) &&
           redir_endpoint_backlog(ep) <= REDIR_MAX_BACKLOG;
}

void redir_endpoint_send(RedirEndpoint *ep, RedirPacket packet)
{
    if (!transmit(ep, packet.data, packet.size))
        ep->refused = packet;
}

static int on_read(void *priv, uint8_t *data, int count)
{
    RedirEndpoint *ep = priv;
    gsize size = MIN((gsize)count, ep->feed_size);

    memcpy(data, ep->feed, size);
    ep->feed += size;
    ep->feed_size -= size;
    return size;
}

static void on_log(void *priv, int level, const char *message)
{
    RedirEndpoint *ep = priv;

    if (level == usbredirparser_error) {
        g_free(ep->complaint);
        ep->complaint = g_strdup(message);
    }
    g_debug("%s", message);
}

/* Ours are in parser_new(). */
RedirPacketCaps redir_endpoint_caps(const RedirEndpoint *ep)
{
    if (!usbredirparser_have_peer_caps(ep->parser))
        return (RedirPacketCaps){0};
    return (RedirPacketCaps){
        .long_ids = usbredirparser_peer_has_cap(ep->parser, usb_redir_cap_64bits_ids),
        .long_lengths = usbredirparser_peer_has_cap(ep->parser, usb_redir_cap_32bits_bulk_length),
        .buffers = usbredirparser_peer_has_cap(ep->parser, usb_redir_cap_bulk_receiving),
    };
}

/* What nobody can ask of a camera that is not announced yet. */
static gboolean is_early(const RedirEndpoint *ep)
{
    guint32 type;

    memcpy(&type, ep->feed, sizeof type);
    type = GUINT32_FROM_LE(type);
    return ep->device == NULL && type != usb_redir_hello && type != usb_redir_filter_filter &&
           type != usb_redir_device_disconnect_ack;
}

/* One packet after the other, and none while the peer does not take our answers. */
static void read_packets(RedirEndpoint *ep)
{
    g_autoptr(GError) error = NULL;

    while (!ep->ended && redir_endpoint_backlog(ep) <= REDIR_MAX_BACKLOG &&
           redir_input_take(&ep->input, redir_endpoint_caps(ep).long_ids, &ep->feed, &ep->feed_size,
                            &error)) {
        g_clear_pointer(&ep->complaint, g_free);
        if (is_early(ep)) {
            vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
                     "guest bug: a request before there is a camera");
            continue;
        }
        if (usbredirparser_do_read(ep->parser) != 0 || ep->feed_size != 0)
            redir_endpoint_fail(ep, REDIR_ERROR_PROTOCOL,
                                "the peer breaks the usbredir protocol (%s)",
                                ep->complaint ? ep->complaint : "a packet of the wrong length");
        redir_endpoint_write(ep);
    }
    if (error != NULL)
        redir_endpoint_fail(ep, REDIR_ERROR_PROTOCOL, "%s", error->message);
}

static gboolean is_unasked(const RedirEndpoint *ep)
{
    return ep->streams.iso.on || ep->streams.buffered.on;
}

/* No frame is begun while the last one still waits here: a newer one will overtake it. */
static void update_hold(RedirEndpoint *ep)
{
    gsize limit = is_unasked(ep) ? REDIR_HOLD_UNASKED : REDIR_HOLD_BULK;
    gboolean hold = redir_endpoint_backlog(ep) > (ep->held ? limit / 2 : limit);

    if (hold != ep->held)
        vcam_device_hold(ep->device, hold);
    ep->held = hold;
}

void redir_endpoint_run(RedirEndpoint *ep)
{
    ep->again = TRUE;
    if (ep->running)
        return;
    ep->running = TRUE;
    while (ep->again && !ep->ended) {
        ep->again = FALSE;
        redir_endpoint_write(ep);
        read_packets(ep);
        update_hold(ep);
        redir_streams_pump(ep);
    }
    ep->running = FALSE;
    ep->transport->ops->pause_reading(ep->transport,
                                      redir_endpoint_backlog(ep) > REDIR_MAX_BACKLOG);
    /* A peer that does not acknowledge has at least been told. */
    if (ep->leaving && redir_endpoint_backlog(ep) == 0 &&
        !usbredirparser_peer_has_cap(ep->parser, usb_redir_cap_device_disconnect_ack))
        end(ep);
}

void redir_endpoint_received(RedirEndpoint *ep, const guint8 *data, gsize size)
{
    ep->bytes_in += size;
    if (ep->ended)
        return;
    redir_input_append(&ep->input, data, size);
    redir_endpoint_run(ep);
    if (redir_input_pending(&ep->input) > REDIR_MAX_INPUT)
        redir_endpoint_fail(ep, REDIR_ERROR_PROTOCOL,
                            "the peer sends without end and reads nothing");
}

void redir_endpoint_writable(RedirEndpoint *ep)
{
    redir_endpoint_run(ep);
}

void redir_endpoint_ready(void *user, uint8_t bEndpointAddress)
{
    (void)bEndpointAddress;
    redir_endpoint_run(user);
}

/* A guest that streams by bulk has been given all that it asked for, or the VM is to let go of the
   camera: it owes an answer. */
static gboolean is_owed(const RedirEndpoint *ep)
{
    return ep->leaving || (ep->streams.bulk_on && ep->streams.n_pending == 0);
}

static void beat(RedirEndpoint *ep, gint64 now_us)
{
    if (ep->device == NULL || !redir_heartbeat(&ep->heartbeat, ep->bytes_in, is_owed(ep),
                                               redir_endpoint_backlog(ep) == 0, now_us))
        return;
    redir_announce_interfaces(ep);
    redir_endpoint_run(ep);
}

static gboolean on_second(gpointer user)
{
    RedirEndpoint *ep = user;
    gsize outstanding = ep->transport->ops->outstanding(ep->transport);
    gint64 now_us = g_get_monotonic_time();

    if (ep->transport->ops->lasting)
        beat(ep, now_us);
    if (outstanding == 0 || ep->bytes_out - outstanding != ep->gone) {
        if (ep->stuck)
            g_message("%s: the VM takes data again", ep->transport->address);
        ep->stuck = FALSE;
        ep->gone = ep->bytes_out - outstanding;
        ep->gone_us = now_us;
    } else if (!ep->stuck && now_us - ep->gone_us >= STUCK_US) {
        g_message("%s: the VM takes no data (is it paused?); frames are dropped until it does%s",
                  ep->transport->address,
                  ep->transport->ops->lasting && is_unasked(ep)
                      ? ", and then the guest may have to start its stream again"
                      : "");
        ep->stuck = TRUE;
    }
    return G_SOURCE_CONTINUE;
}

gboolean redir_endpoint_find(const RedirEndpoint *ep, guint8 bEndpointAddress,
                             struct vcam_endpoint *ret_endpoint)
{
    struct vcam_endpoint endpoints[VCAM_MAX_ENDPOINTS];
    guint count = vcam_device_endpoints(ep->device, endpoints);

    for (guint i = 0; i < count; i++)
        if (endpoints[i].bEndpointAddress == bEndpointAddress) {
            *ret_endpoint = endpoints[i];
            return TRUE;
        }
    return FALSE;
}

/* QEMU attaches a super-speed device to slower ports too, where guests give up on the 9 in
   bMaxPacketSize0. What it cannot attach at all it rejects: see on_filter_reject. */
static const char *not_configured_hint(const RedirEndpoint *ep)
{
    if (!ep->asked)
        return "the VM has the camera, and nobody in it has asked for it yet: is a system running "
               "there?";
    if (redir_endpoint_options(ep)->speed == VCAM_SPEED_SUPER)
        return "the guest has looked at the camera and not taken it: super speed needs an xHCI "
               "controller in the VM (-device qemu-xhci); share with --speed high for EHCI, full "
               "for UHCI";
    return "the guest has looked at the camera and not taken it: is its system still starting, and "
           "does it know webcams?";
}

static gboolean on_not_configured(gpointer user)
{
    RedirEndpoint *ep = user;

    ep->configure_timer = 0;
    ep->events.ignored(ep->events.user, not_configured_hint(ep));
    return G_SOURCE_REMOVE;
}

void redir_endpoint_await_configuration(RedirEndpoint *ep)
{
    guint timeout_ms = ep->options.configure_timeout_ms;

    g_clear_handle_id(&ep->configure_timer, g_source_remove);
    ep->configure_timer =
        g_timeout_add(timeout_ms ? timeout_ms : REDIR_CONFIGURE_TIMEOUT_MS, on_not_configured, ep);
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
    RedirEndpoint *ep = priv;

    g_clear_handle_id(&ep->hello_timer, g_source_remove);
    g_debug("%s: hello from %.*s", ep->transport->address, (int)sizeof hello->version,
            hello->version);
    redir_announce_greeted(ep);
}

static gboolean on_no_hello(gpointer user)
{
    RedirEndpoint *ep = user;

    ep->hello_timer = 0;
    if (ep->transport->ops->lasting) {
        g_message("%s: connected, waiting for the VM (is it paused?)", ep->transport->address);
        return G_SOURCE_REMOVE;
    }
    redir_endpoint_fail(ep, REDIR_ERROR_TIMEOUT, "%s", REDIR_NO_HELLO);
    return G_SOURCE_REMOVE;
}

/* ---- endpoint 0 ---- */

static guint8 status_of(enum vcam_answer answer)
{
    return answer == VCAM_ACK || answer == VCAM_DATA ? usb_redir_success : usb_redir_stall;
}

/* USB 2.0, 9.4.1: CLEAR_FEATURE(ENDPOINT_HALT). How a guest ends a bulk stream. */
static gboolean is_clear_halt(const struct vcam_setup *setup)
{
    return setup->bmRequestType == 0x02 && setup->bRequest == 0x01 && setup->wValue == 0;
}

static void on_control_packet(void *priv, uint64_t id,
                              struct usb_redir_control_packet_header *header, uint8_t *data,
                              int data_len)
{
    RedirEndpoint *ep = priv;
    struct usb_redir_control_packet_header reply = *header;
    const gboolean in = (header->endpoint & 0x80) != 0;
    const struct vcam_setup setup = {
        .bmRequestType = header->requesttype,
        .bRequest = header->request,
        .wValue = header->value,
        .wIndex = header->index,
        .wLength = header->length,
    };
    struct vcam_endpoint halted;
    guint8 nothing[1] = {0};
    size_t size = 0;

    (void)data_len;
    if (!ep->asked && !ep->attached && !ep->leaving)
        redir_endpoint_await_configuration(ep);
    ep->asked = TRUE;
    if (!ep->leaving) {
        if ((header->endpoint & 0x7f) != 0 || in != ((header->requesttype & 0x80) != 0)) {
            vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
                     "guest bug: control transfer on endpoint 0x%02x with bmRequestType 0x%02x",
                     header->endpoint, header->requesttype);
            reply.status = usb_redir_inval;
        } else {
            if (is_clear_halt(&setup) && redir_endpoint_find(ep, setup.wIndex & 0xff, &halted))
                redir_streams_cancel(ep, halted.bEndpointAddress);
            reply.status = status_of(vcam_device_control(ep->device, &setup,
                                                         in ? ep->control : (data ? data : nothing),
                                                         &size, g_get_monotonic_time()));
        }
        reply.length = in ? size : (reply.status == usb_redir_success ? header->length : 0);
        usbredirparser_send_control_packet(ep->parser, id, &reply, in ? ep->control : NULL, size);
    }
    usbredirparser_free_packet_data(ep->parser, data);
}

/* A standard request that usbredir has a packet of its own for. */
static enum vcam_answer standard(RedirEndpoint *ep, guint8 bmRequestType, guint8 bRequest,
                                 guint16 wValue, guint16 wIndex, guint8 *ret_value)
{
    const struct vcam_setup setup = {
        .bmRequestType = bmRequestType,
        .bRequest = bRequest,
        .wValue = wValue,
        .wIndex = wIndex,
        .wLength = bmRequestType & 0x80 ? 1 : 0,
    };
    guint8 data[1] = {0};
    size_t size = 0;
    enum vcam_answer answer =
        vcam_device_control(ep->device, &setup, data, &size, g_get_monotonic_time());

    if (answer == VCAM_DATA && size == 1)
        *ret_value = data[0];
    return answer;
}

/* USB 2.0, 9.4 */
enum { GET_CONFIGURATION = 8, SET_CONFIGURATION = 9, GET_INTERFACE = 10, SET_INTERFACE = 11 };

static void send_configuration_status(RedirEndpoint *ep, guint64 id, enum vcam_answer answer)
{
    struct usb_redir_configuration_status_header status = {.status = status_of(answer)};

    standard(ep, 0x80, GET_CONFIGURATION, 0, 0, &status.configuration);
    redir_announce_endpoints(ep);
    usbredirparser_send_configuration_status(ep->parser, id, &status);
}

static void on_set_configuration(void *priv, uint64_t id,
                                 struct usb_redir_set_configuration_header *header)
{
    RedirEndpoint *ep = priv;

    if (ep->leaving)
        return;
    redir_streams_stop(ep, 0);
    enum vcam_answer answer = standard(ep, 0x00, SET_CONFIGURATION, header->configuration, 0, NULL);
    send_configuration_status(ep, id, answer);
    if (answer == VCAM_ACK && header->configuration != 0 && !ep->attached) {
        ep->attached = TRUE;
        g_clear_handle_id(&ep->configure_timer, g_source_remove);
        ep->events.attached(ep->events.user);
    }
}

static void on_get_configuration(void *priv, uint64_t id)
{
    RedirEndpoint *ep = priv;

    if (!ep->leaving)
        send_configuration_status(ep, id, VCAM_ACK);
}

static void send_alt_status(RedirEndpoint *ep, guint64 id, guint8 bInterfaceNumber,
                            enum vcam_answer answer)
{
    struct usb_redir_alt_setting_status_header status = {.interface = bInterfaceNumber};
    enum vcam_answer known = standard(ep, 0x81, GET_INTERFACE, 0, bInterfaceNumber, &status.alt);

    status.status = status_of(known == VCAM_DATA ? answer : known);
    redir_announce_endpoints(ep);
    usbredirparser_send_alt_setting_status(ep->parser, id, &status);
}

static void on_set_alt_setting(void *priv, uint64_t id,
                               struct usb_redir_set_alt_setting_header *header)
{
    RedirEndpoint *ep = priv;

    if (ep->leaving)
        return;
    redir_streams_stop_interface(ep, header->interface);
    send_alt_status(ep, id, header->interface,
                    standard(ep, 0x01, SET_INTERFACE, header->alt, header->interface, NULL));
}

static void on_get_alt_setting(void *priv, uint64_t id,
                               struct usb_redir_get_alt_setting_header *header)
{
    RedirEndpoint *ep = priv;

    if (!ep->leaving)
        send_alt_status(ep, id, header->interface, VCAM_ACK);
}

static void on_reset(void *priv)
{
    RedirEndpoint *ep = priv;

    if (ep->leaving)
        return;
    redir_streams_stop(ep, 0);
    vcam_device_reset(ep->device, g_get_monotonic_time());
}

/* ---- leaving ---- */

static void on_device_disconnect_ack(void *priv)
{
    RedirEndpoint *ep = priv;

    if (ep->leaving)
        end(ep);
    else
        redir_announce_acknowledged(ep);
}

static gboolean on_leave_timeout(gpointer user)
{
    RedirEndpoint *ep = user;

    ep->leave_timer = 0;
    if (ep->transport->ops->lasting)
        g_message("%s: the VM does not let go of the camera (is it paused?); to leave now could "
                  "crash it at the next connection: waiting, ask again to leave all the same",
                  ep->transport->address);
    else
        end(ep);
    return G_SOURCE_REMOVE;
}

/* QEMU expects every pending packet back as cancelled before the device goes. */
void redir_endpoint_disconnect(RedirEndpoint *ep)
{
    if (ep->leaving || ep->ended)
        return;
    ep->leaving = TRUE;
    g_clear_handle_id(&ep->configure_timer, g_source_remove);
    g_clear_handle_id(&ep->distance.timer, g_source_remove);
    if (!usbredirparser_have_peer_caps(ep->parser)) {
        end(ep);
        return;
    }
    if (ep->device != NULL)
        redir_streams_stop(ep, 0);
    usbredirparser_send_device_disconnect(ep->parser);
    ep->leave_timer = g_timeout_add(REDIR_DISCONNECT_TIMEOUT_MS, on_leave_timeout, ep);
    redir_endpoint_run(ep);
}

/* ---- life ---- */

/* Packets that only a host sends. The parser refuses them before it would call, but it calls
   without looking: none may be NULL. */
static void never_device_connect(void *priv, struct usb_redir_device_connect_header *header)
{
    (void)priv, (void)header;
}

static void never_device_disconnect(void *priv)
{
    (void)priv;
}

static void never_interface_info(void *priv, struct usb_redir_interface_info_header *header)
{
    (void)priv, (void)header;
}

static void never_ep_info(void *priv, struct usb_redir_ep_info_header *header)
{
    (void)priv, (void)header;
}

static void never_configuration_status(void *priv, uint64_t id,
                                       struct usb_redir_configuration_status_header *header)
{
    (void)priv, (void)id, (void)header;
}

static void never_alt_setting_status(void *priv, uint64_t id,
                                     struct usb_redir_alt_setting_status_header *header)
{
    (void)priv, (void)id, (void)header;
}

static void never_iso_stream_status(void *priv, uint64_t id,
                                    struct usb_redir_iso_stream_status_header *header)
{
    (void)priv, (void)id, (void)header;
}

static void
never_interrupt_receiving_status(void *priv, uint64_t id,
                                 struct usb_redir_interrupt_receiving_status_header *header)
{
    (void)priv, (void)id, (void)header;
}

static void never_bulk_streams_status(void *priv, uint64_t id,
                                      struct usb_redir_bulk_streams_status_header *header)
{
    (void)priv, (void)id, (void)header;
}

static void never_bulk_receiving_status(void *priv, uint64_t id,
                                        struct usb_redir_bulk_receiving_status_header *header)
{
    (void)priv, (void)id, (void)header;
}

static void never_buffered_bulk_packet(void *priv, uint64_t id,
                                       struct usb_redir_buffered_bulk_packet_header *header,
                                       uint8_t *data, int data_len)
{
    RedirEndpoint *ep = priv;

    (void)id, (void)header, (void)data_len;
    usbredirparser_free_packet_data(ep->parser, data);
}

static void set_never_callbacks(struct usbredirparser *parser)
{
    parser->device_connect_func = never_device_connect;
    parser->device_disconnect_func = never_device_disconnect;
    parser->interface_info_func = never_interface_info;
    parser->ep_info_func = never_ep_info;
    parser->configuration_status_func = never_configuration_status;
    parser->alt_setting_status_func = never_alt_setting_status;
    parser->iso_stream_status_func = never_iso_stream_status;
    parser->interrupt_receiving_status_func = never_interrupt_receiving_status;
    parser->bulk_streams_status_func = never_bulk_streams_status;
    parser->bulk_receiving_status_func = never_bulk_receiving_status;
    parser->buffered_bulk_packet_func = never_buffered_bulk_packet;
}

static struct usbredirparser *parser_new(RedirEndpoint *ep)
{
    /* Without the last three QEMU's xHCI rejects the device. */
    static const int offered[] = {
        usb_redir_cap_connect_device_version,  usb_redir_cap_filter,
        usb_redir_cap_device_disconnect_ack,   usb_redir_cap_bulk_receiving,
        usb_redir_cap_ep_info_max_packet_size, usb_redir_cap_64bits_ids,
        usb_redir_cap_32bits_bulk_length,
    };
    guint32 caps[USB_REDIR_CAPS_SIZE] = {0};
    struct usbredirparser *parser = usbredirparser_create();

    g_assert(parser != NULL); /* as GLib does where memory ran out */
    parser->priv = ep;
    parser->log_func = on_log;
    parser->read_func = on_read;
    parser->write_func = on_write;
    parser->hello_func = on_hello;
    parser->reset_func = on_reset;
    parser->set_configuration_func = on_set_configuration;
    parser->get_configuration_func = on_get_configuration;
    parser->set_alt_setting_func = on_set_alt_setting;
    parser->get_alt_setting_func = on_get_alt_setting;
    parser->control_packet_func = on_control_packet;
    parser->device_disconnect_ack_func = on_device_disconnect_ack;
    redir_announce_set_callbacks(parser);
    redir_streams_set_callbacks(parser);
    set_never_callbacks(parser);
    for (guint i = 0; i < G_N_ELEMENTS(offered); i++)
        usbredirparser_caps_set_cap(caps, offered[i]);
    usbredirparser_init(parser, "camredir " CAMREDIR_VERSION, caps, USB_REDIR_CAPS_SIZE,
                        usbredirparser_fl_usb_host | usbredirparser_fl_write_cb_owns_buffer);
    return parser;
}

RedirEndpoint *redir_endpoint_new(RedirTransport *transport, RedirCameraChoose choose,
                                  gpointer user, const RedirEndpointOptions *options,
                                  const RedirEndpointEvents *events)
{
    RedirEndpoint *ep = g_new0(RedirEndpoint, 1);

    ep->transport = transport;
    ep->choose = choose;
    ep->choose_user = user;
    ep->events = *events;
    ep->options = *options;
    ep->control = g_malloc(G_MAXUINT16 + 1);
    ep->gone_us = g_get_monotonic_time();
    redir_input_init(&ep->input);
    redir_streams_init(ep);
    ep->parser = parser_new(ep);
    if (!transport->ops->sure)
        ep->hello_timer = g_timeout_add(options->hello_timeout_ms ? options->hello_timeout_ms
                                                                  : REDIR_HELLO_TIMEOUT_MS,
                                        on_no_hello, ep);
    ep->second_timer = g_timeout_add_seconds(1, on_second, ep);
    redir_endpoint_run(ep);
    return ep;
}

void redir_endpoint_free(RedirEndpoint *ep)
{
    if (ep == NULL)
        return;
    g_clear_handle_id(&ep->hello_timer, g_source_remove);
    g_clear_handle_id(&ep->configure_timer, g_source_remove);
    g_clear_handle_id(&ep->distance.timer, g_source_remove);
    g_clear_handle_id(&ep->leave_timer, g_source_remove);
    g_clear_handle_id(&ep->report_idle, g_source_remove);
    g_clear_handle_id(&ep->second_timer, g_source_remove);
    if (ep->device != NULL) {
        vcam_device_set_ready_func(ep->device, NULL, NULL);
        vcam_device_hold(ep->device, false);
    }
    redir_streams_clear(ep);
    redir_input_clear(&ep->input);
    usbredirparser_destroy(ep->parser);
    usbredirfilter_free(ep->rules);
    free(ep->refused.data);
    g_clear_error(&ep->error);
    g_free(ep->complaint);
    g_free(ep->control);
    g_free(ep);
}

void redir_endpoint_get_statistics(const RedirEndpoint *ep, RedirEndpointStatistics *ret_statistics)
{
    *ret_statistics = (RedirEndpointStatistics){
        .bytes_in = ep->bytes_in,
        .bytes_out = ep->bytes_out,
        .outstanding = redir_endpoint_backlog(ep),
    };
}
