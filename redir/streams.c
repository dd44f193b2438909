/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bulk, isochronous and interrupt endpoints of the usbredir host. */
#include <string.h>

#include "redir/endpoint_private.h"

/* ---- bulk ---- */

/* Without data. */
static void answer_bulk(RedirEndpoint *ep, const BulkRequest *request, guint8 status)
{
    struct usb_redir_bulk_packet_header header = {
        .endpoint = request->endpoint,
        .status = status,
        .stream_id = request->stream_id,
    };

    usbredirparser_send_bulk_packet(ep->parser, request->id, &header, NULL, 0);
    redir_endpoint_write(ep);
}

static void send_bulk(RedirEndpoint *ep, const BulkRequest *request,
                      const struct vcam_payload *payload)
{
    redir_endpoint_send(ep, redir_packet_bulk(redir_endpoint_caps(ep), request->id,
                                              request->endpoint, request->stream_id, payload));
}

static void remove_pending(Streams *streams, guint index)
{
    streams->n_pending--;
    memmove(&streams->pending[index], &streams->pending[index + 1],
            (streams->n_pending - index) * sizeof streams->pending[0]);
}

/* In order for each endpoint; one that has nothing yet does not hold up another. */
static void pump_bulk(RedirEndpoint *ep)
{
    Streams *streams = &ep->streams;
    guint16 waiting = 0;

    for (guint i = 0; i < streams->n_pending && redir_endpoint_has_room(ep);) {
        const BulkRequest request = streams->pending[i];
        const guint16 bit = 1u << (request.endpoint & 0x0f);
        struct vcam_payload payload;
        enum vcam_answer answer = VCAM_NAK;

        if (!(waiting & bit))
            answer = vcam_device_bulk_in(ep->device, request.endpoint, request.length,
                                         g_get_monotonic_time(), &payload);
        if (answer == VCAM_NAK) {
            waiting |= bit;
            i++;
            continue;
        }
        remove_pending(streams, i);
        if (answer == VCAM_DATA)
            send_bulk(ep, &request, &payload);
        else
            answer_bulk(ep, &request, usb_redir_stall);
    }
}

static void on_bulk_packet(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *header,
                           uint8_t *data, int data_len)
{
    RedirEndpoint *ep = priv;
    struct vcam_endpoint found;
    const BulkRequest request = {
        .id = id,
        .endpoint = header->endpoint,
        .stream_id = header->stream_id,
        .length = (guint32)header->length_high << 16 | header->length,
    };

    (void)data_len;
    usbredirparser_free_packet_data(ep->parser, data);
    if (ep->leaving)
        return;
    if (!redir_endpoint_find(ep, request.endpoint, &found) || found.type != usb_redir_type_bulk) {
        vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
                 "guest bug: bulk transfer on endpoint 0x%02x, which is none", request.endpoint);
        answer_bulk(ep, &request, usb_redir_inval);
    } else if (ep->streams.n_pending == REDIR_MAX_PENDING) {
        vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
                 "guest bug: more than %d bulk requests at once on endpoint 0x%02x",
                 REDIR_MAX_PENDING, request.endpoint);
        answer_bulk(ep, &request, usb_redir_inval);
    } else {
        ep->streams.pending[ep->streams.n_pending++] = request;
        ep->streams.bulk_on = TRUE;
    }
}

/* What is not pending was answered, and the peer expects exactly one answer. */
static void on_cancel_data_packet(void *priv, uint64_t id)
{
    RedirEndpoint *ep = priv;

    for (guint i = 0; i < ep->streams.n_pending; i++) {
        const BulkRequest request = ep->streams.pending[i];
        if (request.id != id)
            continue;
        remove_pending(&ep->streams, i);
        answer_bulk(ep, &request, usb_redir_cancelled);
        return;
    }
}

static void on_alloc_bulk_streams(void *priv, uint64_t id,
                                  struct usb_redir_alloc_bulk_streams_header *header)
{
    RedirEndpoint *ep = priv;
    struct usb_redir_bulk_streams_status_header status = {
        .endpoints = header->endpoints,
        .status = usb_redir_inval,
    };

    vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
             "guest bug: asks for bulk streams, which no endpoint here has");
    usbredirparser_send_bulk_streams_status(ep->parser, id, &status);
}

static void on_free_bulk_streams(void *priv, uint64_t id,
                                 struct usb_redir_free_bulk_streams_header *header)
{
    struct usb_redir_alloc_bulk_streams_header same = {.endpoints = header->endpoints};

    on_alloc_bulk_streams(priv, id, &same);
}

/* ---- bulk, buffered ---- */

static void send_buffered_status(RedirEndpoint *ep, guint64 id, guint8 bEndpointAddress,
                                 guint32 stream_id, guint8 status)
{
    struct usb_redir_bulk_receiving_status_header header = {
        .stream_id = stream_id,
        .endpoint = bEndpointAddress,
        .status = status,
    };

    /* Whoever says that it knows nothing of it and asks for it all the same gets no answer. */
    if (!redir_endpoint_caps(ep).buffers)
        return;
    usbredirparser_send_bulk_receiving_status(ep->parser, id, &header);
    redir_endpoint_write(ep);
}

/* QEMU then begins anew with the guest's next request. */
static void end_buffered(RedirEndpoint *ep)
{
    Streams *streams = &ep->streams;

    if (streams->buffered.on)
        send_buffered_status(ep, 0, streams->buffered.endpoint, streams->stream_id,
                             usb_redir_stall);
    streams->buffered.on = FALSE;
}

/* A picture that was begun by other means has no header any more, and is of no use. */
static void pump_buffered(RedirEndpoint *ep)
{
    Streams *streams = &ep->streams;
    struct vcam_payload payload;

    while (streams->buffered.on && redir_endpoint_has_room(ep)) {
        enum vcam_answer answer = vcam_device_bulk_in(
            ep->device, streams->buffered.endpoint, G_MAXUINT32, g_get_monotonic_time(), &payload);
        if (answer == VCAM_NAK)
            return;
        if (answer != VCAM_DATA) {
            end_buffered(ep);
        } else if (payload.begins_frame) {
            redir_buffered_fit(&streams->shape, &payload);
            redir_endpoint_send(ep, redir_packet_buffered_bulk(
                                        redir_endpoint_caps(ep), streams->buffered.id++,
                                        streams->buffered.endpoint, streams->stream_id, &payload));
        }
    }
}

static void on_start_bulk_receiving(void *priv, uint64_t id,
                                    struct usb_redir_start_bulk_receiving_header *header)
{
    RedirEndpoint *ep = priv;
    struct vcam_endpoint found;

    if (ep->leaving)
        return;
    if (!ep->buffered || !redir_endpoint_find(ep, header->endpoint, &found) ||
        found.type != usb_redir_type_bulk) {
        vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
                 "guest bug: buffered bulk on endpoint 0x%02x, which has none", header->endpoint);
        send_buffered_status(ep, id, header->endpoint, header->stream_id, usb_redir_inval);
        return;
    }
    ep->streams.buffered.on = TRUE;
    ep->streams.buffered.endpoint = header->endpoint;
    ep->streams.buffered.id = 0;
    ep->streams.stream_id = header->stream_id;
    send_buffered_status(ep, id, header->endpoint, header->stream_id, usb_redir_success);
}

static void on_stop_bulk_receiving(void *priv, uint64_t id,
                                   struct usb_redir_stop_bulk_receiving_header *header)
{
    RedirEndpoint *ep = priv;

    if (ep->leaving)
        return;
    if (header->endpoint == ep->streams.buffered.endpoint)
        ep->streams.buffered.on = FALSE;
    send_buffered_status(ep, id, header->endpoint, header->stream_id, usb_redir_success);
}

/* ---- isochronous ---- */

static gboolean on_iso_time(gpointer user)
{
    RedirEndpoint *ep = user;

    g_source_set_ready_time(ep->streams.iso_timer, -1);
    redir_endpoint_run(ep);
    return G_SOURCE_CONTINUE;
}

