/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packets are taken apart and made here, as they are in the recording, and not by
   libusbredirparser: a table says what to do with each. */
#include "redir/replay.h"

#include <stdlib.h>
#include <string.h>

#include "redir/error.h"
#include "redir/line.h"

#define BEHIND_US (G_USEC_PER_SEC / 2) /* so late, a stream does not catch up any more */
#define AT_ONCE   1024                 /* isochronous packets */

/* Where a stream is. */
typedef struct {
    guint at;     /* of its data */
    guint offset; /* bulk: of that, in bytes */
} Cursor;

typedef struct {
    const RedirRecordedStream *stream; /* NULL: off */
    guint n_begun;                     /* streams of this endpoint so far */
    Cursor cursor;
    gint64 base_us; /* when it began, this time round */
    gboolean iso;
    guint64 next_id; /* isochronous */
} Player;

typedef struct {
    guint64 id;
    guint32 length, stream_id;
    guint8 endpoint;
} Pending;

typedef struct {
    RedirGadget base;
    RedirLine line;
    const RedirRecordedDevice *device;
    guint8 *answers_used, *changes_used; /* of device's, in this connection */
    guint8 configuration, alt[256];
    Player players[REDIR_ENDPOINTS];
    GArray *pending; /* of Pending, at most REDIR_MAX_PENDING, oldest first */
    guint timer, second_timer, failed_idle;
    RedirReplayFailed failed;
    gpointer failed_user;
    GError *error;       /* what failed() is told, or was */
    GByteArray *scratch; /* for the recording's bytes */
} Replay;

/* ---- the recording's bytes ---- */

static gboolean on_failed(gpointer user)
{
    Replay *replay = user;

    replay->failed_idle = 0;
    if (replay->failed != NULL)
        replay->failed(replay->failed_user, replay->error);
    return G_SOURCE_REMOVE;
}

/* Appends them. FALSE: nothing is played any more. */
static gboolean read_bytes(Replay *replay, guint64 offset, guint size, GByteArray *to)
{
    const guint before = to->len;

    if (replay->error != NULL)
        return FALSE;
    if (size == 0)
        return TRUE;
    g_byte_array_set_size(to, before + size);
    if (redir_recording_read(&replay->device->recording, offset, to->data + before, size,
                             &replay->error))
        return TRUE;
    g_byte_array_set_size(to, before);
    replay->failed_idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_failed, replay, NULL);
    return FALSE;
}

/* Valid until the next call. */
static gboolean fetch(Replay *replay, guint64 offset, guint size, const guint8 **ret_bytes)
{
    g_byte_array_set_size(replay->scratch, 0);
    if (!read_bytes(replay, offset, size, replay->scratch))
        return FALSE;
    *ret_bytes = replay->scratch->data;
    return TRUE;
}

/* ---- packets ---- */

static void send_packet(Replay *replay, guint32 type, guint64 id, gconstpointer body, gsize size,
                        gconstpointer data, gsize data_size)
{
    gsize header_size = redir_packet_long_ids(&replay->line.ids) ? 16 : 12;
    const struct usb_redir_header header = {
        GUINT32_TO_LE(type), GUINT32_TO_LE((guint32)(size + data_size)), GUINT64_TO_LE(id)};
    guint8 *packet = malloc(header_size + size + data_size);

    if (packet == NULL)
        g_error("out of memory");
    memcpy(packet, &header, header_size);
    if (size > 0)
        memcpy(packet + header_size, body, size);
    if (data_size > 0)
        memcpy(packet + header_size + size, data, data_size);
    redir_line_send(&replay->line, packet, header_size + size + data_size);
}

/* All of these QEMU has: so packets have one form. */
static const guint32 our_caps =
    1u << usb_redir_cap_connect_device_version | 1u << usb_redir_cap_filter |
    1u << usb_redir_cap_device_disconnect_ack | 1u << usb_redir_cap_ep_info_max_packet_size |
    1u << usb_redir_cap_64bits_ids | 1u << usb_redir_cap_32bits_bulk_length;
static const guint32 needed_caps = 1u << usb_redir_cap_connect_device_version |
                                   1u << usb_redir_cap_ep_info_max_packet_size |
                                   1u << usb_redir_cap_32bits_bulk_length;

static void send_hello(Replay *replay)
{
    const struct usb_redir_hello_header hello = {.version = "camredir " CAMREDIR_VERSION};
    const guint32 caps = GUINT32_TO_LE(our_caps);

    send_packet(replay, usb_redir_hello, 0, &hello, sizeof hello, &caps, sizeof caps);
}

