/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The usbredir host's endpoints with the real virtual camera, against a QEMU made of
   libusbredirparser: announcement, endpoint 0, bulk, isochronous and interrupt, and what a guest
   should not ask. */
#include <string.h>

#include "redir/endpoint.h"
#include "redir/pacing.h"
#include "tests/unit/redir_fixture.h"

/* ---- attaching ---- */

static void test_attach(void)
{
    Fixture f;

    attach(&f, &bulk_camera);
    g_assert_cmpstr(f.qemu->order->str, ==, "hello interface_info ep_info device_connect ");
    g_assert_true(g_str_has_prefix(f.qemu->peer, "camredir "));
    g_assert_cmpuint(f.qemu->device.speed, ==, usb_redir_speed_high);
    g_assert_cmphex(f.qemu->device.device_class, ==, 0xef);
    g_assert_cmphex(f.qemu->device.vendor_id, ==, 0x1d6b);
    g_assert_cmphex(f.qemu->device.product_id, ==, 0x0102);
    g_assert_cmphex(f.qemu->device.device_version_bcd, ==, 0x0123);
    g_assert_cmpuint(f.qemu->interfaces.interface_count, ==, 2);
    g_assert_cmphex(f.qemu->interfaces.interface_class[1], ==, 0x0e);
    g_assert_cmphex(f.qemu->interfaces.interface_subclass[1], ==, 0x02);

    static const int caps[] = {
        usb_redir_cap_connect_device_version,
        usb_redir_cap_filter,
        usb_redir_cap_device_disconnect_ack,
        usb_redir_cap_ep_info_max_packet_size,
        usb_redir_cap_64bits_ids,
        usb_redir_cap_32bits_bulk_length,
        usb_redir_cap_bulk_receiving,
    };
    for (guint i = 0; i < G_N_ELEMENTS(caps); i++)
        g_assert_true(usbredirparser_peer_has_cap(f.qemu->parser, caps[i]));
    g_assert_false(usbredirparser_peer_has_cap(f.qemu->parser, usb_redir_cap_bulk_streams));

    g_string_truncate(f.qemu->order, 0);
    configure(&f);
    g_assert_cmpstr(f.qemu->order->str, ==, "ep_info configuration_status ");
    g_assert_cmpuint(f.qemu->endpoints.type[0x11], ==, usb_redir_type_bulk);
    g_assert_cmpuint(f.qemu->endpoints.max_packet_size[0x11], ==, 512);
    g_assert_cmpuint(f.qemu->endpoints.interface[0x11], ==, VCAM_VS_INTERFACE);
    g_assert_cmpuint(f.qemu->endpoints.type[0x12], ==, usb_redir_type_interrupt);
    g_assert_cmpuint(f.qemu->endpoints.interval[0x12], >, 0);
    g_assert_cmpuint(f.qemu->endpoints.type[0x13], ==, usb_redir_type_invalid);
    g_assert_cmpstr(f.states->str, ==, "OA");
    finish(&f);
}

static void test_control(void)
{
    Fixture f;
    gsize size;

    attach(&f, &bulk_camera);
    const guint8 *device = vcam_profile_descriptor(vcam_device_profile(f.device), 1, 0, 0, &size);
    g_autoptr(FakeAnswer) answer =
        fake_qemu_wait(f.qemu, fake_qemu_control(f.qemu, 0x80, 6, 0x0100, 0, 64, NULL));
    g_assert_cmpuint(answer->status, ==, usb_redir_success);
    g_assert_cmpuint(answer->length, ==, size);
    g_assert_cmpmem(g_bytes_get_data(answer->data, NULL), g_bytes_get_size(answer->data), device,
                    size);

    /* A vendor request, both ways, the longest possible. */
    g_autofree guint8 *data = g_malloc0(65535);
    g_autoptr(FakeAnswer) in =
        fake_qemu_wait(f.qemu, fake_qemu_control(f.qemu, 0xc0, 0x55, 0, 0, 65535, NULL));
    g_assert_cmpuint(in->status, ==, usb_redir_stall);
    g_assert_null(in->data);
    g_autoptr(FakeAnswer) out =
        fake_qemu_wait(f.qemu, fake_qemu_control(f.qemu, 0x40, 0x55, 0, 0, 65535, data));
    g_assert_cmpuint(out->status, ==, usb_redir_stall);
    g_assert_cmpuint(out->length, ==, 0);

    g_autoptr(FakeAnswer) wrong = fake_qemu_wait(f.qemu, fake_qemu_set_configuration(f.qemu, 9));
    g_assert_cmpuint(wrong->status, ==, usb_redir_stall);
    g_assert_cmpuint(wrong->value, ==, 0);
    configure(&f);
    g_autoptr(FakeAnswer) alt = fake_qemu_wait(f.qemu, fake_qemu_set_alt(f.qemu, 7, 3));
    g_assert_cmpuint(alt->status, ==, usb_redir_stall);
    finish(&f);
}

