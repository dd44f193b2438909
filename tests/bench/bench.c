/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make bench: what a guest gets of what it asks for, how late, and what that costs us, by each way
   into the VM. One run, all figures side by side; no pass, no failure.
   usage: bench [--json] [PART-OF-A-ROW] */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/report.h"
#include "tests/guest/jpeg_file.h"

#define STREAM_MS       4000 /* of a row by the first way */
#define SPICE_STREAM_MS 2000 /* by another */
#define WARM_UP_MS      1500 /* the guest's driver runs for the first time */
#define FIRST_FRAME_MS  20000
#define ENDS_MS         300 /* before the end of a stream, which is counted from before its start */
#define HASH_EACH       16  /* comparing each frame would cost the guest what it needs to keep up */
#define SPICE_PARTS     (VM_SPICE_PORT | VM_SPICE_USBREDIR)

static const Link links[] = {{"high bulk", ""},
                             {"super bulk", "--speed super"},
                             {"super iso", "--speed super --transfer iso"}};

/* Ordered by the machine that they need: a SPICE server listens on a unix socket or on TCP. */
static const Way ways[] = {
    {"unix socket", VM_XHCI, FALSE},
    {"SPICE port, unix socket", VM_SPICE_PORT, FALSE},
    {"SPICE usbredir, unix socket", VM_SPICE_USBREDIR, FALSE},
    {"SPICE port, TLS", VM_SPICE_PORT, TRUE},
    {"SPICE usbredir, TLS", VM_SPICE_USBREDIR, TRUE},
};

#define HIGH       &links[0]
#define SUPER      &links[1]
#define SUPER_ISO  &links[2]
#define YUY2       "pattern", "YUY2", "YUYV"
#define MJPEG      "pattern", "MJPEG", "MJPG"
#define FILE_JPEG  NULL, "MJPEG", "MJPG"
#define EVERYWHERE TRUE
#define ONCE       FALSE

static const Row rows[] = {
    {YUY2, 320, 180, 30, HIGH, ONCE},
    {YUY2, 320, 240, 30, HIGH, ONCE},
    {YUY2, 424, 240, 30, HIGH, ONCE},
    {YUY2, 640, 360, 30, HIGH, ONCE},
    {YUY2, 640, 480, 30, HIGH, EVERYWHERE},
    {YUY2, 800, 600, 20, HIGH, ONCE},
    {YUY2, 1280, 720, 30, HIGH, EVERYWHERE},
    {YUY2, 1920, 1080, 5, HIGH, ONCE},
    {MJPEG, 1280, 720, 30, HIGH, EVERYWHERE},
    {MJPEG, 1280, 720, 60, HIGH, EVERYWHERE},
    {MJPEG, 1920, 1080, 30, HIGH, EVERYWHERE},
    {MJPEG, 1920, 1080, 60, HIGH, EVERYWHERE},
    {YUY2, 1280, 720, 60, HIGH, EVERYWHERE},
    {YUY2, 1280, 720, 60, SUPER, EVERYWHERE},
    {YUY2, 1280, 720, 60, SUPER_ISO, EVERYWHERE},
    {YUY2, 1920, 1080, 30, HIGH, EVERYWHERE},
    {YUY2, 1920, 1080, 30, SUPER, EVERYWHERE},
    {YUY2, 1920, 1080, 30, SUPER_ISO, EVERYWHERE},
    {YUY2, 1920, 1080, 60, HIGH, EVERYWHERE},
    {YUY2, 1920, 1080, 60, SUPER, EVERYWHERE},
    {YUY2, 1920, 1080, 60, SUPER_ISO, EVERYWHERE},
    {FILE_JPEG, 1920, 1080, 30, HIGH, EVERYWHERE},
    {FILE_JPEG, 1920, 1080, 60, HIGH, EVERYWHERE},
};

typedef struct {
    Session session;
    Report *report;
    const char *filter;                   /* a part of a row's name, or NULL */
    double first_fps[G_N_ELEMENTS(rows)]; /* by the first way */
} Bench;

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

static char *tls_options(const Vm *vm, const char *way, GError **error)
{
    VmSpice spice = vm_spice(vm);
    g_autofree char *password = g_build_filename(harness_folder(), "password", NULL);
    return g_file_set_contents(password, VM_SPICE_PASSWORD, -1, error)
               ? g_strdup_printf("--way %s --to spice://127.0.0.1?tls-port=%u --ca-file "
                                 "%s/ca-cert.pem --password-file %s",
                                 way, spice.tls_port, spice.keys, password)
               : NULL;
}

static gboolean plug(Session *session, const Way *way, const Row *row, GError **error)
{
    g_autofree char *options = row_options(row, error);
    if (!options || !way->tls)
        return options && session_plug(session, "bench", options, way->port, error);
    g_autofree char *tls =
        tls_options(session->vm, way->port == VM_SPICE_PORT ? "port" : "usbredir", error);
    g_autofree char *both = g_strconcat(options, " ", tls, NULL);
    return tls && session_plug(session, "bench", both, 0, error);
}

