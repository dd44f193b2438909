/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A visit to the VM: presents a test picture as 'share' would a camera, and listens on the wire to
   what the guest makes of it. */
#include <string.h>

#include "redir/packet.h"
#include "redir/transports/tap.h"
#include "tools/doctor.h"
#include "tools/sharing.h"
#include "tools/tools.h"

#define TICK_MS    1
#define HELLO_S    10 /* for it, once there is a connection */
#define STREAM_S   3  /* of a stream is enough */
#define FILL_MS    700
#define DRAIN_MS   1500
#define LEAVE_S    2
#define FILL_BYTES (64u << 20)
#define FILL_AHEAD (512u << 10)
#define FILL_SIZE  32768

enum stage { OPENING, WATCHING, FILLING, DRAINING, LEAVING, FORCING };

struct visit {
    struct doctor_link *link;
    guint wait_s;
    gboolean listens; /* the VM is to connect to us */
    struct sharing *sharing;
    RedirTransport *inner, *tap; /* the sharing's */
    RedirPacketIds ids;
    GMainLoop *main;

    enum stage stage;
    gint64 since_us; /* the stage began */
    gboolean polled; /* the guest waits for the status endpoint's packets */
    gboolean filled;
    guint64 filled_bytes, streamed_bytes;
    gint64 fill_us, stream_us; /* when that began */
    gint64 answered_us;        /* when we last answered the guest, which may ask again */
    gint64 turn_us, left_us;   /* the shortest such turn; when we said that we go */
};

static void enter(struct visit *visit, enum stage stage)
{
    visit->stage = stage;
    visit->since_us = g_get_monotonic_time();
}

static gint64 elapsed_ms(const struct visit *visit)
{
    return (g_get_monotonic_time() - visit->since_us) / 1000;
}

/* ---- what goes over the wire ---- */

static void note_turn(struct visit *visit, gint64 begun_us)
{
    gint64 turn = g_get_monotonic_time() - begun_us;
    if (begun_us && (!visit->turn_us || turn < visit->turn_us))
        visit->turn_us = MAX(turn, 1);
}

static void note_hello(struct visit *visit, const RedirPacketView *packet)
{
    g_autofree char *text = g_strndup((const char *)packet->body, MIN(packet->size, 64));
    g_free(visit->link->peer);
    visit->link->peer = g_str_is_ascii(text) ? g_strdup(g_strstrip(text)) : g_strdup("?");
}

/* USB 2.0, 9.3: bmRequestType 6..5, 1 = a class's own request, which only its driver makes. */
static void note_control(struct visit *visit, const RedirPacketView *packet)
{
    struct usb_redir_control_packet_header header;
    if (packet->size < sizeof header)
        return;
    memcpy(&header, packet->body, sizeof header);
    visit->link->asked = TRUE;
    visit->link->driver |= (header.requesttype & 0x60) == 0x20;
}

static void note_stream(struct visit *visit)
{
    if (!visit->link->streamed)
        visit->stream_us = g_get_monotonic_time();
    visit->link->streamed = TRUE;
}

static void from_vm(struct visit *visit, const RedirPacketView *packet)
{
    note_turn(visit, packet->type == usb_redir_device_disconnect_ack ? visit->left_us
                                                                     : visit->answered_us);
    visit->answered_us = 0;
    switch (packet->type) {
    case usb_redir_hello:
        note_hello(visit, packet);
        visit->link->greeted = TRUE;
        enter(visit, WATCHING);
        break;
    case usb_redir_control_packet:
        note_control(visit, packet);
        break;
    case usb_redir_set_configuration:
        visit->link->configured = visit->link->asked = TRUE;
        break;
    case usb_redir_bulk_packet:
    case usb_redir_start_iso_stream:
        note_stream(visit);
        break;
    case usb_redir_start_interrupt_receiving:
        visit->polled = TRUE;
        break;
    }
}

static void to_vm(struct visit *visit, gsize size, const RedirPacketView *packet)
{
    switch (packet->type) {
    case usb_redir_control_packet:
        visit->answered_us = g_get_monotonic_time();
        break;
    case usb_redir_bulk_packet:
        visit->answered_us = g_get_monotonic_time();
        visit->streamed_bytes += size;
        break;
    case usb_redir_iso_packet:
        visit->streamed_bytes += size;
        break;
    case usb_redir_device_disconnect:
        visit->left_us = g_get_monotonic_time();
        break;
    }
}