static gboolean dispatch_timer(GSource *source, GSourceFunc callback, gpointer user)
{
    (void)source;
    return callback(user);
}

static GSourceFuncs timer_funcs = {.dispatch = dispatch_timer};

static void send_iso(RedirEndpoint *ep, const struct vcam_payload *payload)
{
    redir_endpoint_send(ep, redir_packet_iso(redir_endpoint_caps(ep), ep->streams.iso.id++,
                                             ep->streams.iso.endpoint, payload));
    redir_pacing_sent(&ep->streams.pacing, 1);
}

/* Zero-length packets, room or not: they are few and small. */
static void pad_iso(RedirEndpoint *ep, guint count)
{
    struct usb_redir_iso_packet_header header = {
        .endpoint = ep->streams.iso.endpoint,
        .status = usb_redir_success,
    };

    for (guint i = 0; i < count; i++) {
        usbredirparser_send_iso_packet(ep->parser, ep->streams.iso.id++, &header, NULL, 0);
        redir_endpoint_write(ep);
    }
    redir_pacing_sent(&ep->streams.pacing, count);
}

/* Of the frame that begins; all but the last are as long as this one. */
static guint packets_of(const struct vcam_payload *payload)
{
    return 1 + (payload->left + payload->len - 1) / payload->len;
}

static void send_iso_status(RedirEndpoint *ep, guint64 id, guint8 bEndpointAddress, guint8 status)
{
    struct usb_redir_iso_stream_status_header header = {
        .status = status,
        .endpoint = bEndpointAddress,
    };

    usbredirparser_send_iso_stream_status(ep->parser, id, &header);
    redir_endpoint_write(ep);
}

static void pump_iso(RedirEndpoint *ep)
{
    Streams *streams = &ep->streams;
    enum vcam_answer answer = VCAM_DATA;
    struct vcam_payload payload;
    gint64 now_us = g_get_monotonic_time();

    if (!streams->iso.on)
        return;
    if (ep->transport->ops->outstanding(ep->transport) > 0)
        redir_pacing_stalled(&streams->pacing, now_us);
    while (redir_pacing_due(&streams->pacing, now_us) > 0 && redir_endpoint_has_room(ep)) {
        answer = vcam_device_iso_in(ep->device, streams->iso.endpoint, now_us, &payload);
        if (answer != VCAM_DATA)
            break;
        if (payload.begins_frame)
            pad_iso(ep, redir_pacing_lead(&streams->pacing, packets_of(&payload)));
        send_iso(ep, &payload);
    }
    if (answer == VCAM_DATA) {
        g_source_set_ready_time(streams->iso_timer, redir_pacing_next(&streams->pacing));
        return;
    }
    g_source_set_ready_time(streams->iso_timer, -1);
    pad_iso(ep, redir_pacing_padding(&streams->pacing));
    if (answer == VCAM_STALL) {
        streams->iso.on = FALSE;
        send_iso_status(ep, 0, streams->iso.endpoint, usb_redir_stall);
    }
}

static enum vcam_speed speed_of(const RedirEndpoint *ep)
{
    return vcam_profile_options(vcam_device_profile(ep->device))->speed;
}

/* USB 2.0, 9.6.6: the service interval is 2^(bInterval - 1) frames or microframes. */
static guint service_interval_us(const RedirEndpoint *ep, const struct vcam_endpoint *endpoint)
{
    guint base = speed_of(ep) == VCAM_SPEED_FULL ? 1000 : 125;

    return base << (CLAMP(endpoint->bInterval, 1, 16) - 1);
}

/* Also while it runs already: bursts of start and stop are normal at the end of a stream. */
static void on_start_iso_stream(void *priv, uint64_t id,
                                struct usb_redir_start_iso_stream_header *header)
{
    RedirEndpoint *ep = priv;
    struct vcam_endpoint found;

