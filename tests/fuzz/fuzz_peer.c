/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: whatever a peer sends, and whether it reads or not, the usbredir host neither
   crashes nor keeps more than its bound.

   Byte 0 chooses: bits 0-1 the camera, bit 2 a peer that never reads, bit 3 whether the rest are
   packets in short (kind, id, size, bytes; the headers made right) behind a hello or a raw stream,
   bits 4-7 how much arrives at once and when a frame comes between. */
#include <stdlib.h>
#include <string.h>
#include <usbredirproto.h>

#include "redir/endpoint.h"
#include "vcam/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FRAME 60000

typedef struct {
    RedirTransport base;
    gsize outstanding;
    gboolean stuck, over;
} MemoryTransport;

static gboolean memory_send(RedirTransport *transport, guint8 *data, gsize size)
{
    MemoryTransport *t = (MemoryTransport *)transport;

    if (t->stuck && t->outstanding >= REDIR_MAX_BACKLOG / 2)
        return FALSE;
    if (t->stuck)
        t->outstanding += size;
    free(data);
    return TRUE;
}

static gsize memory_outstanding(RedirTransport *transport)
{
    return ((MemoryTransport *)transport)->outstanding;
}

static void memory_pause(RedirTransport *transport, gboolean paused)
{
    (void)transport, (void)paused;
}

static const RedirTransportOps memory_ops = {
    .send = memory_send,
    .outstanding = memory_outstanding,
    .pause_reading = memory_pause,
};

static void on_over(gpointer user, const GError *error)
{
    MemoryTransport *t = user;

    (void)error;
    t->over = TRUE;
}

static void on_nothing(gpointer user)
{
    (void)user;
}

static void on_ignored(gpointer user, const char *hint)
{
    (void)user, (void)hint;
}

/* ---- the camera ---- */

static void on_start(void *user, const struct vcam_mode *mode)
{
    (void)user, (void)mode;
}

static int on_control_get(void *user, enum vcam_control_id id, int32_t *ret_value)
{
    (void)user, (void)id;
    *ret_value = 0;
    return 0;
}

static int on_control_set(void *user, enum vcam_control_id id, int32_t value)
{
    (void)user, (void)id, (void)value;
    return 0;
}

static void silent(void *user, const char *line)
{
    (void)user, (void)line;
}

static const struct vcam_mode mode = {VCAM_MJPEG, 320, 240, 333333};

static struct vcam_device *make_device(guint kind)
{
    static const struct {
        enum vcam_speed speed;
        enum vcam_transfer transfer;
    } links[] = {
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK},
        {VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO},
        {VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO},
        {VCAM_SPEED_FULL, VCAM_TRANSFER_BULK}, /* buffered */
    };
    const struct vcam_profile_options options = {
        .speed = links[kind].speed,
        .transfer = links[kind].transfer,
        .manufacturer = "camredir",
        .product = "fuzz",
        .serial = "1",
    };
    const struct vcam_device_ops ops = {
        .stream_start = on_start,
        .stream_stop = on_nothing,
        .control_get = on_control_get,
        .control_set = on_control_set,
    };
    const struct vcam_control_list controls = {
        .count = 1,
        .items = {{VCAM_PU_BRIGHTNESS, 0, 100, 1, 50, 0}},
    };
    struct vcam_offer offer = {0};

    vcam_offer_add(&offer, &mode);
    vcam_log_set(silent, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
    return vcam_device_new(vcam_profile_new(&offer, &controls, &options, NULL), &ops);
}

static RedirChoice choose(gpointer user, gint64 round_trip_us, gboolean can_buffer)
{
    const RedirChoice *choice = user;

    (void)round_trip_us, (void)can_buffer;
    return *choice;
}

/* ---- the peer ---- */

static void append_header(GByteArray *stream, guint32 type, guint32 length, guint64 id,
                          gsize header_size)
{
    const struct usb_redir_header header = {type, length, id};

    g_byte_array_append(stream, (const guint8 *)&header, header_size);
}

static void append_hello(GByteArray *stream)
{
    static const struct usb_redir_hello_header hello = {.version = "fuzz"};
    const guint32 caps = 0xff & ~(1u << usb_redir_cap_bulk_streams);

    append_header(stream, usb_redir_hello, sizeof hello + sizeof caps, 0, 12);
    g_byte_array_append(stream, (const guint8 *)&hello, sizeof hello);
    g_byte_array_append(stream, (const guint8 *)&caps, sizeof caps);
}