static void send_infos(Replay *replay, const struct usb_redir_interface_info_header *interfaces,
                       const struct usb_redir_ep_info_header *endpoints)
{
    const gsize size = offsetof(struct usb_redir_ep_info_header, max_streams);

    send_packet(replay, usb_redir_interface_info, 0, interfaces, sizeof *interfaces, NULL, 0);
    send_packet(replay, usb_redir_ep_info, 0, endpoints, size, NULL, 0);
}

/* ---- streams ---- */

static Player *player_of(Replay *replay, guint8 endpoint)
{
    return &replay->players[redir_endpoint_place(endpoint)];
}

/* The recording's next stream of that endpoint, or again its last. FALSE: it has none. */
static gboolean begin_stream(Replay *replay, guint8 endpoint, gint64 now_us)
{
    const GPtrArray *streams = replay->device->streams[redir_endpoint_place(endpoint)];
    Player *player = player_of(replay, endpoint);

    if (streams == NULL)
        return FALSE;
    *player = (Player){
        .stream = streams->pdata[MIN(player->n_begun, streams->len - 1)],
        .n_begun = player->n_begun + 1,
        .base_us = now_us,
    };
    return TRUE;
}

static const RedirRecordedData *data_at(const Player *player, guint at)
{
    return &g_array_index(player->stream->data, RedirRecordedData, at);
}

static gint64 due_us(const Player *player)
{
    return player->base_us + data_at(player, player->cursor.at)->at_us;
}

static void next_data(Player *player)
{
    player->cursor = (Cursor){player->cursor.at + 1, 0};
    if (player->cursor.at < player->stream->data->len)
        return;
    player->cursor.at = 0;
    player->base_us += player->stream->length_us;
}

/* What could not be sent in time is left behind: the stream goes on from here. */
static void catch_up(Player *player, gint64 now_us)
{
    if (now_us - due_us(player) > BEHIND_US)
        player->base_us += now_us - due_us(player);
}

static void pump_iso(Replay *replay, guint8 endpoint, gint64 now_us)
{
    Player *player = player_of(replay, endpoint);

    catch_up(player, now_us);
    for (guint i = 0; i < AT_ONCE && due_us(player) <= now_us; i++) {
        const RedirRecordedData *data = data_at(player, player->cursor.at);
        const struct usb_redir_iso_packet_header header = {
            .endpoint = endpoint,
            .status = data->status,
            .length = GUINT16_TO_LE((guint16)data->size),
        };
        const guint8 *bytes;
        if (redir_line_backlog(&replay->line) <= REDIR_HOLD_UNASKED &&
            fetch(replay, data->offset, data->size, &bytes))
            send_packet(replay, usb_redir_iso_packet, player->next_id, &header, sizeof header,
                        bytes, data->size);
        player->next_id++;
        next_data(player);
    }
}

static void answer_bulk(Replay *replay, const Pending *pending, guint8 status, const guint8 *data,
                        gsize size)
{
    const struct usb_redir_bulk_packet_header header = {
        .endpoint = pending->endpoint,
        .status = status,
        .length = GUINT16_TO_LE((guint16)size),
        .stream_id = pending->stream_id,
        .length_high = GUINT16_TO_LE((guint16)(size >> 16)),
    };

    send_packet(replay, usb_redir_bulk_packet, pending->id, &header, sizeof header, data, size);
}

/* Bytes for one request: up to what it asks for or the end of a transfer, whichever comes first.
   FALSE: not all of them are due yet, or can be read. A transfer that ends where the request does
   leaves the cursor at its end: the next request gets the zero-length packet that tells so. to
   NULL: only moves on. */
static gboolean gather(Replay *replay, Player *player, guint length, gint64 now_us, GByteArray *to)
{
    guint done = 0;

    for (;;) {
        const RedirRecordedData *data = data_at(player, player->cursor.at);
        gboolean ends = data->ends || player->cursor.at + 1 == player->stream->data->len;
        guint size = MIN(length - done, data->size - player->cursor.offset);
        if (due_us(player) > now_us ||
            (to != NULL && !read_bytes(replay, data->offset + player->cursor.offset, size, to)))
            return FALSE;
        done += size;
        player->cursor.offset += size;
        if (done == length && length > 0)
            return TRUE;
        next_data(player);
        if (ends)
            return TRUE;
    }
}