static void on_packet(gpointer user, RedirDirection direction, const guint8 *bytes, gsize size,
                      const RedirPacketView *packet)
{
    struct visit *visit = user;
    RedirPacketView again;
    redir_packet_look(&visit->ids, direction, bytes, size, &again); /* for its hellos */
    if (direction == REDIR_FROM_VM)
        from_vm(visit, packet);
    else
        to_vm(visit, size, packet);
}

/* ---- throughput ---- */

static gsize in_flight(const struct visit *visit)
{
    return visit->inner->ops->outstanding(visit->inner) +
           redir_transport_measure(visit->inner).in_kernel;
}

/* Packets of the status endpoint, which QEMU reads and throws away as long as the guest has not
   asked for any. Each is sent whole, so it falls between two of the camera's. */
static void fill(struct visit *visit)
{
    static const guint8 nothing[FILL_SIZE];
    const RedirPacketCaps caps = {.long_ids = redir_packet_long_ids(&visit->ids)};
    const struct vcam_payload payload = {.data = nothing, .len = sizeof nothing};
    while (visit->inner->ops->outstanding(visit->inner) < FILL_AHEAD &&
           visit->filled_bytes < FILL_BYTES) {
        RedirPacket packet = redir_packet_interrupt(caps, 0, VCAM_STATUS_ENDPOINT, &payload);
        gsize size = packet.size;
        if (!visit->tap->ops->send(visit->tap, packet.data, size)) {
            g_free(packet.data);
            return;
        }
        visit->filled_bytes += size;
    }
}

static void end_filling(struct visit *visit)
{
    gsize left = in_flight(visit);
    if (visit->filled_bytes <= left)
        return;
    visit->link->bytes = visit->filled_bytes - left;
    visit->link->bytes_us = MAX(g_get_monotonic_time() - visit->fill_us, 1);
}

static void end_streaming(struct visit *visit)
{
    if (visit->link->bytes_us || !visit->link->streamed)
        return;
    visit->link->bytes = visit->streamed_bytes;
    visit->link->bytes_us = MAX(g_get_monotonic_time() - visit->stream_us, 1);
    visit->link->to_the_guest = TRUE;
}

/* ---- the visit's stages ---- */

static void measure_round_trip(struct visit *visit)
{
    gint64 *round_trip_us = &visit->link->round_trip_us;
    *round_trip_us = redir_transport_measure(visit->inner).round_trip_us;
    if (visit->turn_us >= REDIR_FAR_US) /* a tunnel's transport knows its own end alone */
        *round_trip_us = MAX(*round_trip_us, visit->turn_us);
    visit->link->buffers = sharing_way(visit->sharing) == WAY_BUFFERED;
}

static void leave(struct visit *visit)
{
    end_streaming(visit);
    enter(visit, LEAVING);
    sharing_stop(visit->sharing);
}

static void begin_filling(struct visit *visit)
{
    measure_round_trip(visit);
    visit->filled = TRUE;
    visit->fill_us = g_get_monotonic_time();
    enter(visit, FILLING);
}

static void give_up(struct visit *visit)
{
    struct doctor_link *l = visit->link;
    if (!l->opened && !l->why)
        l->why = g_strdup_printf(
            visit->listens ? "no VM connected within %u s" : "no answer for %u s", visit->wait_s);
    leave(visit);
}

/* Filling comes as soon as the driver has the camera, before a program opens it. */
static void watch(struct visit *visit)
{
    const struct doctor_link *l = visit->link;
    gint64 stream_ms = (g_get_monotonic_time() - visit->stream_us) / 1000;
    if (l->driver && !visit->polled && !l->streamed && !visit->filled)
        begin_filling(visit);
    else if (elapsed_ms(visit) > visit->wait_s * 1000 ||
             (l->streamed && stream_ms > STREAM_S * 1000))
        leave(visit);
}