/* ---- bulk ---- */

static void test_bulk(void)
{
    static const gsize sizes[] = {1, 1000, 16384 - 12, 2 * 16384 - 12, 150000, 614400, 16384};
    g_autoptr(GByteArray) frame = g_byte_array_new();
    Fixture f;

    start_bulk(&f, &bulk_camera);
    g_assert_cmpuint(f.started, ==, 0);
    guint64 first = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
    FAKE_WAIT(f.started == 1);
    push_frame(&f, 0, 100);
    g_autoptr(FakeAnswer) answer = fake_qemu_wait(f.qemu, first);
    g_assert_cmpuint(answer->length, ==, 112);
    for (guint i = 0; i < 5 * G_N_ELEMENTS(sizes); i++) {
        gsize size = sizes[i % G_N_ELEMENTS(sizes)];
        push_frame(&f, i, size);
        read_frame(&f, frame, 16384);
        assert_frame(frame, i, size);
    }
    finish(&f);
}

static void test_cancel(void)
{
    guint64 ids[REDIR_MAX_PENDING];
    Fixture f;

    start_bulk(&f, &bulk_camera);
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
        ids[i] = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 512, NULL);
    assert_status(&f, fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 512, NULL), usb_redir_inval);

    /* Out of order, twice, and one that never was: a single answer each. */
    cancel(&f, ids[3]);
    cancel(&f, ids[3]);
    cancel(&f, 12345);
    assert_status(&f, ids[3], usb_redir_cancelled);
    push_frame(&f, 0, 100);
    g_autoptr(FakeAnswer) first = fake_qemu_wait(f.qemu, ids[0]);
    g_assert_cmpuint(first->length, ==, 112);
    cancel(&f, ids[0]);

    /* CLEAR_FEATURE(ENDPOINT_HALT): the end of a bulk stream. */
    g_autoptr(FakeAnswer) cleared = fake_qemu_wait(
        f.qemu, fake_qemu_control(f.qemu, 0x02, 1, 0, VCAM_STREAM_ENDPOINT, 0, NULL));
    g_assert_cmpuint(cleared->status, ==, usb_redir_success);
    g_assert_cmpuint(f.stopped, ==, 1);
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
        if (i != 0 && i != 3)
            assert_status(&f, ids[i], usb_redir_cancelled);
    g_assert_cmpuint(f.qemu->answers.length, ==, 0);
    finish(&f);
}

/* ---- isochronous ---- */

static void send_stop_iso(Fixture *f, guint8 endpoint)
{
    struct usb_redir_stop_iso_stream_header header = {endpoint};

    usbredirparser_send_stop_iso_stream(f->qemu->parser, ++f->qemu->next_id, &header);
    fake_qemu_flush(f->qemu);
}

/* Packets up to the one with EOF (UVC 1.1, 2.4.3.3), then the padding behind it. Returns the number
   of packets that came. */
static guint read_iso_frame(Fixture *f, GByteArray *frame)
{
    guint packets = 0;

    g_byte_array_set_size(frame, 0);
    for (gboolean ended = FALSE; !ended; packets++) {
        g_autoptr(FakeAnswer) answer = fake_qemu_wait_type(f->qemu, usb_redir_iso_packet);
        g_assert_cmpuint(answer->status, ==, usb_redir_success);
        g_assert_cmpuint(answer->endpoint, ==, VCAM_STREAM_ENDPOINT);
        if (answer->data == NULL)
            continue;
        const guint8 *data = g_bytes_get_data(answer->data, NULL);
        g_byte_array_append(frame, data + data[0], answer->length - data[0]);
        ended = data[1] & 0x02;
    }
    for (gint64 quiet = g_get_monotonic_time() + 80000; g_get_monotonic_time() < quiet;)
        fake_step();
    for (FakeAnswer *answer; (answer = g_queue_pop_head(&f->qemu->answers)); packets++) {
        g_assert_cmpuint(answer->type, ==, usb_redir_iso_packet);
        g_assert_cmpuint(answer->length, ==, 0);
        fake_answer_free(answer);
    }
    return packets;
}

