/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The usbredir host with its sockets and the real virtual camera, against a QEMU made of
   libusbredirparser: attaching, every endpoint, losing and finding the VM, and bad peers. */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <usbredirfilter.h>

#include "redir/endpoint.h"
#include "redir/error.h"
#include "redir/host.h"
#include "redir/pacing.h"
#include "redir/transports/socket.h"
#include "tests/unit/fake_qemu.h"

#define GET_CUR 0x81
#define SET_CUR 0x01
#define PROBE   0x0100 /* VS_PROBE_CONTROL as wValue */
#define COMMIT  0x0200

typedef struct {
    enum vcam_speed speed;
    enum vcam_transfer transfer;
    struct vcam_mode mode; /* the only one */
} Camera;

typedef struct {
    char *dir, *path, *address;
    int listen_fd; /* QEMU's, where it listens */
    struct vcam_device *device;
    struct vcam_mode mode;
    guint started, stopped, dropped;
    RedirHost *host;
    RedirHostState state;
    GString *states; /* a letter a change: W C O(pen) A S */
    GError *error;   /* the last */
    FakeQemu *qemu;
} Fixture;

/* ---- the camera ---- */

static void on_stream_start(void *user, const struct vcam_mode *mode)
{
    Fixture *f = user;

    f->mode = *mode;
    f->started++;
}

static void on_stream_stop(void *user)
{
    Fixture *f = user;

    f->stopped++;
}

static int on_control_get(void *user, enum vcam_control_id id, int32_t *ret_value)
{
    (void)user, (void)id;
    *ret_value = 7;
    return 0;
}

static int on_control_set(void *user, enum vcam_control_id id, int32_t value)
{
    (void)user, (void)id, (void)value;
    return 0;
}

static struct vcam_device *make_device(Fixture *f, const Camera *camera)
{
    const struct vcam_profile_options options = {
        .speed = camera->speed,
        .transfer = camera->transfer,
        .idVendor = 0x1d6b,
        .idProduct = 0x0102,
        .bcdDevice = 0x0123,
        .manufacturer = "camredir",
        .product = "test",
        .serial = "1",
    };
    const struct vcam_device_ops ops = {
        .stream_start = on_stream_start,
        .stream_stop = on_stream_stop,
        .control_get = on_control_get,
        .control_set = on_control_set,
        .user = f,
    };
    const struct vcam_control_list controls = {
        .count = 1,
        .items = {{VCAM_PU_BRIGHTNESS, 0, 100, 1, 50, VCAM_CONTROL_AUTOUPDATE}},
    };
    struct vcam_offer offer = {0};

    g_assert_true(vcam_offer_add(&offer, &camera->mode));
    struct vcam_profile *profile = vcam_profile_new(&offer, &controls, &options, NULL);
    g_assert_nonnull(profile);
    struct vcam_device *device = vcam_device_new(profile, &ops);
    g_assert_nonnull(device);
    return device;
}

/* Bytes that tell where they belong: no slice of a frame is like another. */
static void push_frame(Fixture *f, guint number, gsize size)
{
    struct vcam_frame *frame = vcam_frame_new(&f->mode, size);

    frame->number = number;
    for (gsize i = 0; i < size; i++)
        frame->data[i] = (i * 31 + (i >> 8) * 7 + number) & 0xff;
    vcam_device_push_frame(f->device, frame, g_get_monotonic_time());
}

static void assert_frame(const GByteArray *bytes, guint number, gsize size)
{
    g_assert_cmpuint(bytes->len, ==, size);
    for (gsize i = 0; i < size; i++)
        if (bytes->data[i] != ((i * 31 + (i >> 8) * 7 + number) & 0xff))
            g_error("frame %u differs at byte %zu", number, i);
}

/* ---- both sides ---- */

static void on_state(gpointer user, RedirHostState state, const GError *error)
{
    Fixture *f = user;

    f->state = state;
    g_string_append_c(f->states, "WCOAS"[state]);
    if (error != NULL) {
        g_clear_error(&f->error);
        f->error = g_error_copy(error);
    }
}

static int socket_at(const char *path, gboolean listening)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    if (listening) {
        g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
        g_assert_cmpint(listen(fd, 1), ==, 0);
    } else {
        g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    }
    return fd;
}

