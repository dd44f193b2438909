/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The camera, the host and the guest's steps. */
#include "tests/unit/redir_fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "redir/transports/socket.h"

#define GET_CUR 0x81
#define SET_CUR 0x01
#define PROBE   0x0100 /* VS_PROBE_CONTROL as wValue */
#define COMMIT  0x0200

const Camera bulk_camera = {
    VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_MJPEG, 640, 480, 333333}, FALSE};
const Camera buffered_camera = {
    VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_MJPEG, 640, 480, 333333}, TRUE};
const Camera iso_camera = {
    VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, {VCAM_MJPEG, 640, 480, 333333}, FALSE};
const Camera super_iso_camera = {
    VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO, {VCAM_MJPEG, 640, 480, 333333}, FALSE};
const Camera full_iso_camera = {
    VCAM_SPEED_FULL, VCAM_TRANSFER_ISO, {VCAM_MJPEG, 320, 240, 333333}, FALSE};
const Camera raw_camera = {
    VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, {VCAM_YUY2, 1920, 1080, 333333}, FALSE};
const Camera raw_iso_camera = {
    VCAM_SPEED_SUPER, VCAM_TRANSFER_ISO, {VCAM_YUY2, 1920, 1080, 333333}, FALSE};

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

void push_frame(Fixture *f, guint number, gsize size)
{
    struct vcam_frame *frame = vcam_frame_new(&f->mode, size);

    frame->number = number;
    for (gsize i = 0; i < size; i++)
        frame->data[i] = (i * 31 + (i >> 8) * 7 + number) & 0xff;
    vcam_device_push_frame(f->device, frame, g_get_monotonic_time());
}

void assert_frame(const GByteArray *bytes, guint number, gsize size)
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
    g_string_append_c(f->states, "WCOALS"[state]);
    if (error != NULL) {
        g_clear_error(&f->error);
        f->error = g_error_copy(error);
    }
}

int socket_at(const char *path, gboolean listening)
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

