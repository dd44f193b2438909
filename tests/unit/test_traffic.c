/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Those who look at packets on their way: how they are taken apart, what is counted, and the
   transport that shows them. */
#include <stdlib.h>
#include <string.h>

#include "redir/error.h"
#include "redir/traffic.h"
#include "redir/transports/tap.h"

#define LONG_IDS (1u << usb_redir_cap_64bits_ids)

/* ---- packets ---- */

static void append_word(GByteArray *bytes, guint32 value)
{
    value = GUINT32_TO_LE(value);
    g_byte_array_append(bytes, (const guint8 *)&value, 4);
}

static void append_packet(GByteArray *to, guint32 type, guint64 id, gboolean long_id,
                          gconstpointer body, gsize size)
{
    append_word(to, type);
    append_word(to, (guint32)size);
    append_word(to, (guint32)id);
    if (long_id)
        append_word(to, (guint32)(id >> 32));
    g_byte_array_append(to, body, (guint)size);
}

static void append_hello(GByteArray *to, guint32 caps)
{
    guint8 body[sizeof(struct usb_redir_hello_header) + 4] = "test";

    caps = GUINT32_TO_LE(caps);
    memcpy(body + sizeof body - 4, &caps, 4);
    append_packet(to, usb_redir_hello, 0, FALSE, body, sizeof body);
}

static void say_hello(RedirPacketIds *ids, RedirDirection direction, guint32 caps)
{
    g_autoptr(GByteArray) hello = g_byte_array_new();
    RedirPacketView view;

    append_hello(hello, caps);
    g_assert_true(redir_packet_look(ids, direction, hello->data, hello->len, &view));
    g_assert_cmpuint(view.type, ==, usb_redir_hello);
}

/* Ids are long once both sides said that they can do that, and not before. */
static void test_view_ids(void)
{
    static const struct {
        guint32 vm, ours;
        gboolean is_long;
    } rows[] = {
        {0, 0, FALSE}, {LONG_IDS, 0, FALSE}, {0, LONG_IDS, FALSE}, {LONG_IDS | 1, LONG_IDS, TRUE}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        guint64 id = G_GUINT64_CONSTANT(0x100000007);
        RedirPacketIds ids = {0};
        RedirPacketView view = {0};
        say_hello(&ids, REDIR_TO_VM, rows[i].ours);
        g_assert_false(redir_packet_long_ids(&ids));
        say_hello(&ids, REDIR_FROM_VM, rows[i].vm);
        g_assert_cmpint(redir_packet_long_ids(&ids), ==, rows[i].is_long);
        append_packet(bytes, usb_redir_reset, id, rows[i].is_long, "", 0);
        g_assert_true(redir_packet_look(&ids, REDIR_FROM_VM, bytes->data, bytes->len, &view));
        g_assert_cmpuint(view.id, ==, rows[i].is_long ? id : 7);
        g_assert_cmpuint(view.size, ==, 0);
    }
}

/* A later hello changes nothing; what is cut short or too long is no packet. */
static void test_view_bounds(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    RedirPacketIds ids = {0};
    RedirPacketView view;

    say_hello(&ids, REDIR_TO_VM, LONG_IDS);
    say_hello(&ids, REDIR_FROM_VM, LONG_IDS);
    append_packet(bytes, usb_redir_set_configuration, 1, TRUE, "\1", 1);
    for (guint size = 0; size < bytes->len; size++) {
        guint8 *exact = g_memdup2(bytes->data, size); /* so that ASan sees each over-read */
        g_assert_false(redir_packet_look(&ids, REDIR_FROM_VM, exact, size, &view));
        g_free(exact);
    }
    g_assert_true(redir_packet_look(&ids, REDIR_FROM_VM, bytes->data, bytes->len, &view));
    g_assert_cmpuint(view.body[0], ==, 1);
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    g_assert_false(redir_packet_look(&ids, REDIR_FROM_VM, bytes->data, bytes->len, &view));
}

/* ---- counting ---- */

typedef struct {
    RedirTraffic traffic;
    gint64 now_us;
} Counter;

static void count(Counter *counter, RedirDirection direction, guint32 type, guint64 id,
                  gconstpointer body, gsize size)
{
    const RedirPacketView view = {type, id, body, size};

    redir_traffic_count(&counter->traffic, direction, size + 16, &view, counter->now_us);
}