static gboolean serve_bulk(Replay *replay, const Pending *pending, gint64 now_us)
{
    Player *player = player_of(replay, pending->endpoint);
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (player->stream == NULL && !begin_stream(replay, pending->endpoint, now_us))
        return FALSE;
    if (player->cursor.offset == 0)
        catch_up(player, now_us);
    Player ahead = *player;
    if (!gather(replay, &ahead, pending->length, now_us, NULL) ||
        !gather(replay, player, pending->length, now_us, bytes))
        return FALSE;
    answer_bulk(replay, pending, usb_redir_success, bytes->data, bytes->len);
    return TRUE;
}

/* In order for each endpoint; one that has nothing yet does not hold up another. */
static void pump_bulk(Replay *replay, gint64 now_us)
{
    guint16 waiting = 0;

    for (guint i = 0; i < replay->pending->len;) {
        const Pending pending = g_array_index(replay->pending, Pending, i);
        const guint16 bit = (guint16)(1u << (pending.endpoint & 0x0f));
        if (redir_line_backlog(&replay->line) > REDIR_MAX_BACKLOG)
            return;
        if (!(waiting & bit) && serve_bulk(replay, &pending, now_us)) {
            g_array_remove_index(replay->pending, i);
            continue;
        }
        waiting |= bit;
        i++;
    }
}

static void pump(Replay *replay);

static gboolean on_timer(gpointer user)
{
    Replay *replay = user;

    replay->timer = 0;
    pump(replay);
    return G_SOURCE_REMOVE;
}

/* A stream that waits for the VM to read begins when it has. */
static gint64 next_bulk_us(Replay *replay)
{
    gint64 next_us = G_MAXINT64;

    for (guint i = 0; i < replay->pending->len; i++) {
        const Player *player =
            player_of(replay, g_array_index(replay->pending, Pending, i).endpoint);
        if (player->stream != NULL)
            next_us = MIN(next_us, due_us(player));
    }
    return next_us;
}

/* Milliseconds: what is due within one goes out together. */
static void set_timer(Replay *replay, gint64 now_us)
{
    gint64 next_us = next_bulk_us(replay);

    for (guint i = 0; i < REDIR_ENDPOINTS; i++)
        if (replay->players[i].iso)
            next_us = MIN(next_us, due_us(&replay->players[i]));
    g_clear_handle_id(&replay->timer, g_source_remove);
    if (next_us != G_MAXINT64)
        replay->timer =
            g_timeout_add((guint)CLAMP((next_us - now_us) / 1000, 1, 1000), on_timer, replay);
}

static void play(Replay *replay, gint64 now_us)
{
    for (guint i = 0; i < REDIR_ENDPOINTS; i++)
        if (replay->players[i].iso)
            pump_iso(replay, (guint8)((i & 0x10) << 3 | (i & 0x0f)), now_us);
    pump_bulk(replay, now_us);
    set_timer(replay, now_us);
}

static void pump(Replay *replay)
{
    if (replay->error == NULL)
        play(replay, g_get_monotonic_time());
    redir_line_flush(&replay->line);
}

static void stop_player(Player *player)
{
    *player = (Player){.n_begun = player->n_begun};
}

/* The guest takes the request back; without others of its endpoint the stream is over. */
static void cancel(Replay *replay, guint index)
{
    const Pending pending = g_array_index(replay->pending, Pending, index);

    g_array_remove_index(replay->pending, index);
    answer_bulk(replay, &pending, usb_redir_cancelled, NULL, 0);
    for (guint i = 0; i < replay->pending->len; i++)
        if (g_array_index(replay->pending, Pending, i).endpoint == pending.endpoint)
            return;
    stop_player(player_of(replay, pending.endpoint));
}

static void stop_all(Replay *replay)
{
    while (replay->pending->len > 0)
        cancel(replay, 0);
    for (guint i = 0; i < REDIR_ENDPOINTS; i++)
        stop_player(&replay->players[i]);
}

/* ---- what the guest asks: body is as long as the table says ---- */

typedef void (*Handler)(Replay *replay, guint64 id, const guint8 *body, gsize size);

static void on_hello(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    guint32 caps;

    (void)id, (void)size;
    memcpy(&caps, body + sizeof(struct usb_redir_hello_header), sizeof caps);
    if ((GUINT32_FROM_LE(caps) & needed_caps) != needed_caps) {
        redir_line_fail(&replay->line, REDIR_ERROR_REFUSED,
                        "the VM's usb-redir is too old for a recording");
        return;
    }
    send_infos(replay, &replay->device->interfaces, &replay->device->endpoints);
    send_packet(replay, usb_redir_device_connect, 0, &replay->device->device,
                sizeof replay->device->device, NULL, 0);
}

