/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: any file is refused with words, or is a recording that can be played to a guest
   that asks for everything in it, within bounds. */
#include <stdlib.h>
#include <string.h>

#include "redir/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static gboolean memory_send(RedirTransport *transport, guint8 *data, gsize size)
{
    (void)transport, (void)size;
    free(data);
    return TRUE;
}

static gboolean stuck; /* what was sent is not read */

static gsize memory_outstanding(RedirTransport *transport)
{
    (void)transport;
    return stuck ? REDIR_MAX_BACKLOG + 1 : 0;
}

static void on_nothing(gpointer user)
{
    (void)user;
}

static void on_over(gpointer user, const GError *error)
{
    (void)user, (void)error;
}

/* ---- the guest ---- */

static void ask(RedirGadget *replay, guint32 type, guint64 id, gconstpointer body, gsize size)
{
    const struct usb_redir_header header = {type, (guint32)size, id};
    gsize header_size = type == usb_redir_hello ? 12 : 16;
    g_autofree guint8 *packet = g_malloc(header_size + size);

    memcpy(packet, &header, header_size);
    memcpy(packet + header_size, body, size);
    replay->ops->received(replay, packet, header_size + size);
}

static void say_hello(RedirGadget *replay)
{
    guint8 body[sizeof(struct usb_redir_hello_header) + 4] = "fuzz";
    const guint32 caps = 0xff & ~(1u << usb_redir_cap_bulk_streams);

    memcpy(body + sizeof body - 4, &caps, 4);
    ask(replay, usb_redir_hello, 0, body, sizeof body);
}

static void ask_all(RedirGadget *replay, const RedirRecordedDevice *device)
{
    for (guint i = 0; i < device->changes->len; i++) {
        const RedirRecordedChange *c = &g_array_index(device->changes, RedirRecordedChange, i);
        const guint8 alt[] = {c->interface, c->value};
        gboolean is_alt = c->type == usb_redir_set_alt_setting;
        ask(replay, c->type, i, is_alt ? alt : &alt[1], is_alt ? 2 : 1);
    }
    for (guint i = 0; i < device->answers->len; i++) {
        const RedirSetup *s = &g_array_index(device->answers, RedirRecordedAnswer, i).setup;
        const struct usb_redir_control_packet_header header = {
            s->requesttype & 0x80, s->request, s->requesttype, 0, s->value, s->index, s->length};
        ask(replay, usb_redir_control_packet, 1000 + i, &header, sizeof header);
    }
    for (guint i = 0; i < 32; i++) {
        const guint8 endpoint = (guint8)(0x80 | (i & 0x0f));
        const guint8 iso[] = {endpoint, 10, 6};
        const struct usb_redir_bulk_packet_header bulk = {.endpoint = endpoint, .length = 700};
        if (i < 16)
            for (guint n = 0; n < 5; n++)
                ask(replay, usb_redir_bulk_packet, 100000 + i * 16 + n, &bulk, sizeof bulk);
        else
            ask(replay, usb_redir_start_iso_stream, 2000 + i, iso, sizeof iso);
    }
}

/* late: to a guest that reads nothing until it has asked for everything. */
static void play(const RedirRecordedDevice *device, gboolean late)
{
    static const RedirTransportOps ops = {.send = memory_send, .outstanding = memory_outstanding};
    RedirTransport transport = {.ops = &ops, .address = (char *)"memory:"};
    const RedirEndpointOptions options = {0};
    const RedirEndpointEvents events = {
        .greeted = on_nothing, .attached = on_nothing, .over = on_over};
    RedirGadget *replay = redir_replay_new(device, NULL, NULL);

    replay->ops->open(replay, &transport, &options, &events);
    say_hello(replay);
    stuck = late;
    ask_all(replay, device);
    stuck = FALSE;
    for (guint i = 0; i < 20; i++) {
        replay->ops->writable(replay);
        g_main_context_iteration(NULL, FALSE);
    }
    replay->ops->disconnect(replay);
    replay->ops->close(replay);
    redir_replay_free(replay);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    guint8 *exact = malloc(size); /* so that ASan sees each over-read */

    require(exact || size == 0);
    if (size > 0)
        memcpy(exact, data, size);
    g_autoptr(RedirRecordedDevice) device = redir_recorded_device_new(exact, size, &error);
    require((device != NULL) == (error == NULL));
    for (guint late = 0; device != NULL && late < 2; late++)
        play(device, late);
    free(exact);
    return 0;
}
