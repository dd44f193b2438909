/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The modelled queue: see pacing.h for the rule. */
#include "redir/pacing.h"

#define BATCH_US  1000
#define FAR_US    20000
#define QUEUED_MS 60

guint8 redir_pacing_interval(gboolean high_speed, gint64 round_trip_us)
{
    return !high_speed ? 1 : round_trip_us > FAR_US ? 8 : 4;
}

guint redir_pacing_target(gboolean high_speed, guint8 interval)
{
    return (high_speed ? 8000 : 1000) / interval * QUEUED_MS / 1000;
}

void redir_pacing_start(RedirPacing *pacing, guint period_us, guint target, gint64 now_us)
{
    *pacing = (RedirPacing){
        .period_us = period_us,
        .target = target,
        .clock_us = now_us,
    };
}

/* A controller is not a metronome: with this few packets left QEMU may already have run empty. Then
   the model starts over, and the worst that comes of it is target + this many in QEMU's queue. */
static guint doubtful(const RedirPacing *pacing)
{
    return pacing->target / 4;
}

static void advance(RedirPacing *pacing, gint64 now_us)
{
    if (now_us <= pacing->clock_us)
        return;
    if (!pacing->draining) {
        pacing->clock_us = now_us;
        return;
    }
    gint64 taken = (now_us - pacing->clock_us) / pacing->period_us;
    pacing->clock_us += taken * pacing->period_us;
    pacing->level -= MIN(pacing->level, taken);
    if (pacing->level <= doubtful(pacing)) {
        pacing->level = 0;
        pacing->draining = FALSE;
        pacing->clock_us = now_us;
    }
}

guint redir_pacing_due(RedirPacing *pacing, gint64 now_us)
{
    advance(pacing, now_us);
    return pacing->target - MIN(pacing->level, pacing->target);
}

void redir_pacing_sent(RedirPacing *pacing, guint packets)
{
    pacing->level += packets;
    if (pacing->level >= pacing->target)
        pacing->draining = TRUE;
}

guint redir_pacing_lead(const RedirPacing *pacing, guint packets)
{
    if (pacing->draining || pacing->level > 0 || packets >= pacing->target)
        return 0;
    return MIN(pacing->target - packets, pacing->target / 2);
}

guint redir_pacing_padding(const RedirPacing *pacing)
{
    return pacing->draining || pacing->level == 0 ? 0 : pacing->target - pacing->level;
}

void redir_pacing_stalled(RedirPacing *pacing, gint64 now_us)
{
    pacing->clock_us = MAX(pacing->clock_us, now_us);
}

gint64 redir_pacing_next(const RedirPacing *pacing)
{
    return pacing->clock_us + MAX(BATCH_US, pacing->period_us);
}