static int accept_one(int listen_fd)
{
    int fd;

    FAKE_WAIT((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0);
    return fd;
}

static const Camera bulk_camera = {
    VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_MJPEG, 640, 480, 333333}};
static const Camera iso_camera = {
    VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, {VCAM_MJPEG, 640, 480, 333333}};
static const Camera super_iso_camera = {
    VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO, {VCAM_MJPEG, 640, 480, 333333}};
static const Camera full_iso_camera = {
    VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, {VCAM_MJPEG, 320, 240, 333333}};
static const Camera raw_camera = {
    VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_YUY2, 1920, 1080, 333333}};
static const Camera raw_iso_camera = {
    VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO, {VCAM_YUY2, 1920, 1080, 333333}};

static void prepare(Fixture *f, const Camera *camera)
{
    *f = (Fixture){.listen_fd = -1};
    f->dir = g_dir_make_tmp("redir-XXXXXX", NULL);
    g_assert_nonnull(f->dir);
    f->path = g_build_filename(f->dir, "usb.sock", NULL);
    f->address = g_strdup_printf("unix:%s", f->path);
    f->states = g_string_new(NULL);
    f->device = make_device(f, camera);
}

static void start_host(Fixture *f, RedirRole role, gboolean retry)
{
    const RedirHostOptions options = {
        .address = f->address,
        .role = role,
        .transport_new = redir_socket_transport_new,
        .retry = retry,
        .hello_timeout_ms = 100,
        .first_delay_ms = 10,
    };
    const RedirHostEvents events = {.state = on_state, .user = f};
    g_autoptr(GError) error = NULL;

    f->host = redir_host_new(f->device, &options, &events, &error);
    g_assert_no_error(error);
    g_assert_true(redir_host_start(f->host, &error));
    g_assert_no_error(error);
}

static void listen_as_qemu(Fixture *f)
{
    f->listen_fd = socket_at(f->path, TRUE);
}

/* To the point where the guest may ask. */
static void begin_qemu(Fixture *f, int fd, gboolean with_ack)
{
    f->qemu = fake_qemu_new(fd, with_ack);
    FAKE_WAIT(strstr(f->qemu->order->str, "device_connect") != NULL);
}

/* QEMU listens, we connect. */
static void attach(Fixture *f, const Camera *camera)
{
    prepare(f, camera);
    listen_as_qemu(f);
    start_host(f, REDIR_CONNECT, TRUE);
    begin_qemu(f, accept_one(f->listen_fd), TRUE);
}

static void finish(Fixture *f)
{
    redir_host_free(f->host);
    fake_qemu_free(f->qemu);
    if (f->listen_fd >= 0) {
        close(f->listen_fd);
        g_unlink(f->path);
    }
    vcam_device_free(f->device);
    g_assert_cmpuint(f->started, ==, f->stopped);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0); /* the socket's file is gone */
    g_free(f->dir);
    g_free(f->path);
    g_free(f->address);
    g_string_free(f->states, TRUE);
    g_clear_error(&f->error);
}

static void configure(Fixture *f)
{
    g_autoptr(FakeAnswer) answer = fake_qemu_wait(f->qemu, fake_qemu_set_configuration(f->qemu, 1));

    g_assert_cmpuint(answer->status, ==, usb_redir_success);
    g_assert_cmpuint(answer->value, ==, 1);
    FAKE_WAIT(f->state == REDIR_HOST_ATTACHED);
}

/* PROBE as it stands, then COMMIT of it: what uvcvideo does at least. */
static void commit(Fixture *f)
{
    g_autoptr(FakeAnswer) probe = fake_qemu_wait(
        f->qemu, fake_qemu_control(f->qemu, 0xa1, GET_CUR, PROBE, VCAM_VS_INTERFACE, 34, NULL));

    g_assert_cmpuint(probe->status, ==, usb_redir_success);
    g_assert_cmpuint(g_bytes_get_size(probe->data), ==, 34);
    g_autoptr(FakeAnswer) done =
        fake_qemu_wait(f->qemu, fake_qemu_control(f->qemu, 0x21, SET_CUR, COMMIT, VCAM_VS_INTERFACE,
                                                  34, g_bytes_get_data(probe->data, NULL)));
    g_assert_cmpuint(done->status, ==, usb_redir_success);
    g_assert_cmpuint(done->length, ==, 34);
}