static void on_reset(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    (void)id, (void)body, (void)size;
    stop_all(replay);
}

/* The first of that kind which has not been used yet, or the last. NULL: it was never asked. */
static const RedirRecordedChange *find_change(Replay *replay, guint32 type, guint8 interface,
                                              guint8 value)
{
    const RedirRecordedChange *found = NULL;

    for (guint i = 0; i < replay->device->changes->len; i++) {
        const RedirRecordedChange *change =
            &g_array_index(replay->device->changes, RedirRecordedChange, i);
        if (change->type != type || change->interface != interface || change->value != value)
            continue;
        found = change;
        if (replay->changes_used[i])
            continue;
        replay->changes_used[i] = TRUE;
        break;
    }
    return found;
}

static void send_configuration_status(Replay *replay, guint64 id, guint8 status)
{
    const struct usb_redir_configuration_status_header header = {status, replay->configuration};

    send_packet(replay, usb_redir_configuration_status, id, &header, sizeof header, NULL, 0);
}

static void on_set_configuration(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    const RedirRecordedChange *change =
        find_change(replay, usb_redir_set_configuration, 0, body[0]);

    (void)size;
    stop_all(replay);
    if (change != NULL && change->status == usb_redir_success) {
        send_infos(replay, &change->interfaces, &change->endpoints);
        replay->configuration = body[0];
        memset(replay->alt, 0, sizeof replay->alt);
        replay->line.events.attached(replay->line.events.user);
    }
    send_configuration_status(replay, id, change ? change->status : usb_redir_inval);
}

static void on_get_configuration(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    (void)body, (void)size;
    send_configuration_status(replay, id, usb_redir_success);
}

static void send_alt_status(Replay *replay, guint64 id, guint8 interface, guint8 status)
{
    const struct usb_redir_alt_setting_status_header header = {status, interface,
                                                               replay->alt[interface]};

    send_packet(replay, usb_redir_alt_setting_status, id, &header, sizeof header, NULL, 0);
}

/* QEMU has stopped what streams on the interface. */
static void on_set_alt(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    const RedirRecordedChange *change =
        find_change(replay, usb_redir_set_alt_setting, body[0], body[1]);

    (void)size;
    if (change != NULL && change->status == usb_redir_success) {
        send_infos(replay, &change->interfaces, &change->endpoints);
        replay->alt[body[0]] = body[1];
    }
    send_alt_status(replay, id, body[0], change ? change->status : usb_redir_inval);
}

static void on_get_alt(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    (void)size;
    send_alt_status(replay, id, body[0], usb_redir_success);
}

static void send_iso_status(Replay *replay, guint64 id, guint8 endpoint, guint8 status)
{
    const struct usb_redir_iso_stream_status_header header = {status, endpoint};

    send_packet(replay, usb_redir_iso_stream_status, id, &header, sizeof header, NULL, 0);
}

static void on_start_iso(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    gboolean has = begin_stream(replay, body[0], g_get_monotonic_time());

    (void)size;
    player_of(replay, body[0])->iso = has;
    send_iso_status(replay, id, body[0], has ? usb_redir_success : usb_redir_stall);
}

static void on_stop_iso(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    (void)size;
    stop_player(player_of(replay, body[0]));
    send_iso_status(replay, id, body[0], usb_redir_success);
}

/* Interrupt endpoints have nothing to say. */
static void on_interrupt_receiving(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    const struct usb_redir_interrupt_receiving_status_header header = {usb_redir_success, body[0]};

    (void)size;
    send_packet(replay, usb_redir_interrupt_receiving_status, id, &header, sizeof header, NULL, 0);
}

static void on_cancel(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    (void)body, (void)size;
    for (guint i = 0; i < replay->pending->len; i++)
        if (g_array_index(replay->pending, Pending, i).id == id) {
            cancel(replay, i);
            return;
        }
}

static void on_reject(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    (void)id, (void)body, (void)size;
    redir_line_fail(&replay->line, REDIR_ERROR_REFUSED,
                    "the VM refuses the device: its usb-redir has a filter, or its USB controller "
                    "takes no device of this speed");
}

