/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Walks a recording once: requests are remembered by their ids until their answers come. */
#include "redir/recorded_device.h"

#include <string.h>
#include <unistd.h>

#include "redir/error.h"

#define MAX_GAP_US (G_USEC_PER_SEC) /* between two transfers: nobody waits for the rest of it */

/* What waits for an answer: the packet that asked. */
typedef struct {
    guint32 type;
    RedirSetup setup;        /* control */
    guint32 length;          /* bulk */
    guint8 interface, value; /* set_configuration, set_alt_setting */
} Request;

typedef struct {
    RedirRecordedDevice *device;
    GHashTable *requests;                       /* id to Request */
    RedirRecordedStream *open[REDIR_ENDPOINTS]; /* borrowed: what goes on */
    gint64 began_us[REDIR_ENDPOINTS], last_us[REDIR_ENDPOINTS];
    struct usb_redir_interface_info_header interfaces; /* as they are now */
    struct usb_redir_ep_info_header endpoints;
    gboolean connected;
} Walk;

guint redir_endpoint_place(guint8 bEndpointAddress)
{
    return (bEndpointAddress & 0x80) >> 3 | (bEndpointAddress & 0x0f);
}

/* The fields that are there; those of capabilities that were not are 0. */
static void copy_body(gpointer to, gsize size, const RedirPacketView *packet)
{
    memset(to, 0, size);
    memcpy(to, packet->body, MIN(size, packet->size));
}

/* ---- streams ---- */

static void stream_free(gpointer data)
{
    RedirRecordedStream *stream = data;

    g_array_unref(stream->data);
    g_free(stream);
}

/* A stream's length is up to its last packet, and what lies between two of them on average. */
static void close_stream(Walk *walk, guint place)
{
    RedirRecordedStream *stream = walk->open[place];

    walk->open[place] = NULL;
    if (stream == NULL)
        return;
    gint64 last_us = g_array_index(stream->data, RedirRecordedData, stream->data->len - 1).at_us;
    stream->length_us = last_us + MAX(last_us / stream->data->len, 1);
}

static void append_data(Walk *walk, guint8 endpoint, gint64 at_us, RedirRecordedData data)
{
    guint place = redir_endpoint_place(endpoint);
    GPtrArray **streams = &walk->device->streams[place];

    if (*streams == NULL)
        *streams = g_ptr_array_new_with_free_func(stream_free);
    if (walk->open[place] == NULL) {
        walk->open[place] = g_new0(RedirRecordedStream, 1);
        walk->open[place]->data = g_array_new(FALSE, FALSE, sizeof data);
        walk->began_us[place] = walk->last_us[place] = at_us;
        g_ptr_array_add(*streams, walk->open[place]);
    }
    if (at_us - walk->last_us[place] > MAX_GAP_US)
        walk->began_us[place] += at_us - walk->last_us[place] - MAX_GAP_US;
    walk->last_us[place] = at_us;
    data.at_us = at_us - walk->began_us[place];
    g_array_append_val(walk->open[place]->data, data);
}

/* ---- packets from the VM ---- */

static void remember(Walk *walk, guint64 id, Request request)
{
    g_hash_table_insert(walk->requests, g_memdup2(&id, sizeof id),
                        g_memdup2(&request, sizeof request));
}

static void see_request(Walk *walk, const RedirPacketView *packet)
{
    struct usb_redir_control_packet_header control;
    struct usb_redir_bulk_packet_header bulk;

    switch (packet->type) {
    case usb_redir_control_packet:
        copy_body(&control, sizeof control, packet);
        remember(walk, packet->id,
                 (Request){.type = packet->type,
                           .setup = {control.requesttype, control.request, control.value,
                                     control.index, control.length}});
        break;
    case usb_redir_bulk_packet:
        copy_body(&bulk, sizeof bulk, packet);
        remember(walk, packet->id,
                 (Request){.type = packet->type,
                           .length = bulk.length | (guint32)bulk.length_high << 16});
        break;
    case usb_redir_set_configuration:
        if (packet->size >= 1)
            remember(walk, packet->id, (Request){.type = packet->type, .value = packet->body[0]});
        break;
    case usb_redir_set_alt_setting:
        if (packet->size >= 2)
            remember(walk, packet->id,
                     (Request){.type = packet->type,
                               .interface = packet->body[0],
                               .value = packet->body[1]});
        break;
    }
}