/* Kinds below the table's size are packets that a guest may send; their own header's size is known,
   so that what follows counts as data. */
static void append_packets(GByteArray *stream, const uint8_t *data, size_t size)
{
    static const guint8 kinds[] = {
        usb_redir_control_packet,
        usb_redir_bulk_packet,
        usb_redir_set_configuration,
        usb_redir_set_alt_setting,
        usb_redir_cancel_data_packet,
        usb_redir_start_iso_stream,
        usb_redir_stop_iso_stream,
        usb_redir_start_interrupt_receiving,
        usb_redir_reset,
        usb_redir_stop_interrupt_receiving,
        usb_redir_get_configuration,
        usb_redir_get_alt_setting,
        usb_redir_filter_filter,
        usb_redir_iso_packet,
        usb_redir_interrupt_packet,
        usb_redir_alloc_bulk_streams,
        usb_redir_hello,
        usb_redir_device_disconnect_ack,
    };

    while (size >= 3) {
        guint type = data[0] < G_N_ELEMENTS(kinds) ? kinds[data[0]] : data[0];
        gsize length = MIN(data[2], size - 3);
        append_header(stream, type, length, data[1], 16);
        g_byte_array_append(stream, data + 3, length);
        data += 3 + length;
        size -= 3 + length;
    }
}

static void check_bound(const RedirEndpoint *endpoint)
{
    RedirEndpointStatistics statistics;

    redir_endpoint_get_statistics(endpoint, &statistics);
    if (statistics.outstanding > REDIR_MAX_BACKLOG + 65536 + FRAME)
        abort();
}

static void push_frame(struct vcam_device *device)
{
    struct vcam_frame *frame = vcam_frame_new(&mode, FRAME);

    memset(frame->data, 0, FRAME);
    vcam_device_push_frame(device, frame, g_get_monotonic_time());
}

static void feed(RedirEndpoint *endpoint, MemoryTransport *transport, struct vcam_device *device,
                 const GByteArray *stream, guint8 rhythm)
{
    const gsize slice = rhythm & 1 ? 7 : 1 + stream->len / 3;
    guint turn = 0;

    for (gsize at = 0; at < stream->len && !transport->over; at += slice) {
        redir_endpoint_received(endpoint, stream->data + at, MIN(slice, stream->len - at));
        if (++turn % (1 + (rhythm >> 1)) == 0)
            push_frame(device);
        if (turn % 3 == 0)
            redir_endpoint_writable(endpoint);
        while (g_main_context_iteration(NULL, FALSE) && !transport->over)
            continue;
        check_bound(endpoint);
    }
    push_frame(device);
    redir_endpoint_disconnect(endpoint);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vcam_device *devices[4];
    MemoryTransport transport = {.base = {.ops = &memory_ops, .address = (char *)"memory:"}};
    static struct vcam_log_limit guest_bugs;
    const RedirEndpointOptions options = {.guest_bugs = &guest_bugs,
                                          .asks_distance = size > 0 && data[0] >> 7};
    const RedirEndpointEvents events = {
        .greeted = on_nothing,
        .attached = on_nothing,
        .ignored = on_ignored,
        .over = on_over,
        .user = &transport,
    };

    if (size < 1)
        return 0;
    struct vcam_device **device = &devices[data[0] & 3];
    if (*device == NULL)
        *device = make_device(data[0] & 3);
    transport.stuck = data[0] >> 2 & 1;
    g_autoptr(GByteArray) stream = g_byte_array_new();
    if (data[0] & 8) {
        append_hello(stream);
        append_packets(stream, data + 1, size - 1);
    } else {
        g_byte_array_append(stream, data + 1, size - 1);
    }

    RedirChoice choice = {*device, (data[0] & 3) == 3};
    RedirEndpoint *endpoint =
        redir_endpoint_new(&transport.base, choose, &choice, &options, &events);
    feed(endpoint, &transport, *device, stream, data[0] >> 4);
    redir_endpoint_free(endpoint);
    vcam_device_reset(*device, g_get_monotonic_time());
    return 0;
}