/* By the endpoints that it is shown first QEMU chooses the port's speed. */
static void test_iso_announced(void)
{
    Fixture f;

    attach(&f, &iso_camera);
    g_assert_cmpuint(f.qemu->endpoints.type[0x11], ==, usb_redir_type_iso);
    g_assert_cmpuint(f.qemu->endpoints.interval[0x11], >, 0);
    g_assert_cmpuint(f.qemu->endpoints.max_packet_size[0x11], ==, 3 * 1020);
    g_assert_cmpuint(f.qemu->endpoints.type[0x12], ==, usb_redir_type_interrupt);
    configure(&f);
    g_assert_cmpuint(f.qemu->endpoints.type[0x11], ==, usb_redir_type_invalid);
    finish(&f);
}

static void test_iso(gconstpointer data)
{
    static const gsize sizes[] = {50, 3000, 60000, 2953, 150000};
    const Camera *camera = data;
    g_autoptr(GByteArray) frame = g_byte_array_new();
    Fixture f;

    attach(&f, camera);
    configure(&f);
    commit(&f);
    start_iso(&f);
    g_assert_cmpuint(f.qemu->endpoints.type[0x11], ==, usb_redir_type_iso);
    g_assert_cmpuint(f.qemu->endpoints.interval[0x11], ==,
                     camera->speed == VCAM_SPEED_HIGH ? 4 : 1);
    for (guint i = 0; i < 2 * G_N_ELEMENTS(sizes); i++) {
        gsize size = sizes[i % G_N_ELEMENTS(sizes)];
        push_frame(&f, i, size);
        /* Enough that QEMU hands the last of it on, and never so many that it drops. */
        guint packets = read_iso_frame(&f, frame);
        assert_frame(frame, i, size);
        g_assert_cmpuint(packets, >=, camera->speed == VCAM_SPEED_HIGH ? 120 : 60);
    }

    /* Bursts of stop and start are normal. */
    for (guint i = 0; i < 3; i++) {
        send_stop_iso(&f, VCAM_STREAM_ENDPOINT);
        send_stop_iso(&f, VCAM_STREAM_ENDPOINT);
        send_start_iso(&f, VCAM_STREAM_ENDPOINT);
        send_start_iso(&f, VCAM_STREAM_ENDPOINT);
    }
    for (guint i = 0; i < 12; i++)
        assert_status(&f, f.qemu->next_id - i, usb_redir_success);
    push_frame(&f, 99, 5000);
    read_iso_frame(&f, frame);
    assert_frame(frame, 99, 5000);

    g_autoptr(FakeAnswer) alt =
        fake_qemu_wait(f.qemu, fake_qemu_set_alt(f.qemu, VCAM_VS_INTERFACE, 0));
    g_assert_cmpuint(alt->status, ==, usb_redir_success);
    g_assert_cmpuint(f.stopped, ==, 1);
    g_assert_cmpuint(f.qemu->endpoints.type[0x11], ==, usb_redir_type_invalid);
    send_start_iso(&f, VCAM_STREAM_ENDPOINT);
    assert_status(&f, f.qemu->next_id, usb_redir_inval);
    finish(&f);
}

/* ---- what goes out, and how ---- */

/* libusbredirparser copies data: a picture, which is copied when its packet is made, must not go
   through it. The linker puts these between. */
typeof(usbredirparser_send_bulk_packet) __real_usbredirparser_send_bulk_packet,
    __wrap_usbredirparser_send_bulk_packet;
typeof(usbredirparser_send_iso_packet) __real_usbredirparser_send_iso_packet,
    __wrap_usbredirparser_send_iso_packet;

void __wrap_usbredirparser_send_bulk_packet(struct usbredirparser *parser, uint64_t id,
                                            struct usb_redir_bulk_packet_header *header,
                                            uint8_t *data, int size)
{
    g_assert_true(!(header->endpoint & 0x80) || size == 0);
    __real_usbredirparser_send_bulk_packet(parser, id, header, data, size);
}