int accept_one(int listen_fd)
{
    int fd;

    FAKE_WAIT((fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0);
    return fd;
}

static RedirChoice choose_device(gpointer user, gint64 round_trip_us, gboolean can_buffer)
{
    Fixture *f = user;

    (void)can_buffer;
    f->round_trip_us = round_trip_us;
    return (RedirChoice){f->device, f->buffered};
}

void prepare(Fixture *f, const Camera *camera)
{
    *f = (Fixture){.listen_fd = -1};
    f->dir = g_dir_make_tmp("redir-XXXXXX", NULL);
    g_assert_nonnull(f->dir);
    f->path = g_build_filename(f->dir, "usb.sock", NULL);
    f->address = g_strdup_printf("unix:%s", f->path);
    f->states = g_string_new(NULL);
    f->transport_new = redir_socket_transport_new;
    if (camera == NULL)
        return;
    f->device = make_device(f, camera);
    f->buffered = camera->buffered;
    f->gadget = redir_camera_new(choose_device, f);
}

const RedirTransportOps *socket_ops;

RedirTransport *socket_changed(RedirTransportOps *ops, const char *address, RedirRole role,
                               const RedirTransportEvents *events, GError **error)
{
    RedirTransport *transport = redir_socket_transport_new(address, role, events, error);

    socket_ops = transport->ops;
    *ops = *socket_ops;
    transport->ops = ops;
    return transport;
}

RedirTransport *lasting_new(const char *address, RedirRole role, const RedirTransportEvents *events,
                            GError **error)
{
    static RedirTransportOps ops;
    RedirTransport *transport = socket_changed(&ops, address, role, events, error);

    ops.lasting = TRUE;
    return transport;
}

/* A transport may refuse whenever it likes. */
static gboolean narrow_send(RedirTransport *transport, guint8 *data, gsize size)
{
    return socket_ops->outstanding(transport) == 0 && socket_ops->send(transport, data, size);
}

static RedirTransport *narrow_new(const char *address, RedirRole role,
                                  const RedirTransportEvents *events, GError **error)
{
    static RedirTransportOps ops;
    RedirTransport *transport = socket_changed(&ops, address, role, events, error);

    ops.send = narrow_send;
    return transport;
}

void start_host(Fixture *f, RedirRole role, gboolean retry)
{
    const RedirHostOptions options = {
        .address = f->address,
        .role = role,
        .transport_new = f->transport_new,
        .retry = retry,
        .asks_distance = f->asks_distance,
        .hello_timeout_ms = 100,
        .configure_timeout_ms = 100,
        .first_delay_ms = 10,
    };
    const RedirHostEvents events = {.state = on_state, .user = f};
    g_autoptr(GError) error = NULL;

    f->host = redir_host_new(f->gadget, &options, &events, &error);
    g_assert_no_error(error);
    g_assert_true(redir_host_start(f->host, &error));
    g_assert_no_error(error);
}

void listen_as_qemu(Fixture *f)
{
    f->listen_fd = socket_at(f->path, TRUE);
}

void begin_qemu(Fixture *f, int fd, guint32 lacks)
{
    f->qemu = fake_qemu_new(fd, lacks);
    FAKE_WAIT(strstr(f->qemu->order->str, "device_connect") != NULL);
}

static void attach_prepared(Fixture *f, guint32 lacks)
{
    listen_as_qemu(f);
    start_host(f, REDIR_CONNECT, TRUE);
    begin_qemu(f, accept_one(f->listen_fd), lacks);
}

void attach(Fixture *f, const Camera *camera)
{
    prepare(f, camera);
    attach_prepared(f, 0);
}

void attach_narrow(Fixture *f, const Camera *camera, guint32 lacks)
{
    prepare(f, camera);
    f->transport_new = narrow_new;
    attach_prepared(f, lacks);
}

void finish(Fixture *f)
{
    redir_host_free(f->host);
    fake_qemu_free(f->qemu);
    if (f->listen_fd >= 0) {
        close(f->listen_fd);
        g_unlink(f->path);
    }
    redir_camera_free(f->gadget);
    vcam_device_free(f->device);
    g_assert_cmpuint(f->started, ==, f->stopped);
    g_assert_cmpint(g_rmdir(f->dir), ==, 0); /* the socket's file is gone */
    g_free(f->dir);
    g_free(f->path);
    g_free(f->address);
    g_string_free(f->states, TRUE);
    g_clear_error(&f->error);
}

void configure(Fixture *f)
{
    g_autoptr(FakeAnswer) answer = fake_qemu_wait(f->qemu, fake_qemu_set_configuration(f->qemu, 1));

    g_assert_cmpuint(answer->status, ==, usb_redir_success);
    g_assert_cmpuint(answer->value, ==, 1);
    FAKE_WAIT(f->state == REDIR_HOST_ATTACHED);
}

void commit(Fixture *f)
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

void start_bulk(Fixture *f, const Camera *camera)
{
    attach(f, camera);
    configure(f);
    commit(f);
}

/* ---- what a guest does ---- */

guint64 start_buffered(Fixture *f, guint8 endpoint)
{
    struct usb_redir_start_bulk_receiving_header header = {
        .stream_id = 0, .bytes_per_transfer = 4096, .endpoint = endpoint, .no_transfers = 5};

    usbredirparser_send_start_bulk_receiving(f->qemu->parser, ++f->qemu->next_id, &header);
    fake_qemu_flush(f->qemu);
    return f->qemu->next_id;
}

void read_frame(Fixture *f, GByteArray *frame, guint length)
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

void assert_status(Fixture *f, guint64 id, guint8 status)
{
    g_autoptr(FakeAnswer) answer = fake_qemu_wait(f->qemu, id);

    g_assert_cmpuint(answer->status, ==, status);
    g_assert_cmpuint(answer->length, ==, 0);
    g_assert_null(answer->data);
}

void cancel(Fixture *f, guint64 id)
{
    usbredirparser_send_cancel_data_packet(f->qemu->parser, id);
    fake_qemu_flush(f->qemu);
}

void begin_bulk(Fixture *f)
{
    guint64 first = fake_qemu_bulk(f->qemu, VCAM_STREAM_ENDPOINT, 512, NULL);

    FAKE_WAIT(f->started == f->stopped + 1);
    cancel(f, first);
    assert_status(f, first, usb_redir_cancelled);
}

void send_start_iso(Fixture *f, guint8 endpoint)
{
    struct usb_redir_start_iso_stream_header header = {endpoint, 10, 6};

    usbredirparser_send_start_iso_stream(f->qemu->parser, ++f->qemu->next_id, &header);
    fake_qemu_flush(f->qemu);
}

void start_iso(Fixture *f)
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
