/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make bench-link: one camera by Debian's usbredirect, by camredir redirect and by camredir share,
   over links that are slow, far and lossy. One run, all figures side by side; no pass, no failure.
   usage: link [--json] [--resume] [PATTERN-OF-ROWS] | link --page | link --pictures FILE
   --resume: only what the last run, which was cut short, has not measured; --page: its results into
   the documentation. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/link_lab.h"
#include "tests/guest/jpeg_file.h"

#define WIDTH       1280
#define HEIGHT      720
#define FPS         30
#define NOISE       4     /* so much that a picture has about 65 kB */
#define N_PICTURES  400   /* none comes twice while one is on its way */
#define FIRST_MS    15000 /* then there is no picture */
#define TOGETHER_US 20000 /* how exactly two machines' clocks are known, at worst */

#define FOLDER   "bench"
#define JSON     FOLDER "/link.json"
#define SVG      FOLDER "/link.svg"
#define TABLE    FOLDER "/link.txt"
#define PAGE     "docs/link.md"
#define PAGE_SVG "docs/link.svg"

#define PICTURES "build/guest/link.mjpeg"
#define MODE     " --format MJPEG --size 1280x720 --fps 30"
#define CAMERA   "file:" PICTURES MODE
#define DEVICE   "/sys/bus/usb/devices/1-1/"
#define BARE     "usbredirect --device $(cat " DEVICE "idVendor):$(cat " DEVICE "idProduct) --to "
#define REDIRECT "camredir redirect 1-1 --to tcp:"
#define SHARE(how)                                                                                 \
    "camredir share file:" LAB_PICTURES MODE how " --trace /dev/" GUEST_PORT_OUTPUT " --to tcp:"

static const LinkWay ways[] = {
    {"plain TCP", NULL, NULL, "#888"},
    {"usbredirect, iso", CAMERA " --transfer iso", BARE, "#d95f02"},
    {"redirect, iso", CAMERA " --transfer iso", REDIRECT, "#e6ab02"},
    {"share, bulk", NULL, SHARE(" --transfer bulk"), "#1b9e77"},
    {"share, super bulk", NULL, SHARE(" --transfer bulk --speed super"), "#66a61e"},
    {"share, buffered", NULL, SHARE(" --transfer buffered"), "#e7298a"},
    {"share, iso", NULL, SHARE(" --transfer iso"), "#7570b3"},
};

#define SHAPES_OF(mbit, loss)                                                                      \
    {mbit, loss, 0}, {mbit, loss, 10}, {mbit, loss, 50},                                           \
    {                                                                                              \
        mbit, loss, 150                                                                            \
    }
static const LinkShape shapes[] = {SHAPES_OF(100, 0), SHAPES_OF(20, 0), SHAPES_OF(8, 0),
                                   SHAPES_OF(100, 1), SHAPES_OF(20, 1), SHAPES_OF(8, 1)};

/* ---- frames ---- */

static gboolean write_pictures(const char *path, GError **error)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    for (guint i = 0; i < N_PICTURES; i++) {
        g_autoptr(GByteArray) jpeg = jpeg_make(WIDTH, HEIGHT, NOISE, i);
        g_byte_array_append(stream, jpeg->data, jpeg->len);
    }
    return g_file_set_contents(path, (char *)stream->data, stream->len, error);
}

/* While it was measured, on both clocks. */
typedef struct {
    gint64 first_us, until_us, asked_us;
    LinkMoment before, after;
} Span;

static gint64 ours_of(const Span *span, gint64 client_us)
{
    double scale = (double)(span->after.ours_us - span->before.ours_us) /
                   (span->after.client_us - span->before.client_us);
    return span->before.ours_us + (gint64)((client_us - span->before.client_us) * scale);
}

/* Of a camera of the client's that was sent since the row began, ready in our time. The two clocks
   may be a little apart, and no frame is seen before it was sent. */