void __wrap_usbredirparser_send_iso_packet(struct usbredirparser *parser, uint64_t id,
                                           struct usb_redir_iso_packet_header *header,
                                           uint8_t *data, int size)
{
    g_assert_true(!(header->endpoint & 0x80) || size == 0);
    __real_usbredirparser_send_iso_packet(parser, id, header, data, size);
}

/* Each packet as every kind of peer understands it, none lost where the transport refuses it. */
static void test_peers(gconstpointer data)
{
    static const guint32 lacks[] = {
        0,
        FAKE_CAP(usb_redir_cap_64bits_ids),
        FAKE_CAP(usb_redir_cap_32bits_bulk_length),
        FAKE_CAP(usb_redir_cap_64bits_ids) | FAKE_CAP(usb_redir_cap_32bits_bulk_length),
    };
    static const gsize sizes[] = {1, 16384 - 12, 65535 - 12, 150000};
    const Camera *camera = data;
    g_autoptr(GByteArray) frame = g_byte_array_new();
    Fixture f;

    for (guint i = 0; i < G_N_ELEMENTS(lacks) * G_N_ELEMENTS(sizes); i++) {
        const gsize size = sizes[i % G_N_ELEMENTS(sizes)];
        const guint32 without = lacks[i / G_N_ELEMENTS(sizes)];
        const gboolean long_lengths = !(without & FAKE_CAP(usb_redir_cap_32bits_bulk_length));
        attach_narrow(&f, camera, without);
        configure(&f);
        commit(&f);
        if (camera->transfer == VCAM_TRANSFER_ISO) {
            start_iso(&f);
            push_frame(&f, i, size);
            read_iso_frame(&f, frame);
        } else {
            begin_bulk(&f);
            push_frame(&f, i, size);
            read_frame(&f, frame, long_lengths ? 100000 : 65535);
        }
        assert_frame(frame, i, size);
        finish(&f);
    }
}

/* A packet that a full transport refused goes before the answers that were made after it. */
static void test_order(void)
{
    const guint length = 300000;
    guint64 ids[4];
    Fixture f;

    attach_narrow(&f, &bulk_camera, 0);
    configure(&f);
    commit(&f);
    begin_bulk(&f);
    push_frame(&f, 0, 2 * length);
    fake_qemu_set_reading(f.qemu, FALSE);
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        ids[i] = i == 2 ? fake_qemu_control(f.qemu, 0x80, 6, 0x0100, 0, 18, NULL)
                        : fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, length, NULL);
        for (guint step = 0; step < 3; step++)
            fake_step();
    }
    fake_qemu_set_reading(f.qemu, TRUE);
    FAKE_WAIT(f.qemu->answers.length == G_N_ELEMENTS(ids));
    for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
        FakeAnswer *answer = g_queue_peek_nth(&f.qemu->answers, i);
        g_assert_cmpuint(answer->id, ==, ids[i]);
    }
    finish(&f);
}

/* ---- interrupt ---- */

static void send_start_interrupt(Fixture *f, guint8 endpoint)
{
    struct usb_redir_start_interrupt_receiving_header header = {endpoint};

    usbredirparser_send_start_interrupt_receiving(f->qemu->parser, ++f->qemu->next_id, &header);
    fake_qemu_flush(f->qemu);
}

static void test_interrupt(void)
{
    Fixture f;

    attach(&f, &bulk_camera);
    configure(&f);
    send_start_interrupt(&f, VCAM_STATUS_ENDPOINT);
    assert_status(&f, f.qemu->next_id, usb_redir_success);
    vcam_device_control_changed(f.device, VCAM_PU_BRIGHTNESS);
    g_autoptr(FakeAnswer) answer = fake_qemu_wait_type(f.qemu, usb_redir_interrupt_packet);
    g_assert_cmpuint(answer->endpoint, ==, VCAM_STATUS_ENDPOINT);
    g_assert_cmpuint(answer->status, ==, usb_redir_success);
    const guint8 *data = g_bytes_get_data(answer->data, NULL);
    g_assert_cmphex(data[0] & 0x0f, ==, 1); /* from VideoControl: UVC 1.1, 2.4.2.2 */
    g_assert_cmpuint(data[1], ==, VCAM_PU_ID);

    struct usb_redir_stop_interrupt_receiving_header stop = {VCAM_STATUS_ENDPOINT};
    usbredirparser_send_stop_interrupt_receiving(f.qemu->parser, ++f.qemu->next_id, &stop);
    fake_qemu_flush(f.qemu);
    assert_status(&f, f.qemu->next_id, usb_redir_success);
    finish(&f);
}

