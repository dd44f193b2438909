/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of redir/ that need no stream: addresses, the framer, isochronous pacing against a
   model of QEMU's queue. */
#include <glib.h>
#include <string.h>

#include "redir/address.h"
#include "redir/error.h"
#include "redir/input.h"
#include "redir/pacing.h"

/* ---- addresses ---- */

static const struct {
    const char *text, *path, *host;
    guint16 port;
    const char *hint; /* in the message of what is refused */
} addresses[] = {
    {"unix:/tmp/x.sock", "/tmp/x.sock", NULL, 0, NULL},
    {"UNIX:x.sock", "x.sock", NULL, 0, NULL},
    {"unix:///tmp/x.sock", "/tmp/x.sock", NULL, 0, NULL},
    {"tcp:localhost:4000", NULL, "localhost", 4000, NULL},
    {"tcp://10.0.0.1:65535", NULL, "10.0.0.1", 65535, NULL},
    {"tcp:[::1]:4000", NULL, "::1", 4000, NULL},
    {"unix:", NULL, NULL, 0, "path is missing"},
    {"unix:/"
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaaaaaaaaaaaaaa",
     NULL, NULL, 0, "at most 107 bytes"},
    {"tcp:localhost", NULL, NULL, 0, "tcp:HOST:PORT"},
    {"tcp::4000", NULL, NULL, 0, "tcp:HOST:PORT"},
    {"tcp:", NULL, NULL, 0, "tcp:HOST:PORT"},
    {"tcp:[::1]", NULL, NULL, 0, "tcp:HOST:PORT"},
    {"tcp:::1:4000", NULL, NULL, 0, "brackets"},
    {"tcp:[]:4000", NULL, NULL, 0, "brackets"},
    {"tcp:host:0", NULL, NULL, 0, "1 to 65535"},
    {"tcp:host:65536", NULL, NULL, 0, "1 to 65535"},
    {"tcp:host:http", NULL, NULL, 0, "1 to 65535"},
    {"/tmp/x.sock", NULL, NULL, 0, "write unix:/tmp/x.sock"},
    {"./x.sock", NULL, NULL, 0, "write unix:./x.sock"},
    {"localhost:4000", NULL, NULL, 0, "write tcp:localhost:4000"},
    {"tpc:localhost:4000", NULL, NULL, 0, "unix:PATH or tcp:HOST:PORT"},
    {"", NULL, NULL, 0, "no address"},
};

static void test_addresses(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(RedirAddress) address = redir_address_parse(addresses[i].text, &error);
        if (addresses[i].hint != NULL) {
            g_assert_null(address);
            g_assert_error(error, REDIR_ERROR, REDIR_ERROR_ADDRESS);
            g_assert_nonnull(strstr(error->message, addresses[i].hint));
            continue;
        }
        g_assert_no_error(error);
        g_assert_cmpstr(address->text, ==, addresses[i].text);
        g_assert_cmpstr(address->path, ==, addresses[i].path);
        g_assert_cmpstr(address->host, ==, addresses[i].host);
        g_assert_cmpuint(address->port, ==, addresses[i].port);
    }
}

/* ---- the framer ---- */

static void append_header(RedirInput *input, guint32 type, guint32 length)
{
    const guint32 header[3] = {GUINT32_TO_LE(type), GUINT32_TO_LE(length), 0};

    redir_input_append(input, (const guint8 *)header, sizeof header);
}

/* The first header alone decides: what lies about its length is refused before its bytes come. */
static void test_first_packet(void)
{
    static const struct {
        guint32 type, length;
        gboolean refused;
    } rows[] = {
        {0, 64, FALSE},         {0, 68, FALSE},         {0, REDIR_MAX_HELLO, FALSE},
        {0, 63, TRUE},          {0, 0, TRUE},           {0, REDIR_MAX_HELLO + 1, TRUE},
        {0, 1u << 31, TRUE},    {0, G_MAXUINT32, TRUE}, {4, 64, TRUE},
        {0x20544547, 64, TRUE}, /* "GET " */
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        RedirInput input;
        const guint8 *packet;
        gsize size;

        redir_input_init(&input);
        append_header(&input, rows[i].type, rows[i].length);
        g_assert_false(redir_input_take(&input, FALSE, &packet, &size, &error));
        if (rows[i].refused)
            g_assert_error(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL);
        else
            g_assert_no_error(error);
        redir_input_clear(&input);
    }
}