static void start_bulk(Fixture *f, const Camera *camera)
{
    attach(f, camera);
    configure(f);
    commit(f);
}

/* ---- attaching ---- */

static void test_attach(void)
{
    Fixture f;

    attach(&f, &bulk_camera);
    g_assert_cmpstr(f.qemu->order->str, ==, "hello interface_info ep_info device_connect ");
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
    };
    for (guint i = 0; i < G_N_ELEMENTS(caps); i++)
        g_assert_true(usbredirparser_peer_has_cap(f.qemu->parser, caps[i]));
    g_assert_false(usbredirparser_peer_has_cap(f.qemu->parser, usb_redir_cap_bulk_receiving));
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

/* Reads one frame by requests of that length, as uvcvideo does: five in flight. */
static void read_frame(Fixture *f, GByteArray *frame, guint length)
{
    guint64 ids[5];
    guint asked = 0, answered = 0;

    g_byte_array_set_size(frame, 0);
    for (gboolean ended = FALSE; !ended;) {
        while (asked < answered + 1)
            ids[asked++ % 5] = fake_qemu_bulk(f->qemu, VCAM_STREAM_ENDPOINT, length, NULL);
        g_autoptr(FakeAnswer) answer = fake_qemu_wait(f->qemu, ids[answered++ % 5]);
        g_assert_cmpuint(answer->status, ==, usb_redir_success);
        gsize size = answer->data ? g_bytes_get_size(answer->data) : 0;
        g_assert_cmpuint(answer->length, ==, size);
        const guint8 *data = answer->data ? g_bytes_get_data(answer->data, NULL) : NULL;
        guint skip = answered == 1 ? data[0] : 0; /* bHeaderLength */
        g_byte_array_append(frame, data + skip, size - skip);
        ended = size < length;
    }
}

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

static void assert_status(Fixture *f, guint64 id, guint8 status)
{
    g_autoptr(FakeAnswer) answer = fake_qemu_wait(f->qemu, id);

    g_assert_cmpuint(answer->status, ==, status);
    g_assert_cmpuint(answer->length, ==, 0);
    g_assert_null(answer->data);
}

static void cancel(Fixture *f, guint64 id)
{
    usbredirparser_send_cancel_data_packet(f->qemu->parser, id);
    fake_qemu_flush(f->qemu);
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

static void send_start_iso(Fixture *f, guint8 endpoint)
{
    struct usb_redir_start_iso_stream_header header = {endpoint, 10, 6};

    usbredirparser_send_start_iso_stream(f->qemu->parser, ++f->qemu->next_id, &header);
    fake_qemu_flush(f->qemu);
}

static void send_stop_iso(Fixture *f, guint8 endpoint)
{
    struct usb_redir_stop_iso_stream_header header = {endpoint};

    usbredirparser_send_stop_iso_stream(f->qemu->parser, ++f->qemu->next_id, &header);
    fake_qemu_flush(f->qemu);
}

static void start_iso(Fixture *f)
{
    guint8 largest = vcam_profile_alternates(vcam_device_profile(f->device)) - 1;
    g_autoptr(FakeAnswer) alt =
        fake_qemu_wait(f->qemu, fake_qemu_set_alt(f->qemu, VCAM_VS_INTERFACE, largest));

    g_assert_cmpuint(alt->status, ==, usb_redir_success);
    g_assert_cmpuint(alt->value, ==, largest);
    send_start_iso(f, VCAM_STREAM_ENDPOINT);
    assert_status(f, f->qemu->next_id, usb_redir_success);
    FAKE_WAIT(f->started == f->stopped + 1);
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
                     camera->speed == VCAM_SPEED_HIGH ? 8 : 1);
    for (guint i = 0; i < 2 * G_N_ELEMENTS(sizes); i++) {
        gsize size = sizes[i % G_N_ELEMENTS(sizes)];
        push_frame(&f, i, size);
        /* Enough that QEMU hands the last of it on, and never so many that it drops. */
        guint packets = read_iso_frame(&f, frame);
        assert_frame(frame, i, size);
        g_assert_cmpuint(packets, >=, REDIR_PACING_TARGET);
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

/* ---- coming and going ---- */

static void test_reconnect(void)
{
    Fixture f;

    start_bulk(&f, &bulk_camera);
    fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
    FAKE_WAIT(f.started == 1);
    g_clear_pointer(&f.qemu, fake_qemu_free);
    FAKE_WAIT(f.state == REDIR_HOST_WAITING);
    g_assert_cmpuint(f.stopped, ==, 1); /* the light is out */
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_CLOSED);

    /* QEMU is gone for a while, then back. */
    close(f.listen_fd);
    FAKE_WAIT(g_error_matches(f.error, REDIR_ERROR, REDIR_ERROR_UNREACHABLE));
    g_unlink(f.path);
    listen_as_qemu(&f);
    begin_qemu(&f, accept_one(f.listen_fd), TRUE);
    configure(&f);
    g_assert_true(g_str_has_prefix(f.states->str, "OAWC"));
    g_assert_true(g_str_has_suffix(f.states->str, "COA"));
    finish(&f);
}

static void test_stop(gconstpointer with_ack)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, TRUE);
    begin_qemu(&f, accept_one(f.listen_fd), with_ack != NULL);
    configure(&f);
    commit(&f);
    guint64 id = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 512, NULL);
    FAKE_WAIT(f.started == 1);
    redir_host_stop(f.host);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    FAKE_WAIT(f.qemu->closed);
    g_assert_true(g_str_has_suffix(f.qemu->order->str, "device_disconnect "));
    assert_status(&f, id, usb_redir_cancelled);
    g_assert_cmpuint(f.stopped, ==, 1);
    g_assert_no_error(f.error);
    finish(&f);
}