static gboolean on_tick(gpointer user)
{
    struct visit *visit = user;
    switch (visit->stage) {
    case OPENING:
        if (elapsed_ms(visit) > (visit->link->opened ? HELLO_S : visit->wait_s) * 1000)
            give_up(visit);
        break;
    case WATCHING:
        watch(visit);
        break;
    case FILLING:
        if (visit->polled || elapsed_ms(visit) > FILL_MS || visit->filled_bytes >= FILL_BYTES)
            enter(visit, DRAINING);
        else
            fill(visit);
        break;
    case DRAINING:
        if (in_flight(visit) == 0 || elapsed_ms(visit) > DRAIN_MS) {
            end_filling(visit);
            enter(visit, WATCHING);
        }
        break;
    case LEAVING:
        if (elapsed_ms(visit) > LEAVE_S * 1000) {
            enter(visit, FORCING);
            sharing_stop(visit->sharing);
        }
        break;
    case FORCING:
        if (elapsed_ms(visit) > LEAVE_S * 1000)
            g_main_loop_quit(visit->main);
        break;
    }
    return G_SOURCE_CONTINUE;
}

static void on_link(void *user, RedirHostState state, const GError *error)
{
    struct visit *visit = user;
    if (state == REDIR_HOST_CONNECTED && visit->stage == OPENING)
        enter(visit, OPENING); /* its time for the hello begins */
    visit->link->opened |= state == REDIR_HOST_CONNECTED;
    if (error && !visit->link->why)
        visit->link->why = g_strdup(error->message);
    if (state == REDIR_HOST_STOPPED)
        g_main_loop_quit(visit->main);
}

/* ---- setting up ---- */

/* What goes on is in the findings. */
static void be_silent(const char *domain, GLogLevelFlags level, const char *message, gpointer user)
{
    (void)domain;
    (void)level;
    (void)message;
    (void)user;
}

static gboolean open_transport(struct visit *visit, const struct destination *destination,
                               enum vcam_speed speed, RedirHostOptions *ret_host, GError **error)
{
    const RedirTransportEvents none = {0};
    const RedirTapEvents events = {.packet = on_packet, .user = visit};
    if (destination_open(destination, speed, ret_host, error))
        return FALSE;
    visit->inner = ret_host->transport
                       ? ret_host->transport
                       : ret_host->transport_new(ret_host->address, ret_host->role, &none, error);
    if (!visit->inner)
        return FALSE;
    ret_host->transport = visit->tap = redir_tap_new(visit->inner, &events);
    ret_host->retry = FALSE;
    return TRUE;
}

static gboolean begin(struct visit *visit, const struct destination *destination, const char *speed,
                      GError **error)
{
    const struct sharing_camera camera = {.spec = "pattern",
                                          .speed = speed,
                                          .sizes = "640x480,320x240",
                                          .rates = "30",
                                          .name = "camredir doctor",
                                          .address = "doctor"};
    const struct sharing_events events = {.link = on_link, .user = visit};
    struct sharing_options options = {0};
    if (!sharing_open_camera(&camera, &options.source, &options.forms, error))
        return FALSE;
    enum vcam_speed usb_speed = vcam_profile_options(options.forms.bulk)->speed;
    if (!open_transport(visit, destination, usb_speed, &options.host, error)) {
        vcam_source_free(options.source);
        sharing_forms_clear(&options.forms);
        return FALSE;
    }
    visit->sharing = sharing_new(&options, &events, error);
    return visit->sharing && sharing_start(visit->sharing, error);
}

static void run(struct visit *visit)
{
    enter(visit, OPENING);
    guint timer = g_timeout_add(TICK_MS, on_tick, visit);
    g_main_loop_run(visit->main);
    g_source_remove(timer);
    if (!visit->link->round_trip_us)
        visit->link->round_trip_us = visit->turn_us;
}

void doctor_look_link(struct doctor_facts *facts, const struct destination *destination,
                      guint wait_s)
{
    struct visit visit = {
        .link = &facts->link, .wait_s = wait_s, .listens = destination->as != NULL};
    g_autoptr(GError) error = NULL;
    guint handler =
        g_log_set_handler(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_WARNING, be_silent, NULL);
    visit.main = g_main_loop_new(NULL, FALSE);
    if (begin(&visit, destination, redir_speed_name(facts->speed), &error))
        run(&visit);
    else
        facts->link.why = g_strdup(error->message);
    sharing_free(visit.sharing);
    g_main_loop_unref(visit.main);
    g_log_remove_handler(G_LOG_DOMAIN, handler);
}