/* Frames, and processor time so far: camredir's, QEMU's, and the part of QEMU's that is the guest.
 */
typedef struct {
    guint frames;
    gint64 now_us, own_us, qemu_us, guest_us;
} Effort;

static Effort effort(const Session *session, guint stream)
{
    const Process *qemu = vm_process(session->vm);
    return (Effort){agent_count_frames(vm_agent(session->vm), stream), g_get_monotonic_time(),
                    process_cpu_us(share_process(session->share)), process_cpu_us(qemu),
                    process_threads_cpu_us(qemu, "CPU ")};
}

static void note_effort(Figures *figures, const Effort *begin, const Effort *end)
{
    double elapsed_us = end->now_us - begin->now_us, own_us = end->own_us - begin->own_us;
    double guest_us = end->guest_us - begin->guest_us;
    figures->own_load = own_us / elapsed_us;
    figures->guest_load = guest_us / elapsed_us;
    figures->qemu_load = (end->qemu_us - begin->qemu_us - guest_us) / elapsed_us;
    figures->cpu_ms = own_us / MAX(1, end->frames - begin->frames);
}

/* Efforts are those from the first frame on until just before the end. */
static gboolean stream(Session *session, const StreamOrder *order, Figures *ret_figures,
                       GError **error)
{
    guint number = session_begin(session, order);
    if (!session_wait_frames(session, number, 1, FIRST_FRAME_MS, error))
        return FALSE;
    Effort begin = effort(session, number);
    g_usleep((order->ms - ENDS_MS) * 1000);
    Effort end = effort(session, number);
    note_effort(ret_figures, &begin, &end);
    return session_end(session, number, order, &ret_figures->outcome, NULL, error);
}

static gboolean measure(Session *session, const Way *way, const Row *row, guint stream_ms,
                        Figures *ret_figures, GError **error)
{
    const StreamOrder order = {.fourcc = row->fourcc,
                               .width = row->width,
                               .height = row->height,
                               .interval = interval_of_fps(row->fps),
                               .ms = stream_ms,
                               .hash_each = HASH_EACH};
    Figures figures = {0};
    if (!plug(session, way, row, error) || !stream(session, &order, &figures, error))
        return FALSE;
    figures.peak_mib = process_peak_kib(share_process(session->share)) / 1024.0;
    figures.dropped = session->dropped;
    *ret_figures = figures;
    return session_unplug(session, error);
}

/* ---- all of it ---- */

/* The machine of a way, booted and warm; the one before goes: two would share the processors. */
static gboolean provide_machine(Session *session, const Way *way, GError **error)
{
    static gboolean has_tls;
    Figures ignored;
    if (session->vm && has_tls == way->tls)
        return TRUE;
    vm_free(session->vm);
    has_tls = way->tls;
    session->vm = vm_new(way->tls ? "tls" : "guest",
                         VM_XHCI | SPICE_PARTS | (way->tls ? VM_SPICE_LOCKED : 0));
    return vm_boot(session->vm, error) &&
           measure(session, way, &rows[0], WARM_UP_MS, &ignored, error);
}

static gboolean run_row(Bench *bench, const Way *way, guint i, GError **error)
{
    guint stream_ms = way == ways ? STREAM_MS : SPICE_STREAM_MS;
    Figures figures;
    g_autofree char *name = row_name(&rows[i]);
    if ((way != ways && !rows[i].everywhere) || (bench->filter && !strstr(name, bench->filter)))
        return TRUE;
    if (!measure(&bench->session, way, &rows[i], stream_ms, &figures, error)) {
        g_prefix_error(error, "%s, %s: ", way->name, name);
        return FALSE;
    }
    if (way == ways)
        bench->first_fps[i] = figures.outcome.fps;
    else if (bench->first_fps[i] > 0)
        figures.of_first = figures.outcome.fps / bench->first_fps[i];
    report_row(bench->report, &rows[i], &figures);
    return TRUE;
}

static gboolean run(Bench *bench, GError **error)
{
    for (guint w = 0; w < G_N_ELEMENTS(ways); w++) {
        if (!provide_machine(&bench->session, &ways[w], error))
            return FALSE;
        report_way(bench->report, &ways[w], w == 0 ? STREAM_MS : SPICE_STREAM_MS);
        for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
            if (!run_row(bench, &ways[w], i, error))
                return FALSE;
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    gboolean as_json = argc > 1 && strcmp(argv[1], "--json") == 0;
    const char *filter = argc > 1 + as_json ? argv[1 + as_json] : NULL;
    g_autoptr(GError) error = NULL;
    harness_init("bench");
    Bench bench = {.filter = filter};
    bench.report = report_new(as_json, HASH_EACH);
    gboolean good = run(&bench, &error);
    report_end(bench.report);
    if (!good) {
        fprintf(stderr, "bench: %s\n", error->message);
        if (bench.session.share)
            log_tell_tail(share_log(bench.session.share), 10);
        vm_tell_log(bench.session.vm);
        log_print_told(stderr);
    }
    share_free(bench.session.share);
    vm_free(bench.session.vm);
    return good ? 0 : 1;
}