/* Neither a VM that answers nothing nor one that is not there keeps us from ending. */
static void test_stop_early(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    start_host(&f, REDIR_CONNECT, TRUE);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    finish(&f);

    prepare(&f, &bulk_camera);
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, TRUE);
    int fd = accept_one(f.listen_fd);
    FAKE_WAIT(f.state == REDIR_HOST_CONNECTED);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    close(fd);
    finish(&f);

    attach(&f, &bulk_camera);
    fake_qemu_set_reading(f.qemu, FALSE);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    finish(&f);
}

static void test_no_hello(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, TRUE);
    int silent = accept_one(f.listen_fd);
    FAKE_WAIT(f.error != NULL);
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_TIMEOUT);
    begin_qemu(&f, accept_one(f.listen_fd), TRUE);
    configure(&f);
    close(silent);
    finish(&f);
}

static void test_listen(void)
{
    g_autoptr(GError) error = NULL;
    Fixture f;

    prepare(&f, &bulk_camera);
    close(socket_at(f.path, TRUE)); /* a stale file */
    start_host(&f, REDIR_LISTEN, TRUE);
    for (guint i = 0; i < 3; i++) {
        begin_qemu(&f, socket_at(f.path, FALSE), TRUE);
        configure(&f);
        /* A second one is turned away and the first stays. */
        int second = socket_at(f.path, FALSE);
        guint8 byte;
        ssize_t got = -1;
        FAKE_WAIT((got = recv(second, &byte, 1, MSG_DONTWAIT)) >= 0 || errno == ECONNRESET);
        g_assert_cmpint(got, <=, 0);
        close(second);
        g_assert_cmpint(f.state, ==, REDIR_HOST_ATTACHED);
        g_clear_pointer(&f.qemu, fake_qemu_free);
        FAKE_WAIT(f.state == REDIR_HOST_WAITING);
    }

    /* The address is taken: by a live one. */
    const RedirTransportEvents none = {0};
    RedirTransport *other = redir_socket_transport_new(f.address, REDIR_LISTEN, &none, NULL);
    g_assert_false(other->ops->open(other, &error));
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_IN_USE);
    other->ops->free(other);
    g_assert_true(g_file_test(f.path, G_FILE_TEST_EXISTS));
    finish(&f);
}

static const struct {
    const char *address; /* %s: the folder */
    RedirError code;
    const char *hint;
} cannot_listen[] = {
    {"unix:%s/none/x.sock", REDIR_ERROR_FAILED, "no such folder"},
    {"unix:%s/file", REDIR_ERROR_IN_USE, "no socket"},
    {"tcp:192.0.2.1:4000", REDIR_ERROR_FAILED, "not an address of this machine"},
};