static void test_packets(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *body = g_malloc(REDIR_MAX_PACKET);
    RedirInput input;
    const guint8 *packet;
    gsize size;

    memset(body, 0x5a, REDIR_MAX_PACKET);
    redir_input_init(&input);
    append_header(&input, 0, 68);
    for (guint i = 0; i < 68; i++) { /* byte by byte */
        g_assert_false(redir_input_take(&input, FALSE, &packet, &size, &error));
        redir_input_append(&input, body, 1);
    }
    g_assert_true(redir_input_take(&input, FALSE, &packet, &size, &error));
    g_assert_cmpuint(size, ==, 12 + 68);
    g_assert_cmpuint(redir_input_pending(&input), ==, 0);

    /* From here on with long ids: 16 bytes of header. */
    append_header(&input, 3, 0);
    g_assert_false(redir_input_take(&input, TRUE, &packet, &size, &error));
    redir_input_append(&input, body, 4);
    append_header(&input, 101, REDIR_MAX_PACKET);
    redir_input_append(&input, body, 4);
    redir_input_append(&input, body, REDIR_MAX_PACKET);
    g_assert_true(redir_input_take(&input, TRUE, &packet, &size, &error));
    g_assert_cmpuint(size, ==, 16);
    g_assert_true(redir_input_take(&input, TRUE, &packet, &size, &error));
    g_assert_cmpuint(size, ==, 16 + REDIR_MAX_PACKET);
    g_assert_cmpmem(packet + 16, REDIR_MAX_PACKET, body, REDIR_MAX_PACKET);
    g_assert_no_error(error);

    append_header(&input, 101, REDIR_MAX_PACKET + 1);
    g_assert_false(redir_input_take(&input, TRUE, &packet, &size, &error));
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL);
    redir_input_clear(&input);
}

/* ---- pacing ---- */

#define MAX_FRAMES 600

/* QEMU 7.2's queue for one isochronous IN endpoint, bufp_alloc() and usbredir_handle_iso_data(). */
typedef struct {
    guint target;
    gboolean prefilled, dropping;
    guint handed_on, dropped, largest; /* packets of data; the largest size */
    guint of_frame[MAX_FRAMES + 1];    /* packets handed on, by the frame's number from 1 on */
    GQueue packets;                    /* a frame's number, or PADDING */
} Queue;

enum { PADDING = MAX_FRAMES + 1 };

static void queue_put(Queue *queue, guint packet)
{
    guint size = queue->packets.length;

    if (!queue->dropping && size > 2 * queue->target)
        queue->dropping = TRUE;
    if (queue->dropping && size > queue->target) {
        queue->dropped += packet != PADDING;
        return;
    }
    queue->dropping = FALSE;
    g_queue_push_tail(&queue->packets, GUINT_TO_POINTER(packet));
    queue->largest = MAX(queue->largest, queue->packets.length);
}

static void queue_poll(Queue *queue)
{
    if (!queue->prefilled && queue->packets.length < queue->target)
        return;
    queue->prefilled = queue->packets.length > 0;
    if (!queue->prefilled)
        return;
    guint packet = GPOINTER_TO_UINT(g_queue_pop_head(&queue->packets));
    if (packet == PADDING)
        return;
    queue->handed_on++;
    queue->of_frame[packet]++;
}

typedef struct {
    const char *name;
    guint period_us;  /* the endpoint's */
    gdouble slowness; /* of the controller: 1.01 polls one percent less often */
    guint packets;    /* of data in a frame */
    guint frame_us, frames;
    guint lateness_us; /* of our timer, at most; a fixed pattern */
    guint stall_us;    /* QEMU reads nothing for so long, in the third frame */
    guint busy_us;     /* the guest polls nothing for so long, in the fourth */
    guint lost_us;     /* nothing arrives for so long, in the fifth; we are not told */
} Scenario;

