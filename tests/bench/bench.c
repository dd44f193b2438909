/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make bench: what a guest gets of what it asks for, how late, and what that costs us. One run, all
   figures side by side; no pass, no failure. usage: bench [--json] [PART-OF-A-ROW] */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/jpeg_file.h"
#include "tests/guest/session.h"

#define STREAM_MS 4000
#define HASH_EACH 16 /* comparing each frame would cost the guest what it needs to keep up */

typedef struct {
    const char *name, *options;
} Link;

typedef struct {
    const char *source; /* of camredir: "pattern", or NULL for a file of JPEGs */
    const char *format, *fourcc;
    guint width, height, fps;
    const Link *link;
} Row;

typedef struct {
    Outcome outcome;
    guint dropped;
    double cpu_ms; /* for 1000 frames */
    double peak_mib;
} Figures;

static const Link links[] = {{"high bulk", ""},
                             {"super bulk", "--speed super"},
                             {"super iso", "--speed super --transfer iso"}};
#define HIGH      &links[0]
#define SUPER     &links[1]
#define SUPER_ISO &links[2]
#define YUY2      "pattern", "YUY2", "YUYV"
#define MJPEG     "pattern", "MJPEG", "MJPG"
#define FILE_JPEG NULL, "MJPEG", "MJPG"

static const Row rows[] = {
    {YUY2, 320, 180, 30, HIGH},        {YUY2, 320, 240, 30, HIGH},
    {YUY2, 424, 240, 30, HIGH},        {YUY2, 640, 360, 30, HIGH},
    {YUY2, 640, 480, 30, HIGH},        {YUY2, 800, 600, 20, HIGH},
    {YUY2, 1280, 720, 30, HIGH},       {YUY2, 1920, 1080, 5, HIGH},
    {MJPEG, 1280, 720, 30, HIGH},      {MJPEG, 1280, 720, 60, HIGH},
    {MJPEG, 1920, 1080, 30, HIGH},     {MJPEG, 1920, 1080, 60, HIGH},
    {YUY2, 1280, 720, 60, HIGH},       {YUY2, 1280, 720, 60, SUPER},
    {YUY2, 1280, 720, 60, SUPER_ISO},  {YUY2, 1920, 1080, 30, HIGH},
    {YUY2, 1920, 1080, 30, SUPER},     {YUY2, 1920, 1080, 30, SUPER_ISO},
    {YUY2, 1920, 1080, 60, HIGH},      {YUY2, 1920, 1080, 60, SUPER},
    {YUY2, 1920, 1080, 60, SUPER_ISO}, {FILE_JPEG, 1920, 1080, 30, HIGH},
    {FILE_JPEG, 1920, 1080, 60, HIGH},
};

/* ---- measuring ---- */

/* Pictures of about 150 kB, as a camera makes them: nothing is painted or compressed, so that the
   processor time is that of passing them on. */
static char *make_file(GError **error)
{
    g_autofree char *path = g_build_filename(harness_folder(), "bench.mjpeg", NULL);
    g_autoptr(GByteArray) stream = g_byte_array_new();
    for (guint i = 0; i < 8; i++) {
        g_autoptr(GByteArray) jpeg = jpeg_make(1920, 1080, 14, i);
        g_byte_array_append(stream, jpeg->data, jpeg->len);
    }
    return g_file_set_contents(path, (char *)stream->data, stream->len, error)
               ? g_strconcat("file:", path, NULL)
               : NULL;
}

static char *row_options(const Row *row, GError **error)
{
    g_autofree char *source = row->source ? g_strdup(row->source) : make_file(error);
    return source
               ? g_strdup_printf("%s %s --format %s --size %ux%u --fps %u", source,
                                 row->link->options, row->format, row->width, row->height, row->fps)
               : NULL;
}

static gboolean measure(Session *session, const Row *row, Figures *ret_figures, GError **error)
{
    StreamOrder order = {.fourcc = row->fourcc,
                         .width = row->width,
                         .height = row->height,
                         .interval = interval_of_fps(row->fps),
                         .ms = STREAM_MS,
                         .hash_each = HASH_EACH};
    Figures figures;
    g_autofree char *options = row_options(row, error);
    if (!options || !session_plug(session, "bench", options, VM_XHCI, error))
        return FALSE;
    Process *process = share_process(session->share);
    gint64 before_us = process_cpu_us(process);
    if (!session_stream(session, &order, &figures.outcome, NULL, error))
        return FALSE;
    figures.cpu_ms = (process_cpu_us(process) - before_us) / (double)MAX(1, figures.outcome.frames);
    figures.peak_mib = process_peak_kib(process) / 1024.0;
    figures.dropped = session->dropped;
    *ret_figures = figures;
    return session_unplug(session, error);
}