static void test_cannot_listen(void)
{
    g_autofree char *dir = g_dir_make_tmp("redir-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(dir, "file", NULL);
    const RedirTransportEvents none = {0};

    g_assert_true(g_file_set_contents(file, "x", 1, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(cannot_listen); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) halves = g_strsplit(cannot_listen[i].address, "%s", 2);
        g_autofree char *address = g_strjoinv(dir, halves);
        RedirTransport *t = redir_socket_transport_new(address, REDIR_LISTEN, &none, NULL);
        g_assert_false(t->ops->open(t, &error));
        g_assert_error(error, REDIR_ERROR, (int)cannot_listen[i].code);
        g_assert_nonnull(strstr(error->message, cannot_listen[i].hint));
        t->ops->free(t);
    }
    g_assert_cmpint(g_unlink(file), ==, 0); /* it was left alone */
    g_rmdir(dir);
}

/* A port that was free a moment ago. */
static guint16 free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, size), ==, 0);
    getsockname(fd, (struct sockaddr *)&address, &size);
    close(fd);
    return ntohs(address.sin_port);
}

static int connect_tcp(guint16 port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* TCP both ways: one host listens by name, QEMU connects. Then the same by number. */
static void test_tcp(void)
{
    static const char *const names[] = {"localhost", "127.0.0.1"};
    g_autoptr(GByteArray) frame = g_byte_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        guint16 port = free_port();
        int fd;
        Fixture f;

        prepare(&f, &bulk_camera);
        g_free(f.address);
        f.address = g_strdup_printf("tcp:%s:%u", names[i], port);
        start_host(&f, REDIR_LISTEN, TRUE);
        FAKE_WAIT((fd = connect_tcp(port)) >= 0);
        begin_qemu(&f, fd, TRUE);
        configure(&f);
        commit(&f);
        fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
        FAKE_WAIT(f.started == 1);
        cancel(&f, f.qemu->next_id);
        assert_status(&f, f.qemu->next_id, usb_redir_cancelled);
        push_frame(&f, 5, 500000);
        read_frame(&f, frame, 16384);
        assert_frame(frame, 5, 500000);
        finish(&f);
    }
}

static const struct {
    const char *address; /* %s: the folder, %u: a free port */
    const char *hint;
} unreachable[] = {
    {"unix:%s/none.sock", "is QEMU running"},
    {"unix:%s/stale.sock", "nobody listens"},
    {"tcp:127.0.0.1:%u", "nobody listens there"},
    {"tcp:no..such..name:4000", "no such host"},
};

static void test_unreachable(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(unreachable); i++) {
        Fixture f;

        prepare(&f, &bulk_camera);
        g_autofree char *port = g_strdup_printf("%u", free_port());
        g_autofree char *stale = g_build_filename(f.dir, "stale.sock", NULL);
        close(socket_at(stale, TRUE));
        g_free(f.address);
        GString *address = g_string_new(unreachable[i].address);
        g_string_replace(address, "%s", f.dir, 0);
        g_string_replace(address, "%u", port, 0);
        f.address = g_string_free(address, FALSE);
        start_host(&f, REDIR_CONNECT, FALSE);
        FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
        g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_UNREACHABLE);
        g_assert_true(g_str_has_prefix(f.error->message, f.address));
        g_assert_nonnull(strstr(f.error->message, unreachable[i].hint));
        g_unlink(stale);
        finish(&f);
    }
}

/* ---- bad peers ---- */

#define HELLO64 "\0\0\0\0\x40\0\0\0\0\0\0\0"
#define ZEROS64                                                                                    \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" /* a version, unterminated  \
                                                                        */