    if (ep->leaving)
        return;
    if (!redir_endpoint_find(ep, header->endpoint, &found) || found.type != usb_redir_type_iso) {
        vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
                 "guest bug: isochronous stream on endpoint 0x%02x, which is none now",
                 header->endpoint);
        send_iso_status(ep, id, header->endpoint, usb_redir_inval);
        return;
    }
    ep->streams.iso.on = TRUE;
    ep->streams.iso.endpoint = header->endpoint;
    ep->streams.iso.id = 0;
    redir_pacing_start(&ep->streams.pacing, service_interval_us(ep, &found),
                       redir_pacing_target(speed_of(ep) == VCAM_SPEED_HIGH, ep->iso_interval),
                       g_get_monotonic_time());
    send_iso_status(ep, id, header->endpoint, usb_redir_success);
}

static void stop_iso(RedirEndpoint *ep)
{
    ep->streams.iso.on = FALSE;
    g_source_set_ready_time(ep->streams.iso_timer, -1);
}

static void on_stop_iso_stream(void *priv, uint64_t id,
                               struct usb_redir_stop_iso_stream_header *header)
{
    RedirEndpoint *ep = priv;

    if (ep->leaving)
        return;
    if (header->endpoint == ep->streams.iso.endpoint)
        stop_iso(ep);
    send_iso_status(ep, id, header->endpoint, usb_redir_success);
}

static void on_iso_packet(void *priv, uint64_t id, struct usb_redir_iso_packet_header *header,
                          uint8_t *data, int data_len)
{
    RedirEndpoint *ep = priv;

    (void)id;
    (void)data_len;
    usbredirparser_free_packet_data(ep->parser, data);
    vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
             "guest bug: isochronous data for endpoint 0x%02x, which is none", header->endpoint);
}

/* ---- interrupt ---- */

static void send_interrupt_status(RedirEndpoint *ep, guint64 id, guint8 bEndpointAddress,
                                  guint8 status)
{
    struct usb_redir_interrupt_receiving_status_header header = {
        .status = status,
        .endpoint = bEndpointAddress,
    };

    usbredirparser_send_interrupt_receiving_status(ep->parser, id, &header);
    redir_endpoint_write(ep);
}

static void pump_interrupt(RedirEndpoint *ep)
{
    guint8 buffer[16];
    size_t size;

    while (ep->streams.interrupt.on && redir_endpoint_backlog(ep) <= REDIR_MAX_BACKLOG) {
        enum vcam_answer answer =
            vcam_device_interrupt_in(ep->device, ep->streams.interrupt.endpoint, buffer, &size);
        if (answer == VCAM_NAK)
            return;
        if (answer != VCAM_DATA) {
            ep->streams.interrupt.on = FALSE;
            send_interrupt_status(ep, 0, ep->streams.interrupt.endpoint, usb_redir_stall);
            return;
        }
        struct usb_redir_interrupt_packet_header header = {
            .endpoint = ep->streams.interrupt.endpoint,
            .status = usb_redir_success,
            .length = size,
        };
        usbredirparser_send_interrupt_packet(ep->parser, ep->streams.interrupt.id++, &header,
                                             buffer, size);
        redir_endpoint_write(ep);
    }
}

static void on_start_interrupt_receiving(void *priv, uint64_t id,
                                         struct usb_redir_start_interrupt_receiving_header *header)
{
    RedirEndpoint *ep = priv;
    struct vcam_endpoint found;

    if (ep->leaving)
        return;
    if (!redir_endpoint_find(ep, header->endpoint, &found) ||
        found.type != usb_redir_type_interrupt) {
        vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
                 "guest bug: interrupt transfer on endpoint 0x%02x, which is none",
                 header->endpoint);
        send_interrupt_status(ep, id, header->endpoint, usb_redir_inval);
        return;
    }
    ep->streams.interrupt.on = TRUE;
    ep->streams.interrupt.endpoint = header->endpoint;
    ep->streams.interrupt.id = 0;
    send_interrupt_status(ep, id, header->endpoint, usb_redir_success);
}

static void on_stop_interrupt_receiving(void *priv, uint64_t id,
                                        struct usb_redir_stop_interrupt_receiving_header *header)
{
    RedirEndpoint *ep = priv;

