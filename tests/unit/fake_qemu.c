/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A usb-guest made of libusbredirparser and one socket. */
#include "tests/unit/fake_qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usbredirfilter.h>

static gboolean on_step(gpointer user)
{
    (void)user;
    return G_SOURCE_CONTINUE;
}

/* At most 20 ms, whatever there is to wait for. */
void fake_step(void)
{
    guint timer = g_timeout_add(20, on_step, NULL);

    g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
}

static void keep(FakeQemu *qemu, FakeAnswer answer, const guint8 *data, int size)
{
    if (data != NULL)
        answer.data = g_bytes_new(data, size);
    g_queue_push_tail(&qemu->answers, g_memdup2(&answer, sizeof answer));
}

void fake_answer_free(FakeAnswer *answer)
{
    if (answer->data != NULL)
        g_bytes_unref(answer->data);
    g_free(answer);
}

/* ---- what comes from the host ---- */

static int on_read(void *priv, uint8_t *data, int count)
{
    FakeQemu *qemu = priv;

    if (!qemu->reading)
        return 0;
    ssize_t got = recv(qemu->fd, data, count, MSG_DONTWAIT);
    if (got > 0)
        qemu->bytes_read += got;
    if (got == 0 || (got < 0 && errno != EAGAIN))
        qemu->closed = TRUE;
    return got <= 0 ? 0 : got;
}

#define SHORT_HEADER 12 /* until both sides have said that their ids are long */

/* usbredir's parser says that it acknowledges, and does, whatever it was told: is it kept back? */
static gboolean unlearn_ack(uint8_t *data, int count)
{
    const int caps_at = SHORT_HEADER + (int)sizeof(struct usb_redir_hello_header);
    guint32 type, caps;

    if (count < SHORT_HEADER)
        return FALSE;
    memcpy(&type, data, sizeof type);
    if (type == usb_redir_hello && count >= caps_at + (int)sizeof caps) {
        memcpy(&caps, data + caps_at, sizeof caps);
        caps &= ~FAKE_CAP(usb_redir_cap_device_disconnect_ack);
        memcpy(data + caps_at, &caps, sizeof caps);
    }
    return type == usb_redir_device_disconnect_ack;
}