static const struct {
    const char *name, *bytes;
    gsize size;
    const char *hint;
} garbage[] = {
    {"http", "HTTP/1.1 400 Bad Request\r\n\r\n", 28, "does not speak usbredir (it begins 48 54"},
    {"zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "does not speak usbredir"},
    {"hello of 4 GB", "\0\0\0\0\xff\xff\xff\xff\0\0\0\0", 12, "a hello of 4294967295 bytes"},
    {"hello of 2 GB", "\0\0\0\0\0\0\0\x80\0\0\0\0", 12, "a hello of 2147483648 bytes"},
    {"not a hello", "\x65\0\0\0\x0a\0\0\0\0\0\0\0", 12, "does not speak usbredir"},
    {"packet of 128 MB", HELLO64 ZEROS64 "\x65\0\0\0\0\0\0\x08\0\0\0\0", 88,
     "a packet of 134217728 bytes"},
    {"unknown packet", HELLO64 ZEROS64 "\x33\0\0\0\0\0\0\0\0\0\0\0", 88,
     "breaks the usbredir protocol"},
    {"packet of a host", HELLO64 ZEROS64 "\x02\0\0\0\0\0\0\0\0\0\0\0", 88,
     "breaks the usbredir protocol"},
    {"short packet", HELLO64 ZEROS64 "\x64\0\0\0\x03\0\0\0\0\0\0\0abc", 91,
     "breaks the usbredir protocol"},
    {"bulk receiving", HELLO64 ZEROS64 "\x19\0\0\0\x0a\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\x81\x04", 98,
     "breaks the usbredir protocol"},
};

static void test_garbage(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(garbage); i++) {
        Fixture f;

        prepare(&f, &bulk_camera);
        listen_as_qemu(&f);
        start_host(&f, REDIR_CONNECT, FALSE);
        int fd = accept_one(f.listen_fd);
        g_assert_cmpint(send(fd, garbage[i].bytes, garbage[i].size, 0), ==,
                        (gssize)garbage[i].size);
        FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
        g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_PROTOCOL);
        if (strstr(f.error->message, garbage[i].hint) == NULL)
            g_error("%s: '%s'", garbage[i].name, f.error->message);
        close(fd);
        finish(&f);
    }
}

static void test_refused(void)
{
    static const struct usbredirfilter_rule deny = {-1, -1, -1, -1, 0};
    static const struct usbredirfilter_rule cameras[] = {{0x0e, -1, -1, -1, 1},
                                                         {-1, -1, -1, -1, 0}};
    Fixture f;

    attach(&f, &bulk_camera);
    usbredirparser_send_filter_filter(f.qemu->parser, cameras, 2);
    fake_qemu_flush(f.qemu);
    configure(&f);
    usbredirparser_send_filter_filter(f.qemu->parser, &deny, 1);
    fake_qemu_flush(f.qemu);
    FAKE_WAIT(f.error != NULL);
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_REFUSED);
    g_assert_nonnull(strstr(f.error->message, "0x0e:-1:-1:-1:1"));
    finish(&f);

    attach(&f, &bulk_camera);
    usbredirparser_send_filter_reject(f.qemu->parser);
    fake_qemu_flush(f.qemu);
    FAKE_WAIT(f.error != NULL);
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_REFUSED);
    g_assert_nonnull(strstr(f.error->message, "high-speed"));
    finish(&f);
}

static gsize outstanding(Fixture *f)
{
    RedirHostStatistics statistics;

    redir_host_get_statistics(f->host, &statistics);
    return statistics.outstanding;
}

/* Sends what it can without waiting. */
static void flood(Fixture *f)
{
    for (guint i = 0; i < 1000 && !usbredirparser_has_data_to_write(f->qemu->parser); i++)
        fake_qemu_control(f->qemu, 0x80, 6, 0x0200, 0, 4096, NULL);
    fake_qemu_flush(f->qemu);
}

/* A peer that asks and asks and reads nothing. */
static void test_never_reads_control(void)
{
    Fixture f;
    gsize most = 0;

    attach(&f, &bulk_camera);
    configure(&f);
    fake_qemu_set_reading(f.qemu, FALSE);
    for (guint i = 0; i < 300; i++) {
        flood(&f);
        g_main_context_iteration(NULL, FALSE);
        most = MAX(most, outstanding(&f));
    }
    g_assert_cmpuint(most, >, REDIR_MAX_BACKLOG / 2);
    g_assert_cmpuint(most, <, REDIR_MAX_BACKLOG + 8192);

    /* It reads again: everything is answered, once. */
    fake_qemu_set_reading(f.qemu, TRUE);
    while (usbredirparser_has_data_to_write(f.qemu->parser)) {
        fake_qemu_flush(f.qemu);
        fake_step();
    }
    guint64 last = fake_qemu_control(f.qemu, 0x80, 6, 0x0100, 0, 18, NULL);
    FAKE_WAIT(f.qemu->answers.tail && ((FakeAnswer *)f.qemu->answers.tail->data)->id == last);
    g_assert_cmpuint(f.qemu->answers.length, ==, last - (G_GUINT64_CONSTANT(1) << 32) - 1);
    g_assert_cmpint(f.state, ==, REDIR_HOST_ATTACHED);
    finish(&f);
}