/* ---- what a guest should not do ---- */

static void test_no_such_endpoint(void)
{
    static const guint8 endpoints[] = {0x01, 0x82, 0x83, 0x8f, 0x7f, 0xff};
    guint8 data[64] = {0};
    Fixture f;

    attach(&f, &bulk_camera);
    configure(&f);
    for (guint i = 0; i < G_N_ELEMENTS(endpoints); i++) {
        gboolean in = endpoints[i] & 0x80;
        assert_status(&f, fake_qemu_bulk(f.qemu, endpoints[i], 64, in ? NULL : data),
                      usb_redir_inval);
        send_start_iso(&f, endpoints[i]);
        assert_status(&f, f.qemu->next_id, usb_redir_inval);
        if (in && endpoints[i] != VCAM_STATUS_ENDPOINT) {
            send_start_interrupt(&f, endpoints[i]);
            assert_status(&f, f.qemu->next_id, usb_redir_inval);
        }
    }

    struct usb_redir_iso_packet_header iso = {0x01, 0, sizeof data};
    usbredirparser_send_iso_packet(f.qemu->parser, 1, &iso, data, sizeof data);
    struct usb_redir_interrupt_packet_header interrupt = {0x01, 0, sizeof data};
    usbredirparser_send_interrupt_packet(f.qemu->parser, ++f.qemu->next_id, &interrupt, data,
                                         sizeof data);
    fake_qemu_flush(f.qemu);
    assert_status(&f, f.qemu->next_id, usb_redir_inval);
    struct usb_redir_alloc_bulk_streams_header streams = {0x00020000, 4};
    usbredirparser_send_alloc_bulk_streams(f.qemu->parser, ++f.qemu->next_id, &streams);
    fake_qemu_flush(f.qemu);
    assert_status(&f, f.qemu->next_id, usb_redir_inval);

    /* None of it did any harm. */
    g_autoptr(FakeAnswer) alive =
        fake_qemu_wait(f.qemu, fake_qemu_control(f.qemu, 0x80, 6, 0x0100, 0, 18, NULL));
    g_assert_cmpuint(alive->length, ==, 18);
    finish(&f);
}

static void test_reset(void)
{
    struct vcam_device_state state;
    Fixture f;

    start_bulk(&f, &bulk_camera);
    guint64 id = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 512, NULL);
    FAKE_WAIT(f.started == 1);
    for (guint i = 0; i < 3; i++)
        usbredirparser_send_reset(f.qemu->parser);
    fake_qemu_flush(f.qemu);
    assert_status(&f, id, usb_redir_cancelled);
    FAKE_WAIT(f.stopped == 1);
    vcam_device_get_state(f.device, &state);
    g_assert_cmpuint(state.bConfigurationValue, ==, 0);
    configure(&f);
    commit(&f);
    fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 512, NULL);
    FAKE_WAIT(f.started == 2);
    finish(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/redir/attach", test_attach);
    g_test_add_func("/redir/control", test_control);
    g_test_add_func("/redir/bulk", test_bulk);
    g_test_add_func("/redir/cancel", test_cancel);
    g_test_add_func("/redir/iso/announced", test_iso_announced);
    g_test_add_data_func("/redir/iso/high", &iso_camera, test_iso);
    g_test_add_data_func("/redir/iso/super", &super_iso_camera, test_iso);
    g_test_add_data_func("/redir/iso/full", &full_iso_camera, test_iso);
    g_test_add_data_func("/redir/peers/bulk", &bulk_camera, test_peers);
    g_test_add_data_func("/redir/peers/high iso", &iso_camera, test_peers);
    g_test_add_data_func("/redir/peers/full iso", &full_iso_camera, test_peers);
    g_test_add_func("/redir/order", test_order);
    g_test_add_func("/redir/interrupt", test_interrupt);
    g_test_add_func("/redir/no such endpoint", test_no_such_endpoint);
    g_test_add_func("/redir/reset", test_reset);
    return g_test_run();
}