static GArray *sent_frames(LinkLab *lab, const Span *span)
{
    gboolean shared = !lab->plugged;
    const char *path = shared ? vm_output(lab->client) : share_trace_path(lab->camera.share);
    g_autoptr(GArray) all = trace_read(path, NULL);
    GArray *sent = g_array_new(FALSE, FALSE, sizeof(SentFrame));
    for (guint i = 0; i < all->len; i++) {
        SentFrame frame = g_array_index(all, SentFrame, i);
        if (shared)
            frame.ready_us = ours_of(span, frame.ready_us);
        frame.ready_us -= TOGETHER_US;
        if (frame.ready_us >= span->before.ours_us - TOGETHER_US)
            g_array_append_val(sent, frame);
    }
    return sent;
}

static GArray *seen_within(const GArray *all, const Span *span)
{
    GArray *seen = g_array_new(FALSE, FALSE, sizeof(SeenFrame));
    for (guint i = 0; i < all->len; i++)
        if (g_array_index(all, SeenFrame, i).arrival_us <= span->until_us)
            g_array_append_val(seen, g_array_index(all, SeenFrame, i));
    return seen;
}

static double longest_gap(const GArray *seen, const Span *span)
{
    gint64 last_us = span->first_us, longest_us = 0;
    for (guint i = 0; i <= seen->len; i++) {
        gint64 now_us =
            i < seen->len ? g_array_index(seen, SeenFrame, i).arrival_us : span->until_us;
        longest_us = MAX(longest_us, now_us - last_us);
        last_us = now_us;
    }
    return longest_us / 1e6;
}

static void judge(LinkLab *lab, const GArray *all, const Span *span, LinkFigures *ret_figures)
{
    g_autoptr(GArray) seen = seen_within(all, span);
    g_autoptr(GArray) sent = sent_frames(lab, span);
    double seconds = (span->until_us - span->first_us) / 1e6, bytes = 0;
    Outcome outcome;
    compare_frames(seen, sent, &outcome);
    for (guint i = 0; i < seen->len; i++)
        bytes += g_array_index(seen, SeenFrame, i).record.bytesused;
    guint damaged = outcome.flagged + outcome.wrong;
    *ret_figures = (LinkFigures){.measured = TRUE,
                                 .damaged = damaged,
                                 .fps = (outcome.frames - damaged) / seconds,
                                 .mb_per_s = bytes / seconds / 1e6,
                                 .p50_ms = outcome.p50_ms - TOGETHER_US / 1e3,
                                 .p99_ms = outcome.p99_ms - TOGETHER_US / 1e3,
                                 .gap_s = longest_gap(seen, span),
                                 .first_s = (span->first_us - span->asked_us) / 1e6};
}

/* ---- a row ---- */

/* Where packets are lost it is a matter of luck when, and the farther the fewer there are. */
static guint window_s(const LinkShape *shape)
{
    return shape->loss_percent ? 10 + shape->round_trip_ms / 5 : 5;
}

/* Until the window is over; what still waits in the link goes out unhindered. */
static gboolean stream(LinkLab *lab, Session *guest, guint seconds, Span *span, GArray **ret_seen,
                       GError **error)
{
    const StreamOrder order = {.fourcc = "MJPG",
                               .width = WIDTH,
                               .height = HEIGHT,
                               .interval = interval_of_fps(FPS),
                               .hash_each = 1};
    span->asked_us = g_get_monotonic_time();
    guint number = session_begin(guest, &order);
    gboolean good = session_wait_frames(guest, number, 1, FIRST_MS, error);
    span->first_us = g_get_monotonic_time();
    if (good)
        g_usleep(seconds * G_USEC_PER_SEC);
    span->until_us = g_get_monotonic_time();
    if (!link_lab_shape(lab, NULL, good ? error : NULL))
        return FALSE;
    g_free(agent_run(vm_agent(lab->guest), 10000, NULL, "stop"));
    /* It may have failed since: frames did not come for too long. */
    g_free(agent_wait(vm_agent(lab->guest), number, 30000, NULL));
    *ret_seen = agent_frames(vm_agent(lab->guest), number, 0);
    return good;
}