static void count_bulk(Counter *counter, RedirDirection direction, guint64 id, guint8 status)
{
    const struct usb_redir_bulk_packet_header bulk = {.endpoint = 0x81, .status = status};

    count(counter, direction, usb_redir_bulk_packet, id, &bulk, sizeof bulk);
}

static void count_iso(Counter *counter, guint8 endpoint, guint64 id, guint8 status)
{
    const struct usb_redir_iso_packet_header iso = {.endpoint = endpoint, .status = status};

    count(counter, REDIR_TO_VM, usb_redir_iso_packet, id, &iso, sizeof iso);
}

static void count_status(Counter *counter, guint8 endpoint, guint8 status)
{
    const struct usb_redir_iso_stream_status_header header = {.endpoint = endpoint,
                                                              .status = status};

    count(counter, REDIR_TO_VM, usb_redir_iso_stream_status, 1, &header, sizeof header);
}

/* 98 requests of a millisecond, one of 30 and one that is taken back. */
static void test_latency(void)
{
    Counter c = {.now_us = 1};

    redir_traffic_init(&c.traffic);
    g_assert_cmpuint(redir_latency_quantile(&c.traffic.bulk, 0.5), ==, 0);
    for (guint i = 0; i < 100; i++) {
        count_bulk(&c, REDIR_FROM_VM, i, 0);
        c.now_us += i == 98 ? 30000 : 1000;
        count_bulk(&c, REDIR_TO_VM, i, i == 99 ? usb_redir_cancelled : usb_redir_success);
        count_bulk(&c, REDIR_TO_VM, i, usb_redir_success); /* nobody asked */
    }
    g_assert_cmpuint(c.traffic.bulk.count, ==, 99);
    g_assert_cmpuint(c.traffic.control.count, ==, 0);
    g_assert_cmpuint(redir_latency_quantile(&c.traffic.bulk, 0.5), >=, 1000);
    g_assert_cmpuint(redir_latency_quantile(&c.traffic.bulk, 0.5), <, 1100);
    g_assert_cmpuint(redir_latency_quantile(&c.traffic.bulk, 1), >=, 30000);
    g_assert_cmpuint(redir_latency_quantile(&c.traffic.bulk, 1), <, 33000);
    g_assert_cmpuint(c.traffic.packets[REDIR_FROM_VM], ==, 100);
    g_assert_cmpuint(c.traffic.packets[REDIR_TO_VM], ==, 200);
    redir_traffic_clear(&c.traffic);
}

/* A peer that asks and asks is forgotten from some point on. */
static void test_pending(void)
{
    Counter c = {0};

    redir_traffic_init(&c.traffic);
    for (guint i = 0; i < 2 * REDIR_TRAFFIC_PENDING; i++)
        count_bulk(&c, REDIR_FROM_VM, i, 0);
    g_assert_cmpuint(g_hash_table_size(c.traffic.pending), ==, REDIR_TRAFFIC_PENDING);
    redir_traffic_restart(&c.traffic);
    count_bulk(&c, REDIR_TO_VM, 1, 0);
    g_assert_cmpuint(c.traffic.bulk.count, ==, 0);
    redir_traffic_clear(&c.traffic);
}

/* A camera's picture and its microphone, each with packets left out and one that is broken. */
static void test_iso(void)
{
    Counter c = {0};

    redir_traffic_init(&c.traffic);
    for (guint i = 0; i < 20; i++) {
        if (i < 10 || i > 14)
            count_iso(&c, 0x81, 5000 + i, i == 3 ? usb_redir_ioerror : usb_redir_success);
        count_iso(&c, 0x82, i, usb_redir_success);
    }
    g_assert_cmpuint(c.traffic.iso_packets, ==, 35);
    g_assert_cmpuint(c.traffic.iso_errors, ==, 1);
    g_assert_cmpuint(c.traffic.iso_missing, ==, 5);
    g_assert_cmpuint(c.traffic.iso_restarts, ==, 0);
    count_status(&c, 0x81, usb_redir_stall);
    count_iso(&c, 0x81, 9000, usb_redir_success); /* a new stream */
    count_status(&c, 0x82, usb_redir_success);
    count_iso(&c, 0x82, 0, usb_redir_success);
    g_assert_cmpuint(c.traffic.iso_missing, ==, 5);
    g_assert_cmpuint(c.traffic.iso_restarts, ==, 1);
    count(&c, REDIR_TO_VM, usb_redir_iso_packet, 0, "", 1); /* too short to be one */
    g_assert_cmpuint(c.traffic.iso_packets, ==, 37);
    redir_traffic_clear(&c.traffic);
}

