/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A look at each packet's type, id and status. */
#include "redir/traffic.h"

#include <math.h>
#include <string.h>

void redir_traffic_init(RedirTraffic *traffic)
{
    *traffic = (RedirTraffic){0};
    traffic->pending = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
}

void redir_traffic_clear(RedirTraffic *traffic)
{
    g_clear_pointer(&traffic->pending, g_hash_table_unref);
}

void redir_traffic_restart(RedirTraffic *traffic)
{
    g_hash_table_remove_all(traffic->pending);
    memset(traffic->next_iso, 0, sizeof traffic->next_iso);
}

/* ---- requests and answers ---- */

static guint bucket_of(gint64 us)
{
    return us < 1 ? 0 : MIN((guint)(8 * log2((double)us)), REDIR_TRAFFIC_BUCKETS - 1);
}

guint64 redir_latency_quantile(const RedirLatency *latency, double share)
{
    guint64 seen = 0;

    if (latency->count == 0)
        return 0;
    for (guint i = 0; i < REDIR_TRAFFIC_BUCKETS; i++) {
        seen += latency->buckets[i];
        if (seen >= share * latency->count && seen > 0)
            return (guint64)ceil(exp2((i + 1) / 8.0));
    }
    return G_MAXUINT64;
}

static void ask(RedirTraffic *traffic, guint64 id, gint64 now_us)
{
    if (g_hash_table_size(traffic->pending) < REDIR_TRAFFIC_PENDING)
        g_hash_table_insert(traffic->pending, g_memdup2(&id, sizeof id),
                            g_memdup2(&now_us, sizeof now_us));
}

/* What the guest took back was not answered. */
static gboolean is_cancelled(const RedirPacketView *packet)
{
    const struct usb_redir_control_packet_header *control = (gconstpointer)packet->body;
    const struct usb_redir_bulk_packet_header *bulk = (gconstpointer)packet->body;

    if (packet->type == usb_redir_control_packet)
        return packet->size >= sizeof *control && control->status == usb_redir_cancelled;
    return packet->size >= sizeof *bulk && bulk->status == usb_redir_cancelled;
}

static void answer(RedirTraffic *traffic, const RedirPacketView *packet, gint64 now_us)
{
    RedirLatency *latency =
        packet->type == usb_redir_control_packet ? &traffic->control : &traffic->bulk;
    const gint64 *asked = g_hash_table_lookup(traffic->pending, &packet->id);

    if (asked == NULL)
        return;
    if (!is_cancelled(packet)) {
        latency->count++;
        latency->buckets[bucket_of(now_us - *asked)]++;
    }
    g_hash_table_remove(traffic->pending, &packet->id);
}

/* ---- isochronous streams ---- */

static guint64 *next_of(RedirTraffic *traffic, guint8 endpoint)
{
    return &traffic->next_iso[(endpoint & 0x80) >> 3 | (endpoint & 0x0f)];
}

/* usbredir counts the packets of a stream by their ids, also those that are left out. A camera with
   a microphone has two streams. */
static void count_iso(RedirTraffic *traffic, const RedirPacketView *packet)
{
    const struct usb_redir_iso_packet_header *iso = (gconstpointer)packet->body;

    if (packet->size < sizeof *iso)
        return;
    traffic->iso_packets++;
    traffic->iso_bytes += packet->size;
    traffic->iso_errors += iso->status != usb_redir_success;
    guint64 *next = next_of(traffic, iso->endpoint);
    if (*next != 0 && packet->id > *next)
        traffic->iso_missing += packet->id - *next;
    *next = packet->id + 1;
}

static void count_iso_status(RedirTraffic *traffic, const RedirPacketView *packet)
{
    const struct usb_redir_iso_stream_status_header *status = (gconstpointer)packet->body;

    if (packet->size < sizeof *status)
        return;
    *next_of(traffic, status->endpoint) = 0;
    traffic->iso_restarts += status->status != usb_redir_success;
}

void redir_traffic_count(RedirTraffic *traffic, RedirDirection direction, gsize size,
                         const RedirPacketView *packet, gint64 now_us)
{
    traffic->packets[direction]++;
    traffic->bytes[direction] += size;
    switch (packet->type) {
    case usb_redir_control_packet:
    case usb_redir_bulk_packet:
        if (direction == REDIR_FROM_VM)
            ask(traffic, packet->id, now_us);
        else
            answer(traffic, packet, now_us);
        break;
    case usb_redir_iso_packet:
        if (direction == REDIR_TO_VM)
            count_iso(traffic, packet);
        break;
    case usb_redir_iso_stream_status:
        count_iso_status(traffic, packet);
        break;
    }
}

char *redir_traffic_rate(const RedirTraffic *traffic, RedirTrafficSample *sample, gint64 now_us)
{
    const RedirTrafficSample now = {
        .at_us = now_us,
        .bytes = traffic->bytes[REDIR_TO_VM] + traffic->bytes[REDIR_FROM_VM],
        .iso_bytes = traffic->iso_bytes,
        .iso_packets = traffic->iso_packets,
        .iso_missing = traffic->iso_missing,
    };
    double us = (double)MAX(now_us - sample->at_us, 1); /* a byte each is a MB/s */
    double rate = (now.bytes - sample->bytes) / us;
    guint64 packets = now.iso_packets - sample->iso_packets;
    guint64 missing = now.iso_missing - sample->iso_missing;
    double mean = packets ? (double)(now.iso_bytes - sample->iso_bytes) / packets : 0;

    *sample = now;
    if (missing == 0 || packets == 0)
        return g_strdup_printf("%.1f MB/s", rate);
    return g_strdup_printf("link carries %.1f of %.1f MB/s: lower the size in the guest, or use "
                           "share",
                           rate, rate + missing * mean / us);
}