/* A request is the same with another length, where the answer tells what there would have been. */
static gboolean fits(const RedirRecordedAnswer *answer, const RedirSetup *setup)
{
    const RedirSetup *was = &answer->setup;

    return was->requesttype == setup->requesttype && was->request == setup->request &&
           was->value == setup->value && was->index == setup->index &&
           (was->length == setup->length ||
            (setup->requesttype & 0x80 &&
             (was->length > setup->length || answer->size < was->length)));
}

/* In the order of the recording, the last one again and again; one of the same length first. */
static const RedirRecordedAnswer *find_answer(Replay *replay, const RedirSetup *setup)
{
    const RedirRecordedAnswer *found = NULL;

    for (guint i = 0; i < replay->device->answers->len; i++) {
        const RedirRecordedAnswer *answer =
            &g_array_index(replay->device->answers, RedirRecordedAnswer, i);
        gboolean same = answer->setup.length == setup->length;
        if (!fits(answer, setup) ||
            (found != NULL && !same && found->setup.length == setup->length))
            continue;
        found = answer;
        if (!same || replay->answers_used[i])
            continue;
        replay->answers_used[i] = TRUE;
        break;
    }
    return found;
}

static void on_control(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    struct usb_redir_control_packet_header header;

    (void)size;
    memcpy(&header, body, sizeof header);
    const RedirSetup setup = {header.requesttype, header.request, GUINT16_FROM_LE(header.value),
                              GUINT16_FROM_LE(header.index), GUINT16_FROM_LE(header.length)};
    const RedirRecordedAnswer *answer = find_answer(replay, &setup);
    guint16 length = 0, data_size = 0;
    const guint8 *data = NULL;
    header.status = usb_redir_stall;
    if (answer != NULL && fetch(replay, answer->offset, MIN(answer->size, setup.length), &data)) {
        header.status = answer->status;
        length = MIN(answer->length, setup.length);
        data_size = MIN(answer->size, setup.length);
    }
    header.length = GUINT16_TO_LE(length);
    send_packet(replay, usb_redir_control_packet, id, &header, sizeof header, data, data_size);
}

static void on_bulk(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    struct usb_redir_bulk_packet_header header;

    (void)size;
    memcpy(&header, body, sizeof header);
    const Pending pending = {
        .id = id,
        .length = GUINT16_FROM_LE(header.length) | (guint32)GUINT16_FROM_LE(header.length_high)
                                                       << 16,
        .stream_id = header.stream_id,
        .endpoint = header.endpoint,
    };
    if (replay->device->streams[redir_endpoint_place(header.endpoint)] == NULL)
        answer_bulk(replay, &pending, usb_redir_stall, NULL, 0);
    else if (player_of(replay, header.endpoint)->iso || replay->pending->len == REDIR_MAX_PENDING)
        answer_bulk(replay, &pending, usb_redir_inval, NULL, 0);
    else
        g_array_append_val(replay->pending, pending);
}

static void on_interrupt(Replay *replay, guint64 id, const guint8 *body, gsize size)
{
    struct usb_redir_interrupt_packet_header header;

    (void)size;
    memcpy(&header, body, sizeof header);
    header.status = usb_redir_stall;
    header.length = 0;
    send_packet(replay, usb_redir_interrupt_packet, id, &header, sizeof header, NULL, 0);
}

static const struct {
    guint32 type;
    gsize least; /* bytes of its body */
    Handler handle;
} rows[] = {
    {usb_redir_hello, sizeof(struct usb_redir_hello_header) + 4, on_hello},
    {usb_redir_reset, 0, on_reset},
    {usb_redir_set_configuration, 1, on_set_configuration},
    {usb_redir_get_configuration, 0, on_get_configuration},
    {usb_redir_set_alt_setting, 2, on_set_alt},
    {usb_redir_get_alt_setting, 1, on_get_alt},
    {usb_redir_start_iso_stream, 3, on_start_iso},
    {usb_redir_stop_iso_stream, 1, on_stop_iso},
    {usb_redir_start_interrupt_receiving, 1, on_interrupt_receiving},
    {usb_redir_stop_interrupt_receiving, 1, on_interrupt_receiving},
    {usb_redir_cancel_data_packet, 0, on_cancel},
    {usb_redir_filter_reject, 0, on_reject},
    {usb_redir_control_packet, sizeof(struct usb_redir_control_packet_header), on_control},
    {usb_redir_bulk_packet, sizeof(struct usb_redir_bulk_packet_header), on_bulk},
    {usb_redir_interrupt_packet, sizeof(struct usb_redir_interrupt_packet_header), on_interrupt},
};

