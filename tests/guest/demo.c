/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make demo: a disposable guest gets a camera and streams each format that it is offered. What it
   saw is left in demo/, and the exit status is 0 where every frame was intact. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/guest/picture.h"
#include "tests/guest/session.h"

#define FOLDER     "demo"
#define STREAM_MS  4000
#define SAVE       20 /* the frame to keep: a camera has found its exposure by then */
#define USUAL_RATE 333333

typedef struct {
    char fourcc[5];
    guint width, height, interval;
} Offer;

/* People's names where they differ from V4L2's. */
static const char *format_name(const char *fourcc)
{
    static const char *const names[][2] = {{"YUYV", "YUY2"}, {"MJPG", "MJPEG"}, {"YU12", "I420"}};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i][0], fourcc) == 0)
            return names[i][1];
    return fourcc;
}

/* On a terminal one line that is written over, else a line for each new text. */
G_GNUC_PRINTF(2, 3) static void progress(gboolean again, const char *format, ...)
{
    static gint64 begun_us;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (!begun_us)
        begun_us = g_get_monotonic_time();
    double seconds = (g_get_monotonic_time() - begun_us) / 1e6;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s%s", text, *text ? " ..." : "");
    else if (!again && *text)
        fprintf(stderr, "[%4.1f s] %s\n", seconds, text);
}

/* The first camera that is free, or the test pattern. */
static char *choose_camera(void)
{
    g_autofree char *program = harness_camredir();
    g_autofree char *text = NULL;
    char *argv[] = {program, (char *)"list", (char *)"--json", NULL};
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &text, NULL, NULL,
                      NULL) ||
        !text || !json_parser_load_from_data(parser, text, -1, NULL) ||
        !JSON_NODE_HOLDS_ARRAY(json_parser_get_root(parser)))
        return g_strdup("pattern");
    JsonArray *cameras = json_node_get_array(json_parser_get_root(parser));
    for (guint i = 0; i < json_array_get_length(cameras); i++) {
        JsonObject *camera = json_array_get_object_element(cameras, i);
        if (strcmp(json_object_get_string_member(camera, "state"), "free") == 0 &&
            json_array_get_length(json_object_get_array_member(camera, "formats")) > 0)
            return g_strdup(json_object_get_string_member(camera, "path"));
    }
    return g_strdup("pattern");
}

/* A line of the agent's: "FOURCC WIDTH HEIGHT INTERVAL...". */
static gboolean read_offer(const char *line, Offer *ret_offer)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    if (g_strv_length(words) < 4 || strlen(words[0]) != 4)
        return FALSE;
    Offer offer = {.width = g_ascii_strtoull(words[1], NULL, 10),
                   .height = g_ascii_strtoull(words[2], NULL, 10),
                   .interval = g_ascii_strtoull(words[3], NULL, 10)};
    g_strlcpy(offer.fourcc, words[0], sizeof offer.fourcc);
    for (guint i = 3; words[i]; i++)
        if (g_ascii_strtoull(words[i], NULL, 10) == USUAL_RATE)
            offer.interval = USUAL_RATE;
    *ret_offer = offer;
    return TRUE;
}

/* Each format once, in its default size, which is the first. */
static GArray *list_offers(Session *session, GError **error)
{
    GArray *offers = g_array_new(FALSE, FALSE, sizeof(Offer));
    g_autofree char *text =
        agent_run(vm_agent(session->vm), WAIT_MS, error, "formats %s", session->device);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    Offer offer;
    for (guint i = 0; lines[i]; i++)
        if (read_offer(lines[i], &offer) &&
            (!offers->len ||
             strcmp(g_array_index(offers, Offer, offers->len - 1).fourcc, offer.fourcc) != 0))
            g_array_append_val(offers, offer);
    return offers;
}

static gboolean show_offer(Session *session, const Offer *offer, GError **error)
{
    StreamOrder order = {.fourcc = offer->fourcc,
                         .width = offer->width,
                         .height = offer->height,
                         .interval = offer->interval,
                         .ms = STREAM_MS,
                         .hash_each = 1,
                         .save = SAVE};
    const char *name = format_name(offer->fourcc);
    g_autofree char *size = g_strdup_printf("%ux%u", offer->width, offer->height);
    g_autofree char *path = NULL;
    g_autoptr(GBytes) picture = NULL;
    Outcome outcome;
    progress(FALSE, "the guest streams %s %s", name, size);
    guint stream = session_begin(session, &order);
    for (guint i = 0; i < STREAM_MS / 100; i++, g_usleep(100000))
        progress(TRUE, "the guest streams %s %s: %u frames", name, size,
                 agent_count_frames(vm_agent(session->vm), stream));
    gboolean good = session_end(session, stream, &order, &outcome, &picture, error);
    progress(TRUE, "%s", "");
    if (!good)
        return FALSE;
    if (picture && !(path = picture_save(FOLDER, name, offer->fourcc, offer->width, offer->height,
                                         picture, error)))
        return FALSE;
    guint damaged = outcome.flagged + outcome.wrong;
    printf("%-7s %-10s %6.2f / %-6.4g %6u %8u %8.1f / %-8.1f %s\n", name, size, outcome.fps,
           1e7 / offer->interval, outcome.frames, damaged, outcome.p50_ms, outcome.p99_ms,
           path ? path : "no picture");
    if (damaged || !path || outcome.hashed != outcome.frames)
        return fail(error, "%s %s: of %u frames %u were damaged, %u compared", name, size,
                    outcome.frames, damaged, outcome.hashed);
    return TRUE;
}

static gboolean run(Session *session, const char *camera, GError **error)
{
    progress(FALSE, "booting the guest");
    if (!vm_boot(session->vm, error))
        return FALSE;
    progress(FALSE, "sharing %s", camera);
    if (!session_plug(session, "camredir", camera, VM_XHCI, error))
        return FALSE;
    g_autoptr(GArray) offers = list_offers(session, error);
    if (!offers->len)
        return *error ? FALSE : fail(error, "the guest finds no format");
    progress(TRUE, "%s", "");
    printf("camera: %s; in the guest: %s, \"%s\", %s Mbit/s\n", camera, session->device,
           session->name, session->speed);
    printf("format  size       fps got/asked   frames  damaged  latency p50/p99 ms  picture\n");
    for (guint i = 0; i < offers->len; i++)
        if (!show_offer(session, &g_array_index(offers, Offer, i), error))
            return FALSE;
    return session_unplug(session, error);
}

int main(int argc, char **argv)
{
    harness_init("demo");
    g_autoptr(GError) error = NULL;
    g_autofree char *camera = argc > 1 ? g_strdup(argv[1]) : choose_camera();
    Session session = {.vm = vm_new("guest", VM_XHCI)};
    g_mkdir_with_parents(FOLDER, 0755);
    gboolean good = run(&session, camera, &error);
    if (good) {
        printf("Every frame was compared with what was sent, and intact.\n");
    } else {
        progress(TRUE, "%s", "");
        printf("demo: %s\n", error->message);
        if (session.share)
            log_tell_tail(share_log(session.share), 10);
        vm_tell_log(session.vm);
        log_print_told(stdout);
    }
    share_free(session.share);
    vm_free(session.vm);
    return good ? 0 : 1;
}
