/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A look at each packet's type, id and status. */
#include "redir/traffic.h"

#include <math.h>

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
    traffic->next_iso = 0;
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

static void answer(RedirTraffic *traffic, RedirLatency *latency, guint64 id, gint64 now_us)
{
    const gint64 *asked = g_hash_table_lookup(traffic->pending, &id);

    if (asked == NULL)
        return;
    latency->count++;
    latency->buckets[bucket_of(now_us - *asked)]++;
    g_hash_table_remove(traffic->pending, &id);
}

/* ---- isochronous streams ---- */

/* usbredir counts the packets of a stream by their ids, also those that are left out. */
static void count_iso(RedirTraffic *traffic, const RedirPacketView *packet)
{
    const struct usb_redir_iso_packet_header *iso = (gconstpointer)packet->body;

    if (packet->size < sizeof *iso)
        return;
    traffic->iso_packets++;
    traffic->iso_errors += iso->status != usb_redir_success;
    if (traffic->next_iso != 0 && packet->id > traffic->next_iso)
        traffic->iso_missing += packet->id - traffic->next_iso;
    traffic->next_iso = packet->id + 1;
}

static void count_iso_status(RedirTraffic *traffic, const RedirPacketView *packet)
{
    const struct usb_redir_iso_stream_status_header *status = (gconstpointer)packet->body;

    traffic->next_iso = 0;
    if (packet->size >= sizeof *status && status->status != usb_redir_success)
        traffic->iso_restarts++;
}

void redir_traffic_count(RedirTraffic *traffic, RedirDirection direction, gsize size,
                         const RedirPacketView *packet, gint64 now_us)
{
    RedirLatency *latency =
        packet->type == usb_redir_control_packet ? &traffic->control : &traffic->bulk;

    traffic->packets[direction]++;
    traffic->bytes[direction] += size;
    switch (packet->type) {
    case usb_redir_control_packet:
    case usb_redir_bulk_packet:
        if (direction == REDIR_FROM_VM)
            ask(traffic, packet->id, now_us);
        else
            answer(traffic, latency, packet->id, now_us);
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