static void test_never_reads_bulk(void)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    const gsize size = 1920 * 1080 * 2;
    struct vcam_device_state state;
    Fixture f;
    gsize most = 0;

    start_bulk(&f, &raw_camera);
    fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 0, NULL);
    FAKE_WAIT(f.started == 1);
    fake_qemu_set_reading(f.qemu, FALSE);
    for (guint i = 0; i < 200; i++) {
        for (guint k = 0; k < 40; k++)
            fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, i % 2 ? 32768 : 8 << 20, NULL);
        push_frame(&f, i, size);
        g_main_context_iteration(NULL, FALSE);
        most = MAX(most, outstanding(&f));
    }
    g_assert_cmpuint(most, >, REDIR_MAX_BACKLOG);
    g_assert_cmpuint(most, <, REDIR_MAX_BACKLOG + size + 65536);
    vcam_device_get_state(f.device, &state);
    g_assert_cmpuint(state.frames_dropped, >, 100);

    /* It reads again: a frame arrives whole after what had been asked is through. */
    fake_qemu_set_reading(f.qemu, TRUE);
    g_autoptr(FakeAnswer) cleared = fake_qemu_wait(
        f.qemu, fake_qemu_control(f.qemu, 0x02, 1, 0, VCAM_STREAM_ENDPOINT, 0, NULL));
    g_assert_cmpuint(cleared->status, ==, usb_redir_success);
    g_queue_clear_full(&f.qemu->answers, (GDestroyNotify)fake_answer_free);
    fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 512, NULL);
    FAKE_WAIT(f.started == 2);
    cancel(&f, f.qemu->next_id);
    assert_status(&f, f.qemu->next_id, usb_redir_cancelled);
    push_frame(&f, 777, size);
    read_frame(&f, frame, 32768);
    assert_frame(frame, 777, size);
    finish(&f);
}

static void test_never_reads_iso(void)
{
    const gsize size = 1920 * 1080 * 2;
    Fixture f;
    gsize most = 0;

    attach(&f, &raw_iso_camera);
    configure(&f);
    commit(&f);
    start_iso(&f);
    fake_qemu_set_reading(f.qemu, FALSE);
    for (guint i = 0; i < 30; i++) {
        push_frame(&f, i, size);
        fake_step();
        most = MAX(most, outstanding(&f));
    }
    g_assert_cmpuint(most, >, REDIR_HOLD_ISO);
    g_assert_cmpuint(most, <, REDIR_MAX_BACKLOG + 65536);
    finish(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/redir/attach", test_attach);
    g_test_add_func("/redir/control", test_control);
    g_test_add_func("/redir/bulk", test_bulk);
    g_test_add_func("/redir/cancel", test_cancel);
    g_test_add_data_func("/redir/iso/high", &iso_camera, test_iso);
    g_test_add_data_func("/redir/iso/super", &super_iso_camera, test_iso);
    g_test_add_data_func("/redir/iso/full", &full_iso_camera, test_iso);
    g_test_add_func("/redir/interrupt", test_interrupt);
    g_test_add_func("/redir/no such endpoint", test_no_such_endpoint);
    g_test_add_func("/redir/reset", test_reset);
    g_test_add_func("/redir/reconnect", test_reconnect);
    g_test_add_data_func("/redir/stop/acknowledged", "ack", test_stop);
    g_test_add_data_func("/redir/stop/plain", NULL, test_stop);
    g_test_add_func("/redir/stop/early", test_stop_early);
    g_test_add_func("/redir/no hello", test_no_hello);
    g_test_add_func("/redir/listen", test_listen);
    g_test_add_func("/redir/cannot listen", test_cannot_listen);
    g_test_add_func("/redir/tcp", test_tcp);
    g_test_add_func("/redir/unreachable", test_unreachable);
    g_test_add_func("/redir/garbage", test_garbage);
    g_test_add_func("/redir/refused", test_refused);
    g_test_add_func("/redir/never reads/control", test_never_reads_control);
    g_test_add_func("/redir/never reads/bulk", test_never_reads_bulk);
    g_test_add_func("/redir/never reads/iso", test_never_reads_iso);
    return g_test_run();
}
