/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts what goes over a connection, packet by packet: how much, how broken, how fast answered. */
#pragma once

#include "redir/packet_view.h"

#define REDIR_TRAFFIC_BUCKETS                                                                      \
    256 /* of a logarithmic scale of microseconds, 8 for each doubling                             \
         */
#define REDIR_TRAFFIC_PENDING 1024

typedef struct {
    guint64 count;
    guint64 buckets[REDIR_TRAFFIC_BUCKETS];
} RedirLatency;

typedef struct {
    guint64 packets[2], bytes[2]; /* by RedirDirection */
    guint64 iso_packets, iso_bytes, iso_errors;
    guint64 iso_missing;  /* left out because the link is too slow, or the VM reads too slowly */
    guint64 iso_restarts; /* streams that ran dry, or broke, and were begun again */
    RedirLatency control, bulk;

    GHashTable *pending;  /* the rest is ours: request's id to its time */
    guint64 next_iso[32]; /* by endpoint; 0: not known */
} RedirTraffic;

void redir_traffic_init(RedirTraffic *traffic);
void redir_traffic_clear(RedirTraffic *traffic);

/* A new connection. */
void redir_traffic_restart(RedirTraffic *traffic);
void redir_traffic_count(RedirTraffic *traffic, RedirDirection direction, gsize size,
                         const RedirPacketView *packet, gint64 now_us);

typedef struct {
    gint64 at_us;
    guint64 bytes, iso_bytes, iso_packets, iso_missing;
} RedirTrafficSample;

/* For people, and since the sample, which is taken anew: "4.1 MB/s", or what to do where the link
   carries less than the device sends. */
char *redir_traffic_rate(const RedirTraffic *traffic, RedirTrafficSample *sample, gint64 now_us);

/* The time within which that share (0 to 1) of the requests was answered, in microseconds, to an
   eighth of its doubling; 0 without requests. */
guint64 redir_latency_quantile(const RedirLatency *latency, double share);