static void count_filled_iso(Counter *counter, guint64 id)
{
    guint8 body[1000] = {0};

    count(counter, REDIR_TO_VM, usb_redir_iso_packet, id, body, sizeof body);
}

static void check_rate(Counter *counter, RedirTrafficSample *sample, gint64 now_us,
                       const char *expected)
{
    g_autofree char *text = redir_traffic_rate(&counter->traffic, sample, now_us);

    g_assert_cmpstr(text, ==, expected);
}

/* Half a second each: all of it, three of four packets missing, all of it again, nothing. */
static void test_rate(void)
{
    RedirTrafficSample sample = {.at_us = 1000000};
    Counter c = {0};
    guint64 id = 1;

    redir_traffic_init(&c.traffic);
    for (guint i = 0; i < 2000; i++)
        count_filled_iso(&c, id++);
    check_rate(&c, &sample, 1500000, "4.1 MB/s");
    for (guint i = 0; i < 500; i++, id += 4)
        count_filled_iso(&c, id + 3);
    check_rate(&c, &sample, 2000000,
               "link carries 1.0 of 4.0 MB/s: lower the size in the guest, or use share");
    count_filled_iso(&c, id);
    check_rate(&c, &sample, 2500000, "0.0 MB/s");
    check_rate(&c, &sample, 2500000, "0.0 MB/s");
    redir_traffic_clear(&c.traffic);
}

/* ---- the tap ---- */

typedef struct {
    RedirTransport base;
    gboolean full;
    guint taken;
} Inner;

typedef struct {
    Inner *inner;
    RedirTransport *tap;
    guint opened, closed, shown[2];
    GByteArray *passed; /* what came through */
    guint32 last;       /* type shown */
} TapBed;

static gboolean inner_send(RedirTransport *transport, guint8 *data, gsize size)
{
    Inner *inner = (Inner *)transport;

    (void)size;
    if (inner->full)
        return FALSE;
    free(data);
    inner->taken++;
    return TRUE;
}

static void inner_free(RedirTransport *transport)
{
    g_free(transport->address);
    g_free(transport);
}

static void on_opened(gpointer user)
{
    ((TapBed *)user)->opened++;
}

static void on_received(gpointer user, const guint8 *data, gsize size)
{
    g_byte_array_append(((TapBed *)user)->passed, data, (guint)size);
}

static void on_closed(gpointer user, const GError *error)
{
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_CLOSED);
    ((TapBed *)user)->closed++;
}

static void on_packet(gpointer user, RedirDirection direction, const guint8 *bytes, gsize size,
                      const RedirPacketView *packet)
{
    TapBed *bed = user;

    g_assert_true(packet->body + packet->size == bytes + size);
    bed->shown[direction]++;
    bed->last = packet->type;
}

static void tap_begin(TapBed *bed)
{
    static const RedirTransportOps ops = {.sure = TRUE, .send = inner_send, .free = inner_free};
    const RedirTapEvents events = {NULL, on_packet, bed};

    *bed = (TapBed){.inner = g_new0(Inner, 1), .passed = g_byte_array_new()};
    bed->inner->base.ops = &ops;
    bed->inner->base.address = g_strdup("inner:");
    bed->tap = redir_tap_new(&bed->inner->base, &events);
    bed->tap->events = (RedirTransportEvents){
        .opened = on_opened, .received = on_received, .closed = on_closed, .user = bed};
    g_assert_cmpstr(bed->tap->address, ==, "inner:");
    g_assert_true(bed->tap->ops->sure);
    g_assert_false(bed->tap->ops->lasting);
    g_assert_null(bed->tap->ops->leave);
    bed->inner->base.events.opened(bed->inner->base.events.user);
    g_assert_cmpuint(bed->opened, ==, 1);
}

