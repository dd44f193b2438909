/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What make bench-link measures, by which ways and over which links, and how it is told. */
#pragma once

#include <glib.h>

typedef struct {
    guint mbit, loss_percent, round_trip_ms; /* loss: of packets, each way */
} LinkShape;

typedef struct {
    const char *name;    /* "share, bulk" */
    const char *camera;  /* options of the camera that is plugged into the client; NULL: none */
    const char *command; /* in the client, the address goes to its end; NULL: plain TCP */
    const char *colour;  /* in the plot */
} LinkWay;

typedef struct {
    gboolean measured;
    double damaged; /* frames, which the others leave out */
    /* gap: the longest time without a frame; first: the stream asked for until it. */
    double fps, mb_per_s, p50_ms, p99_ms, gap_s, first_s;
    char *why; /* there is no picture; NULL: there is */
} LinkFigures;

/* All of them, a row for each way and shape. */
typedef struct {
    const LinkWay *ways;
    guint n_ways;
    const LinkShape *shapes;
    guint n_shapes;
    guint window_s, lossy_window_s; /* of a row, and of the longest that loses packets */
    guint frame_bytes, fps;
    const char *accelerator;
    LinkFigures *figures; /* n_ways * n_shapes */
} LinkResults;

LinkFigures *link_figures(const LinkResults *results, guint way, guint shape);
char *link_row_name(const LinkWay *way, const LinkShape *shape);

char *link_table(const LinkResults *results);
/* Puts the table between the two lines of that page that are there for it. */
gboolean link_write_page(const char *path, const char *table, GError **error);
char *link_json(const LinkResults *results);
/* Takes what link_json() once wrote of the rows that there still are. */
gboolean link_read_json(LinkResults *results, const char *path, GError **error);
/* Frame rate and latency over the round trip, a panel for each bandwidth and loss. */
char *link_svg(const LinkResults *results);