static int on_write(void *priv, uint8_t *data, int count)
{
    FakeQemu *qemu = priv;

    if (qemu->lacks & FAKE_CAP(usb_redir_cap_device_disconnect_ack) && unlearn_ack(data, count))
        return count;
    ssize_t sent = send(qemu->fd, data, count, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (sent < 0 && errno != EAGAIN)
        qemu->closed = TRUE;
    return sent < 0 ? 0 : sent;
}

static void on_log(void *priv, int level, const char *message)
{
    (void)priv;
    if (level == usbredirparser_error)
        g_critical("camredir bug: the peer complains: %s", message);
}

static void on_hello(void *priv, struct usb_redir_hello_header *hello)
{
    FakeQemu *qemu = priv;

    g_strlcpy(qemu->peer, hello->version, sizeof qemu->peer);
    g_string_append(qemu->order, "hello ");
}

static void on_device_connect(void *priv, struct usb_redir_device_connect_header *header)
{
    FakeQemu *qemu = priv;

    qemu->device = *header;
    g_string_append(qemu->order, "device_connect ");
}

static void on_device_disconnect(void *priv)
{
    FakeQemu *qemu = priv;

    g_string_append(qemu->order, "device_disconnect ");
}

static void on_interface_info(void *priv, struct usb_redir_interface_info_header *header)
{
    FakeQemu *qemu = priv;

    qemu->interfaces = *header;
    g_string_append(qemu->order, "interface_info ");
}

static void on_ep_info(void *priv, struct usb_redir_ep_info_header *header)
{
    FakeQemu *qemu = priv;

    qemu->endpoints = *header;
    g_string_append(qemu->order, "ep_info ");
}

static void on_configuration_status(void *priv, uint64_t id,
                                    struct usb_redir_configuration_status_header *header)
{
    FakeQemu *qemu = priv;
    FakeAnswer answer = {usb_redir_configuration_status, id, 0,   header->status,
                         header->configuration,          0,  NULL};

    g_string_append(qemu->order, "configuration_status ");
    keep(qemu, answer, NULL, 0);
}

static void on_alt_setting_status(void *priv, uint64_t id,
                                  struct usb_redir_alt_setting_status_header *header)
{
    FakeQemu *qemu = priv;
    FakeAnswer answer = {
        usb_redir_alt_setting_status, id, header->interface, header->status, header->alt, 0, NULL};

    g_string_append(qemu->order, "alt_setting_status ");
    keep(qemu, answer, NULL, 0);
}

static void on_iso_stream_status(void *priv, uint64_t id,
                                 struct usb_redir_iso_stream_status_header *header)
{
    FakeAnswer answer = {
        usb_redir_iso_stream_status, id, header->endpoint, header->status, 0, 0, NULL};

    keep(priv, answer, NULL, 0);
}

static void
on_interrupt_receiving_status(void *priv, uint64_t id,
                              struct usb_redir_interrupt_receiving_status_header *header)
{
    FakeAnswer answer = {
        usb_redir_interrupt_receiving_status, id, header->endpoint, header->status, 0, 0, NULL};

    keep(priv, answer, NULL, 0);
}

static void on_bulk_receiving_status(void *priv, uint64_t id,
                                     struct usb_redir_bulk_receiving_status_header *header)
{
    FakeAnswer answer = {
        usb_redir_bulk_receiving_status, id, header->endpoint, header->status, 0, 0, NULL};

    keep(priv, answer, NULL, 0);
}

static void on_bulk_streams_status(void *priv, uint64_t id,
                                   struct usb_redir_bulk_streams_status_header *header)
{
    FakeAnswer answer = {usb_redir_bulk_streams_status, id, 0, header->status, 0, 0, NULL};

    keep(priv, answer, NULL, 0);
}

static void on_control_packet(void *priv, uint64_t id,
                              struct usb_redir_control_packet_header *header, uint8_t *data,
                              int data_len)
{
    FakeAnswer answer = {usb_redir_control_packet, id,  header->endpoint, header->status, 0,
                         header->length,           NULL};

    keep(priv, answer, data, data_len);
    free(data);
}

static void on_bulk_packet(void *priv, uint64_t id, struct usb_redir_bulk_packet_header *header,
                           uint8_t *data, int data_len)
{
    FakeAnswer answer = {usb_redir_bulk_packet,
                         id,
                         header->endpoint,
                         header->status,
                         0,
                         (guint)header->length_high << 16 | header->length,
                         NULL};

    keep(priv, answer, data, data_len);
    free(data);
}

static void on_buffered_bulk_packet(void *priv, uint64_t id,
                                    struct usb_redir_buffered_bulk_packet_header *header,
                                    uint8_t *data, int data_len)
{
    FakeAnswer answer = {usb_redir_buffered_bulk_packet,
                         id,
                         header->endpoint,
                         header->status,
                         0,
                         header->length,
                         NULL};

    keep(priv, answer, data, data_len);
    free(data);
}

static void on_iso_packet(void *priv, uint64_t id, struct usb_redir_iso_packet_header *header,
                          uint8_t *data, int data_len)
{
    FakeAnswer answer = {usb_redir_iso_packet, id,  header->endpoint, header->status, 0,
                         header->length,       NULL};

    keep(priv, answer, data, data_len);
    free(data);
}

static void on_interrupt_packet(void *priv, uint64_t id,
                                struct usb_redir_interrupt_packet_header *header, uint8_t *data,
                                int data_len)
{
    FakeAnswer answer = {
        usb_redir_interrupt_packet, id, header->endpoint, header->status, 0, header->length, NULL};

    keep(priv, answer, data, data_len);
    free(data);
}

/* ---- life ---- */

static gboolean on_socket(int fd, GIOCondition condition, gpointer user)
{
    FakeQemu *qemu = user;

    (void)fd;
    (void)condition;
    if (usbredirparser_do_read(qemu->parser) != 0)
        g_error("camredir bug: what it sent cannot be parsed");
    fake_qemu_flush(qemu);
    if (!qemu->closed)
        return G_SOURCE_CONTINUE;
    g_clear_pointer(&qemu->source, g_source_unref);
    return G_SOURCE_REMOVE;
}

void fake_qemu_flush(FakeQemu *qemu)
{
    usbredirparser_do_write(qemu->parser);
}

void fake_qemu_set_reading(FakeQemu *qemu, gboolean reading)
{
    qemu->reading = reading;
    if (qemu->source != NULL) {
        g_source_destroy(qemu->source);
        g_clear_pointer(&qemu->source, g_source_unref);
    }
    if (!reading)
        return;
    qemu->source = g_unix_fd_source_new(qemu->fd, G_IO_IN);
    g_source_set_callback(qemu->source, G_SOURCE_FUNC(on_socket), qemu, NULL);
    g_source_attach(qemu->source, NULL);
}

/* QEMU 7.2, usbredir_create_parser(). */
static void init_parser(FakeQemu *qemu)
{
    static const int has[] = {
        usb_redir_cap_connect_device_version,
        usb_redir_cap_filter,
        usb_redir_cap_device_disconnect_ack,
        usb_redir_cap_ep_info_max_packet_size,
        usb_redir_cap_64bits_ids,
        usb_redir_cap_32bits_bulk_length,
        usb_redir_cap_bulk_receiving,
    };
    struct usbredirparser *parser = qemu->parser = usbredirparser_create();
    guint32 caps[USB_REDIR_CAPS_SIZE] = {0};

    parser->priv = qemu;
    parser->log_func = on_log;
    parser->read_func = on_read;
    parser->write_func = on_write;
    parser->hello_func = on_hello;
    parser->device_connect_func = on_device_connect;
    parser->device_disconnect_func = on_device_disconnect;
    parser->interface_info_func = on_interface_info;
    parser->ep_info_func = on_ep_info;
    parser->configuration_status_func = on_configuration_status;
    parser->alt_setting_status_func = on_alt_setting_status;
    parser->iso_stream_status_func = on_iso_stream_status;
    parser->interrupt_receiving_status_func = on_interrupt_receiving_status;
    parser->bulk_receiving_status_func = on_bulk_receiving_status;
    parser->buffered_bulk_packet_func = on_buffered_bulk_packet;
    parser->bulk_streams_status_func = on_bulk_streams_status;
    parser->control_packet_func = on_control_packet;
    parser->bulk_packet_func = on_bulk_packet;
    parser->iso_packet_func = on_iso_packet;
    parser->interrupt_packet_func = on_interrupt_packet;
    for (guint i = 0; i < G_N_ELEMENTS(has); i++)
        if (!(qemu->lacks & FAKE_CAP(has[i])))
            usbredirparser_caps_set_cap(caps, has[i]);
    usbredirparser_init(parser, "fake QEMU", caps, USB_REDIR_CAPS_SIZE, 0);
}

FakeQemu *fake_qemu_new(int fd, guint32 lacks)
{
    FakeQemu *qemu = g_new0(FakeQemu, 1);

    qemu->fd = fd;
    /* Unlike those of the host, which count from 0. */
    qemu->next_id = G_GUINT64_CONSTANT(1) << (lacks & FAKE_CAP(usb_redir_cap_64bits_ids) ? 31 : 32);
    qemu->lacks = lacks;
    qemu->order = g_string_new(NULL);
    g_queue_init(&qemu->answers);
    init_parser(qemu);
    fake_qemu_set_reading(qemu, TRUE);
    fake_qemu_flush(qemu);
    return qemu;
}

void fake_qemu_free(FakeQemu *qemu)
{
    if (qemu == NULL)
        return;
    fake_qemu_set_reading(qemu, FALSE);
    g_queue_clear_full(&qemu->answers, (GDestroyNotify)fake_answer_free);
    g_string_free(qemu->order, TRUE);
    usbredirparser_destroy(qemu->parser);
    close(qemu->fd);
    g_free(qemu);
}

/* ---- what the guest does ---- */

guint64 fake_qemu_control(FakeQemu *qemu, guint8 requesttype, guint8 request, guint16 value,
                          guint16 index, guint16 length, const guint8 *data)
{
    struct usb_redir_control_packet_header header = {
        .endpoint = requesttype & 0x80,
        .request = request,
        .requesttype = requesttype,
        .value = value,
        .index = index,
        .length = length,
    };

    usbredirparser_send_control_packet(qemu->parser, ++qemu->next_id, &header, (guint8 *)data,
                                       data ? length : 0);
    fake_qemu_flush(qemu);
    return qemu->next_id;
}

guint64 fake_qemu_bulk(FakeQemu *qemu, guint8 endpoint, guint32 length, const guint8 *data)
{
    struct usb_redir_bulk_packet_header header = {
        .endpoint = endpoint,
        .length = length & 0xffff,
        .length_high = length >> 16,
    };

    usbredirparser_send_bulk_packet(qemu->parser, ++qemu->next_id, &header, (guint8 *)data,
                                    data ? length : 0);
    fake_qemu_flush(qemu);
    return qemu->next_id;
}

guint64 fake_qemu_set_configuration(FakeQemu *qemu, guint8 configuration)
{
    struct usb_redir_set_configuration_header header = {configuration};

    usbredirparser_send_set_configuration(qemu->parser, ++qemu->next_id, &header);
    fake_qemu_flush(qemu);
    return qemu->next_id;
}

guint64 fake_qemu_set_alt(FakeQemu *qemu, guint8 interface, guint8 alt)
{
    struct usb_redir_set_alt_setting_header header = {interface, alt};

    usbredirparser_send_set_alt_setting(qemu->parser, ++qemu->next_id, &header);
    fake_qemu_flush(qemu);
    return qemu->next_id;
}

void fake_qemu_reset(FakeQemu *qemu)
{
    usbredirparser_send_reset(qemu->parser);
    fake_qemu_flush(qemu);
}

void fake_qemu_send_filter(FakeQemu *qemu, const char *rules)
{
    struct usbredirfilter_rule *list;
    int n;

    g_assert_cmpint(usbredirfilter_string_to_rules(rules, ",", "|", &list, &n), ==, 0);
    usbredirparser_send_filter_filter(qemu->parser, list, n);
    free(list);
    fake_qemu_flush(qemu);
}

void fake_qemu_reject(FakeQemu *qemu)
{
    usbredirparser_send_filter_reject(qemu->parser);
    fake_qemu_flush(qemu);
}

static FakeAnswer *take(FakeQemu *qemu, guint8 type, guint64 id)
{
    for (GList *l = qemu->answers.head; l != NULL; l = l->next) {
        FakeAnswer *answer = l->data;
        if (type != 0 ? answer->type == type : answer->id == id) {
            g_queue_delete_link(&qemu->answers, l);
            return answer;
        }
    }
    return NULL;
}

FakeAnswer *fake_qemu_wait(FakeQemu *qemu, guint64 id)
{
    FakeAnswer *answer;

    FAKE_WAIT((answer = take(qemu, 0, id)) != NULL);
    return answer;
}

FakeAnswer *fake_qemu_wait_type(FakeQemu *qemu, guint8 type)
{
    FakeAnswer *answer;

    FAKE_WAIT((answer = take(qemu, type, 0)) != NULL);
    return answer;
}