/* What is in no row is not answered: filters, and data for isochronous OUT endpoints. */
static void handle(Replay *replay, const RedirPacketView *packet)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].type != packet->type)
            continue;
        if (packet->size < rows[i].least)
            redir_line_fail(&replay->line, REDIR_ERROR_PROTOCOL,
                            "the peer breaks the usbredir protocol (a packet is too short)");
        else if (!replay->line.leaving)
            rows[i].handle(replay, packet->id, packet->body, packet->size);
    }
}

/* ---- the gadget ---- */

static void replay_received(RedirGadget *gadget, const guint8 *data, gsize size)
{
    Replay *replay = (Replay *)gadget;
    RedirPacketView packet;
    const guint8 *bytes;

    redir_line_append(&replay->line, data, size);
    while (redir_line_take(&replay->line, &packet, &bytes, &size)) {
        handle(replay, &packet);
        redir_line_flush(&replay->line);
    }
    if (!replay->line.ended)
        pump(replay);
}

static void replay_writable(RedirGadget *gadget)
{
    Replay *replay = (Replay *)gadget;

    if (!replay->line.ended)
        pump(replay);
}

/* A guest that streams by bulk and asks for nothing may not have got what it asked for. */
static gboolean on_second(gpointer user)
{
    Replay *replay = user;
    gboolean streams = FALSE;

    for (guint i = 0; i < REDIR_ENDPOINTS; i++)
        streams |= replay->players[i].stream != NULL && !replay->players[i].iso;
    redir_line_beat(&replay->line, streams && replay->pending->len == 0);
    return G_SOURCE_CONTINUE;
}

static void replay_open(RedirGadget *gadget, RedirTransport *transport,
                        const RedirEndpointOptions *options, const RedirEndpointEvents *events)
{
    Replay *replay = (Replay *)gadget;

    redir_line_open(&replay->line, transport, options, events);
    memset(replay->players, 0, sizeof replay->players);
    memset(replay->answers_used, 0, replay->device->answers->len);
    memset(replay->changes_used, 0, replay->device->changes->len);
    memset(replay->alt, 0, sizeof replay->alt);
    replay->configuration = 0;
    replay->second_timer = g_timeout_add_seconds(1, on_second, replay);
    send_hello(replay);
    redir_line_flush(&replay->line);
}

static void replay_disconnect(RedirGadget *gadget)
{
    Replay *replay = (Replay *)gadget;

    if (replay->line.leaving || replay->line.ended)
        return;
    stop_all(replay);
    send_packet(replay, usb_redir_device_disconnect, 0, NULL, 0, NULL, 0);
    redir_line_leave(&replay->line, TRUE);
}

static void replay_close(RedirGadget *gadget)
{
    Replay *replay = (Replay *)gadget;

    g_clear_handle_id(&replay->timer, g_source_remove);
    g_clear_handle_id(&replay->second_timer, g_source_remove);
    g_array_set_size(replay->pending, 0);
    redir_line_close(&replay->line);
}

static void replay_get_statistics(const RedirGadget *gadget, RedirGadgetStatistics *ret_statistics)
{
    redir_line_get_statistics(&((const Replay *)gadget)->line, ret_statistics);
}

RedirGadget *redir_replay_new(const RedirRecordedDevice *device, RedirReplayFailed failed,
                              gpointer user)
{
    static const RedirGadgetOps ops = {
        .open = replay_open,
        .received = replay_received,
        .writable = replay_writable,
        .disconnect = replay_disconnect,
        .close = replay_close,
        .get_statistics = replay_get_statistics,
    };
    Replay *replay = g_new0(Replay, 1);

    replay->base.ops = &ops;
    replay->device = device;
    replay->answers_used = g_malloc0(device->answers->len + 1);
    replay->changes_used = g_malloc0(device->changes->len + 1);
    replay->pending = g_array_new(FALSE, FALSE, sizeof(Pending));
    replay->scratch = g_byte_array_sized_new(1); /* its data are never NULL */
    replay->failed = failed;
    replay->failed_user = user;
    return &replay->base;
}

void redir_replay_free(RedirGadget *gadget)
{
    Replay *replay = (Replay *)gadget;

    if (replay == NULL)
        return;
    if (replay->line.transport != NULL)
        replay_close(gadget);
    g_clear_handle_id(&replay->failed_idle, g_source_remove);
    g_clear_error(&replay->error);
    g_byte_array_unref(replay->scratch);
    g_array_unref(replay->pending);
    g_free(replay->answers_used);
    g_free(replay->changes_used);
    g_free(replay);
}
