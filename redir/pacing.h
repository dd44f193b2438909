/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* When isochronous packets go out: a model of the queue that QEMU keeps before the guest's
   controller.

   QEMU hands nothing on until its queue holds 60 ms of packets, waits for that again after each
   time that it ran empty, and above twice that throws away down to it. So one rule: keep the
   modelled queue at the target. Data fills it; the controller empties it, one packet a service
   interval, on absolute time; where a frame ends before QEMU began to hand on, zero-length packets
   make up the rest.

   Half of those go before the frame. After a stop of the link several frames arrive at once, and
   what is above twice the target is then thrown away: from the third one's begin on, give or take
   what the controller took meanwhile. That shall be padding: a guest that gets a part of
   a picture shows it.
 */
#pragma once

#include <glib.h>

typedef struct {
    guint period_us;   /* the endpoint's service interval: the controller takes a packet in each */
    guint target;      /* packets at which QEMU begins to hand on */
    guint level;       /* packets in QEMU's queue, as modelled */
    gboolean draining; /* it hands on */
    gint64 clock_us;   /* level holds for this time */
} RedirPacing;

/* ep_info's interval, ours to choose, drives nothing but QEMU's target (QEMU 7.2,
   usbredir_handle_iso_data): 60 ms of 8000 / interval packets a second at high speed, of
   1000 / interval else. Its queue holds twice the target before it throws away, so the target is
   also how many packets a guest may leave lying, and how many, most of them empty, come with each
   frame. By 120 (interval 4) a busy guest may stay away for 15 ms. But frames that a far link
   brings together overflow them: over 150 ms a half arrived, some of them damaged, where by 60
   (interval 8) nearly all did, and none was. */
guint8 redir_pacing_interval(gboolean high_speed, gint64 round_trip_us); /* 0: not known, near */
guint redir_pacing_target(gboolean high_speed, guint8 interval);

void redir_pacing_start(RedirPacing *pacing, guint period_us, guint target, gint64 now_us);
/* Packets of data that may go out now. */
guint redir_pacing_due(RedirPacing *pacing, gint64 now_us);
/* That many went. */
void redir_pacing_sent(RedirPacing *pacing, guint packets);
/* Zero-length packets that the frame of so many packets which begins needs before it. */
guint redir_pacing_lead(const RedirPacing *pacing, guint packets);
/* Zero-length packets that the frame which just ended needs behind it. */
guint redir_pacing_padding(const RedirPacing *pacing);
/* QEMU has not read what we sent: its queue cannot have been refilled, so do not count on room. */
void redir_pacing_stalled(RedirPacing *pacing, gint64 now_us);
/* While data waits: when to ask again, about a millisecond's packets at a time. */
gint64 redir_pacing_next(const RedirPacing *pacing);