/* ---- packets to the VM ---- */

static void see_control(Walk *walk, const Request *request, const RedirRecord *record)
{
    const RedirPacketView *packet = &record->packet;
    struct usb_redir_control_packet_header header;

    if (packet->size < sizeof header)
        return;
    copy_body(&header, sizeof header, packet);
    const RedirRecordedAnswer answer = {
        .setup = request->setup,
        .status = header.status,
        .length = header.length,
        .offset = record->body_offset + sizeof header,
        .size = (guint16)MIN(packet->size - sizeof header, G_MAXUINT16),
    };
    if (header.status != usb_redir_cancelled)
        g_array_append_val(walk->device->answers, answer);
}

/* The header is two bytes shorter where a side lacks usb_redir_cap_32bits_bulk_length: whichever
   agrees with the packet's size. */
static gsize bulk_header_size(const RedirPacketView *packet)
{
    struct usb_redir_bulk_packet_header header;

    copy_body(&header, sizeof header, packet);
    guint32 length = header.length | (guint32)header.length_high << 16;
    return packet->size == sizeof header + length ? sizeof header : sizeof header - 2;
}

static void see_bulk(Walk *walk, const Request *request, const RedirRecord *record)
{
    const RedirPacketView *packet = &record->packet;
    gsize header = bulk_header_size(packet);

    if (packet->size < header || !(packet->body[0] & 0x80))
        return;
    RedirRecordedData data = {
        .offset = record->body_offset + header,
        .size = (guint)(packet->size - header),
        .status = packet->body[1],
        .ends = packet->size - header < request->length,
    };
    if (data.status == usb_redir_cancelled)
        close_stream(walk, redir_endpoint_place(packet->body[0]));
    else if (data.status == usb_redir_success)
        append_data(walk, packet->body[0], record->at_us, data);
}

static void see_change(Walk *walk, const Request *request, guint8 status)
{
    const RedirRecordedChange change = {
        .type = request->type,
        .interface = request->interface,
        .value = request->value,
        .status = status,
        .interfaces = walk->interfaces,
        .endpoints = walk->endpoints,
    };

    g_array_append_val(walk->device->changes, change);
}

static void see_answer(Walk *walk, const RedirRecord *record)
{
    const RedirPacketView *packet = &record->packet;
    static const guint32 asked_by[] = {
        [usb_redir_configuration_status] = usb_redir_set_configuration,
        [usb_redir_alt_setting_status] = usb_redir_set_alt_setting,
        [usb_redir_control_packet] = usb_redir_control_packet,
        [usb_redir_bulk_packet] = usb_redir_bulk_packet,
    };
    const Request *request = g_hash_table_lookup(walk->requests, &packet->id);

    if (request == NULL || request->type != asked_by[packet->type])
        return;
    if (packet->type == usb_redir_control_packet)
        see_control(walk, request, record);
    else if (packet->type == usb_redir_bulk_packet)
        see_bulk(walk, request, record);
    else if (packet->size >= 1)
        see_change(walk, request, packet->body[0]);
    g_hash_table_remove(walk->requests, &packet->id);
}

static void see_iso(Walk *walk, const RedirRecord *record)
{
    const RedirPacketView *packet = &record->packet;
    const gsize header = sizeof(struct usb_redir_iso_packet_header);

    if (packet->size < header || !(packet->body[0] & 0x80))
        return;
    const RedirRecordedData data = {
        .offset = record->body_offset + header,
        .size = (guint)(packet->size - header),
        .status = packet->body[1],
    };
    append_data(walk, packet->body[0], record->at_us, data);
}

/* Each a whole transfer, as it would be had it been asked for. */
static void see_buffered(Walk *walk, const RedirRecord *record)
{
    const RedirPacketView *packet = &record->packet;
    struct usb_redir_buffered_bulk_packet_header header;

    if (!redir_packet_body(packet, &header, sizeof header) || !(header.endpoint & 0x80))
        return;
    const RedirRecordedData data = {
        .offset = record->body_offset + sizeof header,
        .size = (guint)(packet->size - sizeof header),
        .status = header.status,
        .ends = TRUE,
    };
    append_data(walk, header.endpoint, record->at_us, data);
}