static const Scenario scenarios[] = {
    {"small frame", 125, 1.0, 5, 33333, 60, 0, 0, 0, 0},
    {"one packet", 125, 1.01, 1, 33333, 60, 1000, 0, 0, 0},
    {"MJPEG 1080p30", 125, 1.01, 50, 33333, 60, 1000, 0, 0, 0},
    {"just the target", 125, 1.01, 60, 33333, 60, 1000, 0, 0, 0},
    {"one more", 125, 1.01, 61, 33333, 60, 1000, 0, 0, 0},
    {"640x480 YUY2 30", 125, 1.01, 202, 33333, 300, 1500, 0, 0, 0},
    {"no gap between frames", 125, 1.0, 266, 33333, 300, 1000, 0, 0, 0},
    {"60 fps", 125, 1.01, 83, 16667, 600, 1500, 0, 0, 0},
    {"slow camera", 125, 1.01, 90, 200000, 20, 2000, 0, 0, 0},
    {"late timer", 125, 1.01, 202, 33333, 60, 7000, 0, 0, 0},
    {"stalled QEMU", 125, 1.01, 202, 33333, 60, 1000, 25000, 0, 0},
    {"full speed", 1000, 1.01, 20, 66667, 60, 1500, 0, 0, 0},
    {"full speed, large frame", 1000, 1.0, 150, 200000, 60, 1500, 0, 0, 0},
    {"busy guest", 125, 1.01, 202, 33333, 60, 1000, 0, 13000, 0},
    {"slow guest", 125, 2.0, 38, 33333, 60, 1000, 0, 0, 0},
};

static void travel(GQueue *travelling, guint packet, guint count)
{
    while (count-- > 0)
        g_queue_push_tail(travelling, GUINT_TO_POINTER(packet));
}

/* Steps of 5 us: frames become ready, our timer fires (late), packets travel, the controller polls.
 */
static void simulate(const Scenario *scenario, Queue *queue)
{
    RedirPacing pacing;
    GQueue travelling = G_QUEUE_INIT;
    guint begun = 0, left = 0, wakes = 0;
    gdouble poll_us = 0;
    gint64 timer_us = 0, stall_until_us = 0, busy_until_us = 0, lost_until_us = 0;

    redir_pacing_start(&pacing, scenario->period_us, queue->target, 0);
    for (gint64 now = 0; now < (gint64)(scenario->frames + 4) * scenario->frame_us; now += 5) {
        if (left == 0 && begun < scenario->frames && now >= (gint64)begun * scenario->frame_us) {
            /* None waits for the packets of later ones: all but the last have arrived. */
            if (begun > 1 && scenario->lost_us == 0)
                g_assert_cmpuint(queue->handed_on, >=, (begun - 1) * scenario->packets);
            left = scenario->packets;
            timer_us = now;
            if (++begun == 3)
                stall_until_us = now + scenario->stall_us;
            if (begun == 4)
                busy_until_us = now + scenario->busy_us;
            if (begun == 5)
                lost_until_us = now + scenario->lost_us;
        }
        if (left > 0 && now >= timer_us) {
            if (now < stall_until_us && travelling.length > 0)
                redir_pacing_stalled(&pacing, now);
            guint lead = left == scenario->packets && redir_pacing_due(&pacing, now) > 0
                             ? redir_pacing_lead(&pacing, scenario->packets)
                             : 0;
            travel(&travelling, PADDING, lead);
            redir_pacing_sent(&pacing, lead);
            guint send = MIN(redir_pacing_due(&pacing, now), left);
            redir_pacing_sent(&pacing, send);
            left -= send;
            travel(&travelling, begun, send);
            guint padding = left == 0 ? redir_pacing_padding(&pacing) : 0;
            redir_pacing_sent(&pacing, padding);
            travel(&travelling, PADDING, padding);
            timer_us = redir_pacing_next(&pacing) +
                       (scenario->lateness_us ? wakes++ * 937 % scenario->lateness_us : 0);
        }
        while (now >= MAX(stall_until_us, lost_until_us) && travelling.length > 0)
            queue_put(queue, GPOINTER_TO_UINT(g_queue_pop_head(&travelling)));
        for (; poll_us <= now; poll_us += scenario->period_us * scenario->slowness)
            if (now >= busy_until_us)
                queue_poll(queue);
    }
}