/* ---- printing ---- */

static char *row_name(const Row *row)
{
    return g_strdup_printf("%s%s %ux%u %u, %s", row->source ? "" : "file ", row->format, row->width,
                           row->height, row->fps, row->link->name);
}

static void print_head(void)
{
    double load = 0;
    getloadavg(&load, 1);
    printf("QEMU with %s, %u processors, load %.1f before; %d s a row. Every frame's length and "
           "order was checked,\n"
           "each %dth compared byte for byte. Processor time and memory are camredir's, with the\n"
           "trace that checks frames; the pattern is painted for each frame, 'file' passes on.\n\n",
           vm_accelerator(), g_get_num_processors(), load, STREAM_MS / 1000, HASH_EACH);
    printf("%-34s %14s %6s %15s %8s %6s %8s %8s\n", "", "fps got/asked", "ratio", "ms p50/p99",
           "not sent", "lost", "CPU ms", "peak");
    printf("%-34s %14s %6s %15s %8s %6s %8s %8s\n", "", "", "", "ready to guest", "(newer)", "",
           "/1000 f.", "MiB");
}

static void print_row(const Row *row, const Figures *figures)
{
    const Outcome *o = &figures->outcome;
    g_autofree char *name = row_name(row);
    g_autofree char *fps = g_strdup_printf("%.2f/%u", o->fps, row->fps);
    g_autofree char *delay = g_strdup_printf("%.1f/%.1f", o->p50_ms, o->p99_ms);
    printf("%-34s %14s %6.3f %15s %8u %6u %8.0f %8.1f%s\n", name, fps, o->fps / row->fps, delay,
           figures->dropped, o->lost, figures->cpu_ms, figures->peak_mib,
           o->flagged + o->wrong ? "  DAMAGED" : "");
}

static void build_number(JsonBuilder *json, const char *name, double value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_double_value(json, value);
}

static void build_row(JsonBuilder *json, const Row *row, const Figures *figures)
{
    const Outcome *o = &figures->outcome;
    const char *texts[][2] = {{"source", row->source ? row->source : "file"},
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
        {"frames", o->frames},
        {"damaged", o->flagged + o->wrong},
        {"lost", o->lost},
        {"not_sent", figures->dropped},
        {"latency_p50_ms", o->p50_ms},
        {"latency_p99_ms", o->p99_ms},
        {"cpu_ms_per_1000_frames", figures->cpu_ms},
        {"peak_mib", figures->peak_mib},
    };
    json_builder_begin_object(json);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        json_builder_set_member_name(json, texts[i][0]);
        json_builder_add_string_value(json, texts[i][1]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
        build_number(json, numbers[i].name, numbers[i].value);
    json_builder_end_object(json);
}

static void print_json(JsonBuilder *json)
{
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}

static gboolean run(Session *session, JsonBuilder *json, const char *filter, GError **error)
{
    if (!vm_boot(session->vm, error))
        return FALSE;
    if (!json)
        print_head();
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Figures figures;
        g_autofree char *name = row_name(&rows[i]);
        if (filter && !strstr(name, filter))
            continue;
        if (!measure(session, &rows[i], &figures, error)) {
            g_prefix_error(error, "%s: ", name);
            return FALSE;
        }
        if (json)
            build_row(json, &rows[i], &figures);
        else
            print_row(&rows[i], &figures);
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    gboolean as_json = argc > 1 && strcmp(argv[1], "--json") == 0;
    g_autoptr(GError) error = NULL;
    g_autoptr(JsonBuilder) json = as_json ? json_builder_new() : NULL;
    harness_init("bench");
    Session session = {.vm = vm_new("guest", VM_XHCI)};
    if (json)
        json_builder_begin_array(json);
    gboolean good = run(&session, json, argc > 1 + as_json ? argv[1 + as_json] : NULL, &error);
    if (json) {
        json_builder_end_array(json);
        print_json(json);
    }
    if (!good) {
        fprintf(stderr, "bench: %s\n", error->message);
        if (session.share)
            log_print_tail(share_log(session.share), 10);
        vm_print_log(session.vm);
    }
    share_free(session.share);
    vm_free(session.vm);
    return good ? 0 : 1;
}