/* The connection is made over the link as it is: one from before would take the round trip's growth
   for a full link. */
static gboolean measure(LinkLab *lab, const LinkWay *way, const LinkShape *shape,
                        LinkFigures *ret_figures, GError **error)
{
    Session guest;
    Span span = {0};
    g_autoptr(GArray) seen = NULL;
    if (!link_lab_plug(lab, way->camera, error) || !link_lab_shape(lab, shape, error) ||
        !link_lab_start(lab, way->command, &guest, error) ||
        !link_lab_moment(lab, &span.before, error) ||
        !stream(lab, &guest, window_s(shape), &span, &seen, error) ||
        !link_lab_moment(lab, &span.after, error) || !link_lab_stop(lab, "TERM", error))
        return FALSE;
    judge(lab, seen, &span, ret_figures);
    return TRUE;
}

static gboolean measure_plain(LinkLab *lab, const LinkShape *shape, const LinkResults *results,
                              LinkFigures *ret_figures, GError **error)
{
    double bytes;
    if (!link_lab_shape(lab, shape, error) ||
        !link_lab_carries(lab, window_s(shape), &bytes, error) || !link_lab_shape(lab, NULL, error))
        return FALSE;
    *ret_figures = (LinkFigures){
        .measured = TRUE, .fps = MIN(FPS, bytes / results->frame_bytes), .mb_per_s = bytes / 1e6};
    return TRUE;
}

/* After a failure: as new, by new machines where it must be. */
static gboolean recover(LinkLab *lab, GError **error)
{
    link_lab_shape(lab, NULL, NULL);
    if (link_lab_stop(lab, "KILL", NULL))
        return TRUE;
    link_lab_end(lab);
    return link_lab_begin(lab, error);
}

static void tell_row(const char *name, guint number, guint count, const LinkFigures *f)
{
    if (f->why)
        fprintf(stderr, "[%u/%u] %s: %s\n", number, count, name, f->why);
    else
        fprintf(stderr, "[%u/%u] %s: %.1f frames/s, %.0f damaged, %.2f MB/s, %.0f/%.0f ms\n",
                number, count, name, f->fps, f->damaged, f->mb_per_s, f->p50_ms, f->p99_ms);
}

/* ---- what stays ---- */

static gboolean write_results(const LinkResults *results, GError **error)
{
    g_autofree char *json = link_json(results), *svg = link_svg(results);
    g_autofree char *table = link_table(results);
    return g_mkdir_with_parents(FOLDER, 0777) == 0 && g_file_set_contents(JSON, json, -1, error) &&
           g_file_set_contents(SVG, svg, -1, error) && g_file_set_contents(TABLE, table, -1, error);
}

static void print_results(const LinkResults *results, gboolean as_json)
{
    g_autofree char *text = as_json ? link_json(results) : link_table(results);
    printf("%s%s", text, as_json ? "\n" : "");
    fprintf(stderr, "%s, %s\n", JSON, SVG);
}

static gboolean write_page(GError **error)
{
    g_autofree char *table = NULL, *svg = NULL;
    gsize size;
    return g_file_get_contents(TABLE, &table, NULL, error) &&
           g_file_get_contents(SVG, &svg, &size, error) && link_write_page(PAGE, table, error) &&
           g_file_set_contents(PAGE_SVG, svg, size, error);
}

/* ---- all of it ---- */

typedef struct {
    gboolean as_json, resume, page;
    const char *pictures, *pattern;
} Options;

static gboolean wanted(const LinkResults *results, guint w, guint s, const Options *options)
{
    g_autofree char *name = link_row_name(&ways[w], &shapes[s]);
    g_autofree char *anywhere = g_strdup_printf("*%s*", options->pattern ? options->pattern : "");
    return g_pattern_match_simple(anywhere, name) &&
           !(options->resume && link_figures(results, w, s)->measured);
}

