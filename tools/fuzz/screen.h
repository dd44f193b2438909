/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a campaign is shown while it runs: a few lines that stay in place on a terminal, else a line
   now and then. */
#pragma once

#include "tools/fuzz/campaign.h"
#include "tools/fuzz/job.h"

typedef struct {
    gboolean terminal;
    gboolean over; /* nothing runs any more */
    guint lines;   /* that are to be written over */
    gint64 began_us, said_us;
} FuzzScreen;

void fuzz_screen_init(FuzzScreen *screen);
void fuzz_screen_show(FuzzScreen *screen, const FuzzCampaign *campaign, const FuzzShared *shared,
                      const FuzzTotals *totals);
/* What it was, for good. */
void fuzz_screen_end(FuzzScreen *screen, const FuzzCampaign *campaign, const FuzzShared *shared,
                     const FuzzTotals *totals);