static void tap_end(TapBed *bed)
{
    bed->tap->ops->free(bed->tap);
    g_byte_array_unref(bed->passed);
}

static void receive(TapBed *bed, const GByteArray *bytes, gsize slice)
{
    for (gsize at = 0; at < bytes->len; at += slice)
        bed->inner->base.events.received(bed->inner->base.events.user, bytes->data + at,
                                         MIN(slice, bytes->len - at));
}

static gboolean send_hello(TapBed *bed, guint8 **data)
{
    g_autoptr(GByteArray) hello = g_byte_array_new();
    gsize size = 0;

    append_hello(hello, LONG_IDS);
    size = hello->len;
    if (*data == NULL)
        *data = memcpy(malloc(size), hello->data, size);
    return bed->tap->ops->send(bed->tap, *data, size);
}

static void test_tap_refused(void)
{
    guint8 *data = NULL;
    TapBed bed;

    tap_begin(&bed);
    bed.inner->full = TRUE;
    for (guint i = 0; i < 3; i++)
        g_assert_false(send_hello(&bed, &data));
    bed.inner->full = FALSE;
    g_assert_true(send_hello(&bed, &data));
    g_assert_cmpuint(bed.inner->taken, ==, 1);
    g_assert_cmpuint(bed.shown[REDIR_TO_VM], ==, 1);
    data = NULL;
    g_assert_true(send_hello(&bed, &data));
    g_assert_cmpuint(bed.shown[REDIR_TO_VM], ==, 2);
    tap_end(&bed);
}

/* In slices of any length; garbage goes through, and is shown no more, until the next stream. */
static void test_tap_received(gconstpointer slice)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) lost = g_error_new(REDIR_ERROR, REDIR_ERROR_CLOSED, "lost");
    TapBed bed;

    tap_begin(&bed);
    append_hello(bytes, 0);
    append_packet(bytes, usb_redir_reset, 0, FALSE, "", 0);
    receive(&bed, bytes, GPOINTER_TO_UINT(slice));
    g_assert_cmpuint(bed.shown[REDIR_FROM_VM], ==, 2);
    g_assert_cmpuint(bed.last, ==, usb_redir_reset);

    append_word(bytes, usb_redir_reset);
    append_word(bytes, G_MAXUINT32);
    append_packet(bytes, usb_redir_reset, 0, FALSE, "", 0);
    append_packet(bytes, usb_redir_reset, 0, FALSE, "", 0);
    g_byte_array_remove_range(bytes, 0, bed.passed->len);
    g_byte_array_set_size(bed.passed, 0);
    receive(&bed, bytes, GPOINTER_TO_UINT(slice));
    g_assert_cmpmem(bed.passed->data, bed.passed->len, bytes->data, bytes->len);
    g_assert_cmpuint(bed.shown[REDIR_FROM_VM], ==, 2);

    bed.inner->base.events.closed(bed.inner->base.events.user, lost);
    g_assert_cmpuint(bed.closed, ==, 1);
    bed.inner->base.events.opened(bed.inner->base.events.user);
    g_byte_array_set_size(bytes, 0);
    append_hello(bytes, 0);
    receive(&bed, bytes, GPOINTER_TO_UINT(slice));
    g_assert_cmpuint(bed.shown[REDIR_FROM_VM], ==, 3);
    tap_end(&bed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/traffic/view/ids", test_view_ids);
    g_test_add_func("/traffic/view/bounds", test_view_bounds);
    g_test_add_func("/traffic/latency", test_latency);
    g_test_add_func("/traffic/pending", test_pending);
    g_test_add_func("/traffic/iso", test_iso);
    g_test_add_func("/traffic/rate", test_rate);
    g_test_add_func("/traffic/tap/refused", test_tap_refused);
    g_test_add_data_func("/traffic/tap/bytes", GUINT_TO_POINTER(1), test_tap_received);
    g_test_add_data_func("/traffic/tap/slices", GUINT_TO_POINTER(7), test_tap_received);
    g_test_add_data_func("/traffic/tap/whole", GUINT_TO_POINTER(4096), test_tap_received);
    return g_test_run();
}