static guint count_rows(const LinkResults *results, const Options *options)
{
    guint count = 0;
    for (guint w = 0; w < G_N_ELEMENTS(ways); w++)
        for (guint s = 0; s < G_N_ELEMENTS(shapes); s++)
            count += wanted(results, w, s, options);
    return count;
}

/* FALSE: nothing more can be measured. */
static gboolean run_row(LinkLab *lab, LinkResults *results, guint w, guint s, GError **error)
{
    g_autoptr(GError) why = NULL;
    LinkFigures *figures = link_figures(results, w, s);
    gboolean good = ways[w].command ? measure(lab, &ways[w], &shapes[s], figures, &why)
                                    : measure_plain(lab, &shapes[s], results, figures, &why);
    if (good)
        return TRUE;
    g_autofree char *log = ways[w].command ? link_lab_log(lab) : NULL;
    *figures = (LinkFigures){.measured = TRUE,
                             .why = g_strdup_printf("no picture: %s%s%s", why->message,
                                                    log ? "; " : "", log ? log : "")};
    return recover(lab, error);
}

static gboolean run(LinkLab *lab, LinkResults *results, const Options *options, GError **error)
{
    guint count = count_rows(results, options), number = 0;
    if (count && !link_lab_begin(lab, error))
        return FALSE;
    results->accelerator = vm_accelerator();
    for (guint w = 0; w < G_N_ELEMENTS(ways); w++)
        for (guint s = 0; s < G_N_ELEMENTS(shapes); s++) {
            g_autofree char *name = link_row_name(&ways[w], &shapes[s]);
            if (!wanted(results, w, s, options))
                continue;
            if (!run_row(lab, results, w, s, error) || !write_results(results, error))
                return FALSE;
            tell_row(name, ++number, count, link_figures(results, w, s));
        }
    return write_results(results, error);
}

static guint picture_bytes(void)
{
    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_file_get_contents(PICTURES, &bytes, &size, NULL);
    return size / N_PICTURES;
}

static gboolean bench(const Options *options, GError **error)
{
    g_autofree LinkFigures *figures =
        g_new0(LinkFigures, G_N_ELEMENTS(ways) * G_N_ELEMENTS(shapes));
    harness_init("link");
    LinkResults results = {.ways = ways,
                           .n_ways = G_N_ELEMENTS(ways),
                           .shapes = shapes,
                           .n_shapes = G_N_ELEMENTS(shapes),
                           .window_s = window_s(&shapes[0]),
                           .lossy_window_s = window_s(&shapes[G_N_ELEMENTS(shapes) - 1]),
                           .frame_bytes = picture_bytes(),
                           .fps = FPS,
                           .accelerator = vm_accelerator(),
                           .figures = figures};
    if (options->resume || options->pattern)
        link_read_json(&results, JSON, NULL); /* where there was a run before */
    LinkLab lab = {.plugged = NULL};
    gboolean good = run(&lab, &results, options, error);
    print_results(&results, options->as_json);
    link_lab_end(&lab);
    return good;
}

int main(int argc, char **argv)
{
    Options o = {0};
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &o.as_json, "Print JSON", NULL},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &o.resume, "Measure what is not in " JSON, NULL},
        {"page", 0, 0, G_OPTION_ARG_NONE, &o.page, "Put the last results into " PAGE, NULL},
        {"pictures", 0, 0, G_OPTION_ARG_FILENAME, &o.pictures, "Make the pictures", "FILE"},
        {0},
    };
    g_autoptr(GOptionContext) context = g_option_context_new("[PATTERN-OF-ROWS]");
    g_autoptr(GError) error = NULL;
    g_option_context_add_main_entries(context, entries, NULL);
    gboolean good = g_option_context_parse(context, &argc, &argv, &error);
    o.pattern = argc > 1 && *argv[1] ? argv[1] : NULL;
    if (good)
        good = o.pictures ? write_pictures(o.pictures, &error)
               : o.page   ? write_page(&error)
                          : bench(&o, &error);
    if (!good)
        fprintf(stderr, "link: %s\n", error->message);
    return good ? 0 : 1;
}
