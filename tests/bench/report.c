/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What make bench measures, and how it is told: as a table for people, or as JSON. */
#include "tests/bench/report.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>

struct Report {
    JsonBuilder *json; /* NULL: a table */
    guint hash_each;
    double load; /* the machine's, before */
    const Way *way;
};

char *row_name(const Row *row)
{
    return g_strdup_printf("%s%s %ux%u %u, %s", row->source ? "" : "file ", row->format, row->width,
                           row->height, row->fps, row->link->name);
}

/* Of pictures, where all have one size. */
static double megabytes(const Row *row, const Figures *figures)
{
    gboolean raw = g_str_equal(row->format, "YUY2");
    return raw ? figures->outcome.fps * row->width * row->height * 2 / 1e6 : 0;
}

/* ---- the table ---- */

/* The accelerator is known once a machine runs. */
static void print_head(const Report *report)
{
    printf("QEMU with %s, %u processors, load %.1f before. Every frame's length and order was\n"
           "checked, each %uth compared byte for byte. Processor time and memory are camredir's,\n"
           "with the trace that checks frames; the pattern is painted for each frame, 'file'\n"
           "passes on. Busy: what camredir, QEMU, and the guest in it take of one processor.\n",
           vm_accelerator(), g_get_num_processors(), report->load, report->hash_each);
}

static void print_way(const Way *way, guint stream_ms, gboolean first)
{
    g_autofree char *title = g_strdup_printf("%s, %g s a row", way->name, stream_ms / 1000.0);
    printf("\n%-34s %14s %6s %6s %15s %8s %5s %8s %5s %12s %6s\n", title, "fps got/asked", "ratio",
           "MB/s", "ms p50/p99", "not sent", "lost", "CPU ms", "peak", "busy %",
           first ? "" : "of the");
    printf("%-34s %14s %6s %6s %15s %8s %5s %8s %5s %12s %6s\n", "", "", "", "", "ready to guest",
           "(newer)", "", "/1000 f.", "MiB", "us/QEMU/gst", first ? "" : "first");
}

static void print_row(const Row *row, const Figures *figures)
{
    const Outcome *o = &figures->outcome;
    g_autofree char *name = row_name(row);
    g_autofree char *fps = g_strdup_printf("%.2f/%u", o->fps, row->fps);
    g_autofree char *delay = g_strdup_printf("%.1f/%.1f", o->p50_ms, o->p99_ms);
    g_autofree char *busy = g_strdup_printf("%.0f/%.0f/%.0f", 100 * figures->own_load,
                                            100 * figures->qemu_load, 100 * figures->guest_load);
    g_autofree char *rate =
        megabytes(row, figures) ? g_strdup_printf("%.1f", megabytes(row, figures)) : g_strdup("");
    g_autofree char *ratio =
        figures->of_first ? g_strdup_printf("%.3f", figures->of_first) : g_strdup("");
    printf("%-34s %14s %6.3f %6s %15s %8u %5u %8.0f %5.1f %12s %6s%s\n", name, fps,
           o->fps / row->fps, rate, delay, figures->dropped, o->lost, figures->cpu_ms,
           figures->peak_mib, busy, ratio, o->flagged + o->wrong ? "  DAMAGED" : "");
}

/* ---- JSON ---- */

static void build_row(JsonBuilder *json, const Way *way, const Row *row, const Figures *figures)
{
    const Outcome *o = &figures->outcome;
    const char *texts[][2] = {{"way", way->name},
                              {"source", row->source ? row->source : "file"},
                              {"format", row->format},
                              {"link", row->link->name}};
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"width", row->width},
        {"height", row->height},
        {"fps_asked", row->fps},
        {"fps", o->fps},
        {"mb_per_s", megabytes(row, figures)},
        {"frames", o->frames},
        {"damaged", o->flagged + o->wrong},
        {"lost", o->lost},
        {"not_sent", figures->dropped},
        {"latency_p50_ms", o->p50_ms},
        {"latency_p99_ms", o->p99_ms},
        {"cpu_ms_per_1000_frames", figures->cpu_ms},
        {"peak_mib", figures->peak_mib},
        {"load_camredir", figures->own_load},
        {"load_qemu", figures->qemu_load},
        {"load_guest", figures->guest_load},
        {"fps_of_first_way", figures->of_first},
    };
    json_builder_begin_object(json);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        json_builder_set_member_name(json, texts[i][0]);
        json_builder_add_string_value(json, texts[i][1]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        json_builder_set_member_name(json, numbers[i].name);
        json_builder_add_double_value(json, numbers[i].value);
    }
    json_builder_end_object(json);
}

/* ---- both ---- */

Report *report_new(gboolean as_json, guint hash_each)
{
    Report *report = g_new0(Report, 1);
    report->hash_each = hash_each;
    getloadavg(&report->load, 1);
    if (as_json) {
        report->json = json_builder_new();
        json_builder_begin_array(report->json);
    }
    return report;
}

void report_way(Report *report, const Way *way, guint stream_ms)
{
    if (!report->json && !report->way)
        print_head(report);
    if (!report->json)
        print_way(way, stream_ms, !report->way);
    report->way = way;
}

void report_row(Report *report, const Row *row, const Figures *figures)
{
    if (report->json)
        build_row(report->json, report->way, row, figures);
    else
        print_row(row, figures);
}

void report_end(Report *report)
{
    if (report->json) {
        json_builder_end_array(report->json);
        g_autoptr(JsonNode) root = json_builder_get_root(report->json);
        g_autofree char *text = json_to_string(root, TRUE);
        puts(text);
        g_object_unref(report->json);
    }
    g_free(report);
}