static void see_connect(Walk *walk, const RedirPacketView *packet)
{
    walk->connected = TRUE;
    copy_body(&walk->device->device, sizeof walk->device->device, packet);
    walk->device->interfaces = walk->interfaces;
    walk->device->endpoints = walk->endpoints;
}

static void see_sent(Walk *walk, const RedirRecord *record)
{
    const RedirPacketView *packet = &record->packet;

    switch (packet->type) {
    case usb_redir_interface_info:
        copy_body(&walk->interfaces, sizeof walk->interfaces, packet);
        break;
    case usb_redir_ep_info:
        copy_body(&walk->endpoints, sizeof walk->endpoints, packet);
        break;
    case usb_redir_device_connect:
        if (!walk->connected)
            see_connect(walk, packet);
        break;
    case usb_redir_configuration_status:
    case usb_redir_alt_setting_status:
    case usb_redir_control_packet:
    case usb_redir_bulk_packet:
        see_answer(walk, record);
        break;
    case usb_redir_iso_packet:
        see_iso(walk, record);
        break;
    case usb_redir_buffered_bulk_packet:
        see_buffered(walk, record);
        break;
    case usb_redir_bulk_receiving_status: /* it begins, or has ended */
        if (packet->size >= sizeof(struct usb_redir_bulk_receiving_status_header))
            close_stream(walk, redir_endpoint_place(packet->body[4]));
        break;
    case usb_redir_iso_stream_status: /* likewise */
        if (packet->size >= 2)
            close_stream(walk, redir_endpoint_place(packet->body[1]));
        break;
    }
}

/* ---- the whole ---- */

static void begin(Walk *walk)
{
    g_hash_table_remove_all(walk->requests);
    for (guint i = 0; i < REDIR_ENDPOINTS; i++)
        close_stream(walk, i);
}

static gboolean walk_all(Walk *walk, RedirRecordReader *reader, GError **error)
{
    GError *inner = NULL;
    RedirRecord record;

    while (redir_record_next(reader, &record, &inner)) {
        if (record.begins)
            begin(walk);
        else if (record.direction == REDIR_FROM_VM)
            see_request(walk, &record.packet);
        else
            see_sent(walk, &record);
    }
    begin(walk);
    if (inner != NULL)
        g_propagate_error(error, inner);
    else if (!walk->connected)
        g_set_error_literal(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL,
                            "no device was plugged in during the recording");
    return inner == NULL && walk->connected;
}

/* Takes the recording over. */
static RedirRecordedDevice *device_of(RedirRecording recording, GError **error)
{
    g_autoptr(RedirRecordedDevice) device = g_new0(RedirRecordedDevice, 1);
    g_autoptr(GHashTable) requests =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    Walk walk = {.device = device, .requests = requests};
    g_auto(RedirRecordReader) reader;

    device->recording = recording;
    device->answers = g_array_new(FALSE, FALSE, sizeof(RedirRecordedAnswer));
    device->changes = g_array_new(FALSE, FALSE, sizeof(RedirRecordedChange));
    if (!redir_record_reader_init(&reader, &recording, error) || !walk_all(&walk, &reader, error))
        return NULL;
    return g_steal_pointer(&device);
}

RedirRecordedDevice *redir_recorded_device_new(const guint8 *bytes, gsize size, GError **error)
{
    return device_of((RedirRecording){.bytes = bytes, .fd = -1, .size = size}, error);
}

RedirRecordedDevice *redir_recorded_device_open(const char *path, GError **error)
{
    RedirRecording recording;

    return redir_recording_open(&recording, path, error) ? device_of(recording, error) : NULL;
}

void redir_recorded_device_free(RedirRecordedDevice *device)
{
    if (device == NULL)
        return;
    if (device->recording.fd >= 0)
        close(device->recording.fd);
    g_array_unref(device->answers);
    g_array_unref(device->changes);
    for (guint i = 0; i < REDIR_ENDPOINTS; i++)
        if (device->streams[i] != NULL)
            g_ptr_array_unref(device->streams[i]);
    g_free(device);
}