static void test_pacing(gconstpointer data)
{
    const Scenario *scenario = data;
    gboolean high = scenario->period_us == 125;
    guint target = redir_pacing_target(high, redir_pacing_interval(high, 0));
    Queue queue = {.target = target};

    simulate(scenario, &queue);
    g_assert_cmpuint(queue.dropped, ==, 0);
    g_assert_cmpuint(queue.largest, <=, 2 * target);
    g_assert_cmpuint(queue.handed_on, ==, scenario->packets * scenario->frames);
    g_queue_clear(&queue.packets);
}

/* The link stops, then all comes at once: frames may be missing, of which none is torn. */
static void stop_link(guint packets, guint lost_ms, gint64 round_trip_us)
{
    const Scenario scenario = {
        .period_us = 125,
        .slowness = 1.01,
        .packets = packets,
        .frame_us = 33333,
        .frames = 30,
        .lost_us = lost_ms * 1000,
    };
    guint8 interval = redir_pacing_interval(TRUE, round_trip_us);
    Queue queue = {.target = redir_pacing_target(TRUE, interval)};

    simulate(&scenario, &queue);
    g_test_message("%u packets, %u ms, interval %u: %u thrown away", packets, lost_ms, interval,
                   queue.dropped);
    for (guint frame = 1; frame <= scenario.frames; frame++)
        if (queue.of_frame[frame] != 0)
            g_assert_cmpuint(queue.of_frame[frame], ==, packets);
    g_assert_cmpuint(queue.of_frame[scenario.frames], ==, packets);
    g_queue_clear(&queue.packets);
}

static void test_link_stops(void)
{
    static const guint packets[] = {1, 22, 38, 55}, lost_ms[] = {40, 90, 150, 300};

    for (gsize i = 0; i < G_N_ELEMENTS(packets) * G_N_ELEMENTS(lost_ms); i++) {
        stop_link(packets[i % 4], lost_ms[i / 4], 0);
        if (packets[i % 4] < 30)
            stop_link(packets[i % 4], lost_ms[i / 4], 150000);
    }
}

/* QEMU 7.2 keeps (packets a second * 60) / 1000. */
static void test_targets(void)
{
    static const struct {
        gboolean high;
        gint64 round_trip_us;
        guint interval, target;
    } rows[] = {{TRUE, 0, 4, 120},     {TRUE, 10000, 4, 120}, {TRUE, 50000, 8, 60},
                {TRUE, 150000, 8, 60}, {FALSE, 0, 1, 60},     {FALSE, 150000, 1, 60}};

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint8 interval = redir_pacing_interval(rows[i].high, rows[i].round_trip_us);
        g_assert_cmpuint(interval, ==, rows[i].interval);
        g_assert_cmpuint(redir_pacing_target(rows[i].high, interval), ==, rows[i].target);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/redir/address", test_addresses);
    g_test_add_func("/redir/input/first", test_first_packet);
    g_test_add_func("/redir/input/packets", test_packets);
    for (guint i = 0; i < G_N_ELEMENTS(scenarios); i++) {
        g_autofree char *name = g_strdup_printf("/redir/pacing/%s", scenarios[i].name);
        g_test_add_data_func(name, &scenarios[i], test_pacing);
    }
    g_test_add_func("/redir/pacing/link stops", test_link_stops);
    g_test_add_func("/redir/pacing/targets", test_targets);
    return g_test_run();
}