    if (ep->leaving)
        return;
    if (header->endpoint == ep->streams.interrupt.endpoint)
        ep->streams.interrupt.on = FALSE;
    send_interrupt_status(ep, id, header->endpoint, usb_redir_success);
}

static void on_interrupt_packet(void *priv, uint64_t id,
                                struct usb_redir_interrupt_packet_header *header, uint8_t *data,
                                int data_len)
{
    RedirEndpoint *ep = priv;
    struct usb_redir_interrupt_packet_header answer = {
        .endpoint = header->endpoint,
        .status = usb_redir_inval,
    };

    (void)data_len;
    usbredirparser_free_packet_data(ep->parser, data);
    vcam_log(ep->options.guest_bugs, g_get_monotonic_time(),
             "guest bug: interrupt data for endpoint 0x%02x, which is none", header->endpoint);
    usbredirparser_send_interrupt_packet(ep->parser, id, &answer, NULL, 0);
}

/* ---- all of them ---- */

void redir_streams_cancel(RedirEndpoint *ep, guint8 bEndpointAddress)
{
    ep->streams.bulk_on = FALSE;
    if (bEndpointAddress == 0 || bEndpointAddress == ep->streams.buffered.endpoint)
        end_buffered(ep);
    for (guint i = 0; i < ep->streams.n_pending;) {
        const BulkRequest request = ep->streams.pending[i];
        if (bEndpointAddress != 0 && request.endpoint != bEndpointAddress) {
            i++;
            continue;
        }
        remove_pending(&ep->streams, i);
        answer_bulk(ep, &request, usb_redir_cancelled);
    }
}

void redir_streams_stop(RedirEndpoint *ep, guint8 bEndpointAddress)
{
    redir_streams_cancel(ep, bEndpointAddress);
    if (bEndpointAddress == 0 || bEndpointAddress == ep->streams.iso.endpoint)
        stop_iso(ep);
    if (bEndpointAddress == 0 || bEndpointAddress == ep->streams.interrupt.endpoint)
        ep->streams.interrupt.on = FALSE;
}

void redir_streams_stop_interface(RedirEndpoint *ep, guint8 bInterfaceNumber)
{
    struct vcam_endpoint endpoints[VCAM_MAX_ENDPOINTS];
    guint count = vcam_device_endpoints(ep->device, endpoints);
    for (guint i = 0; i < count; i++)
        if (endpoints[i].bInterfaceNumber == bInterfaceNumber)
            redir_streams_stop(ep, endpoints[i].bEndpointAddress);
}

void redir_streams_pump(RedirEndpoint *ep)
{
    pump_bulk(ep);
    pump_buffered(ep);
    pump_iso(ep);
    pump_interrupt(ep);
}

void redir_streams_set_callbacks(struct usbredirparser *parser)
{
    parser->bulk_packet_func = on_bulk_packet;
    parser->cancel_data_packet_func = on_cancel_data_packet;
    parser->alloc_bulk_streams_func = on_alloc_bulk_streams;
    parser->free_bulk_streams_func = on_free_bulk_streams;
    parser->start_bulk_receiving_func = on_start_bulk_receiving;
    parser->stop_bulk_receiving_func = on_stop_bulk_receiving;
    parser->start_iso_stream_func = on_start_iso_stream;
    parser->stop_iso_stream_func = on_stop_iso_stream;
    parser->iso_packet_func = on_iso_packet;
    parser->start_interrupt_receiving_func = on_start_interrupt_receiving;
    parser->stop_interrupt_receiving_func = on_stop_interrupt_receiving;
    parser->interrupt_packet_func = on_interrupt_packet;
}

void redir_streams_init(RedirEndpoint *ep)
{
    ep->streams.iso_timer = g_source_new(&timer_funcs, sizeof(GSource));
    g_source_set_callback(ep->streams.iso_timer, on_iso_time, ep, NULL);
    g_source_attach(ep->streams.iso_timer, NULL);
}

void redir_streams_clear(RedirEndpoint *ep)
{
    g_source_destroy(ep->streams.iso_timer);
    g_source_unref(ep->streams.iso_timer);
}
