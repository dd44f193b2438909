/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions of the virtual camera recorded, and played to another QEMU: it gets the same answers and
   the same pictures. And files that are no recordings, or broken ones. */
#include "redir/replay.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "redir/error.h"
#include "redir/transports/socket.h"
#include "redir/transports/tap.h"
#include "tests/unit/program.h"
#include "tests/unit/redir_fixture.h"

#define GET_DESCRIPTOR 6

static char *program;

/* ---- recording ---- */

static RedirRecorder *recorder;

static void on_opened(gpointer user)
{
    (void)user;
    redir_recorder_begin(recorder, g_get_monotonic_time());
}

static void on_packet(gpointer user, RedirDirection direction, const guint8 *bytes, gsize size,
                      const RedirPacketView *packet)
{
    (void)user, (void)packet;
    redir_recorder_packet(recorder, direction, bytes, size, g_get_monotonic_time());
}

static RedirTransport *recorded_new(const char *address, RedirRole role,
                                    const RedirTransportEvents *events, GError **error)
{
    const RedirTapEvents tap = {on_opened, on_packet, NULL};

    return redir_tap_new(redir_socket_transport_new(address, role, events, error), &tap);
}

static void begin(Fixture *f)
{
    listen_as_qemu(f);
    start_host(f, REDIR_CONNECT, FALSE);
    begin_qemu(f, accept_one(f->listen_fd), 0);
}

static void begin_recording(Fixture *f, const Camera *camera, char **ret_path)
{
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("replay-XXXXXX", ret_path, &error);

    g_assert_no_error(error);
    close(fd);
    recorder = redir_recorder_new(*ret_path, &error);
    g_assert_no_error(error);
    prepare(f, camera);
    f->transport_new = recorded_new;
    begin(f);
}

static GBytes *end_recording(Fixture *f, const char *path)
{
    char *text;
    gsize size;

    finish(f);
    g_assert_true(redir_recorder_free(recorder));
    g_assert_true(g_file_get_contents(path, &text, &size, NULL));
    g_unlink(path);
    return g_bytes_new_take(text, size);
}

static FakeAnswer *get_descriptor(Fixture *f, guint16 value, guint16 length)
{
    return fake_qemu_wait(f->qemu,
                          fake_qemu_control(f->qemu, 0x80, GET_DESCRIPTOR, value, 0, length, NULL));
}

static const gsize frame_sizes[] = {1000, 16384 - 12, 40000};

static GBytes *record_bulk(void)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    g_autofree char *path = NULL;
    Fixture f;

    begin_recording(&f, &bulk_camera, &path);
    fake_answer_free(get_descriptor(&f, 0x0100, 64));
    fake_answer_free(get_descriptor(&f, 0x0200, 4096));
    configure(&f);
    commit(&f);
    begin_bulk(&f);
    for (guint i = 0; i < G_N_ELEMENTS(frame_sizes); i++) {
        push_frame(&f, i, frame_sizes[i]);
        read_frame(&f, frame, 16384);
        assert_frame(frame, i, frame_sizes[i]);
    }
    return end_recording(&f, path);
}

/* The same to a QEMU that does not ask for each. */
static GBytes *record_buffered(void)
{
    g_autofree char *path = NULL;
    Fixture f;

    begin_recording(&f, &buffered_camera, &path);
    configure(&f);
    commit(&f);
    assert_status(&f, start_buffered(&f, VCAM_STREAM_ENDPOINT), usb_redir_success);
    for (guint i = 0; i < G_N_ELEMENTS(frame_sizes); i++) {
        push_frame(&f, i, frame_sizes[i]);
        fake_answer_free(fake_qemu_wait_type(f.qemu, usb_redir_buffered_bulk_packet));
    }
    return end_recording(&f, path);
}

/* A stream of three frames, of which the packets up to the last one's end are looked at. */
static GBytes *record_iso(void)
{
    g_autofree char *path = NULL;
    Fixture f;

    begin_recording(&f, &iso_camera, &path);
    configure(&f);
    commit(&f);
    start_iso(&f);
    for (guint i = 0; i < 3; i++) {
        push_frame(&f, i, 9000);
        for (guint packets = 0; packets < 10; packets++)
            fake_answer_free(fake_qemu_wait_type(f.qemu, usb_redir_iso_packet));
    }
    return end_recording(&f, path);
}

/* ---- playing ---- */

static RedirRecordedDevice *parse(GBytes *recording)
{
    g_autoptr(GError) error = NULL;
    gsize size;
    const guint8 *bytes = g_bytes_get_data(recording, &size);
    RedirRecordedDevice *device = redir_recorded_device_new(bytes, size, &error);

    g_assert_no_error(error);
    return device;
}

static void begin_replay(Fixture *f, const RedirRecordedDevice *device)
{
    prepare(f, NULL);
    f->gadget = redir_replay_new(device, NULL, NULL);
    begin(f);
    g_assert_cmpstr(f->qemu->order->str, ==, "hello interface_info ep_info device_connect ");
    g_assert_cmpuint(f->qemu->interfaces.interface_count, ==, 2);
}

static void end_replay(Fixture *f)
{
    redir_host_stop(f->host);
    FAKE_WAIT(f->state == REDIR_HOST_STOPPED);
    g_assert_no_error(f->error);
    g_assert_true(g_str_has_suffix(f->qemu->order->str, "device_disconnect "));
    redir_host_free(g_steal_pointer(&f->host));
    redir_replay_free(g_steal_pointer(&f->gadget));
    finish(f);
}

/* The same pictures for requests of the recorded length, and of shorter and longer ones. */
static void play_bulk(GBytes *recording, guint length)
{
    g_autoptr(RedirRecordedDevice) device = parse(recording);
    g_autoptr(GByteArray) frame = g_byte_array_new();
    Fixture f;

    begin_replay(&f, device);
    configure(&f);
    commit(&f);
    for (guint i = 0; i < 3 * G_N_ELEMENTS(frame_sizes); i++) {
        guint n = i % G_N_ELEMENTS(frame_sizes);
        read_frame(&f, frame, length);
        assert_frame(frame, n, frame_sizes[n]);
    }
    end_replay(&f);
}

static void test_bulk(gconstpointer length)
{
    g_autoptr(GBytes) recording = record_bulk();

    play_bulk(recording, GPOINTER_TO_UINT(length));
}

static void test_buffered(gconstpointer length)
{
    g_autoptr(GBytes) recording = record_buffered();

    play_bulk(recording, GPOINTER_TO_UINT(length));
}

static void test_control(void)
{
    g_autoptr(GBytes) recording = record_bulk();
    g_autoptr(RedirRecordedDevice) device = parse(recording);
    Fixture f;

    begin_replay(&f, device);
    g_autoptr(FakeAnswer) whole = get_descriptor(&f, 0x0100, 64);
    g_autoptr(FakeAnswer) longer = get_descriptor(&f, 0x0100, 255);
    g_autoptr(FakeAnswer) cut = get_descriptor(&f, 0x0100, 8);
    g_assert_cmpuint(g_bytes_get_size(whole->data), ==, 18);
    g_assert_true(g_bytes_equal(whole->data, longer->data));
    g_assert_cmpuint(cut->length, ==, 8);
    g_assert_cmpmem(g_bytes_get_data(cut->data, NULL), g_bytes_get_size(cut->data),
                    g_bytes_get_data(whole->data, NULL), 8);
    assert_status(&f, fake_qemu_control(f.qemu, 0x80, GET_DESCRIPTOR, 0x0f00, 0, 5, NULL),
                  usb_redir_stall);
    assert_status(&f, fake_qemu_bulk(f.qemu, 0x8f, 512, NULL), usb_redir_stall);
    assert_status(&f, fake_qemu_set_configuration(f.qemu, 9), usb_redir_inval);
    assert_status(&f, fake_qemu_set_alt(f.qemu, 1, 200), usb_redir_inval);
    configure(&f);
    fake_qemu_reset(f.qemu);
    configure(&f);
    end_replay(&f);
}

/* A stream that the guest gives up and begins again begins from its start. */
static void test_cancel(void)
{
    g_autoptr(GBytes) recording = record_bulk();
    g_autoptr(RedirRecordedDevice) device = parse(recording);
    g_autoptr(GByteArray) frame = g_byte_array_new();
    Fixture f;

    begin_replay(&f, device);
    configure(&f);
    for (guint i = 0; i < 2; i++) {
        read_frame(&f, frame, 16384);
        assert_frame(frame, 0, frame_sizes[0]);
        guint64 last = 0;
        for (guint n = 0; n < 20; n++)
            last = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
        guint64 first = last - 19;
        for (guint64 id = first; id <= last; id++)
            cancel(&f, id);
        g_autoptr(FakeAnswer) answer = fake_qemu_wait(f.qemu, last);
        FAKE_WAIT(answer->status == usb_redir_cancelled);
    }
    end_replay(&f);
}

static RedirGadgetStatistics statistics_of(Fixture *f)
{
    RedirHostStatistics statistics;

    redir_host_get_statistics(f->host, &statistics);
    return statistics.gadget;
}

/* Pictures are asked for before all is read that was asked for earlier. */
static void test_reads_late(void)
{
    g_autoptr(GBytes) recording = record_bulk();
    g_autoptr(RedirRecordedDevice) device = parse(recording);
    Fixture f;

    begin_replay(&f, device);
    configure(&f);
    fake_qemu_set_reading(f.qemu, FALSE);
    while (statistics_of(&f).outstanding <= REDIR_MAX_BACKLOG) {
        for (guint i = 0; i < 100; i++)
            fake_qemu_control(f.qemu, 0x80, GET_DESCRIPTOR, 0x0200, 0, 4096, NULL);
        fake_step();
    }
    guint64 id = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
    guint64 taken;
    do {
        taken = statistics_of(&f).bytes_in;
        for (guint i = 0; i < 5; i++)
            fake_step();
    } while (statistics_of(&f).bytes_in > taken);
    fake_qemu_set_reading(f.qemu, TRUE);
    g_autoptr(FakeAnswer) answer = fake_qemu_wait(f.qemu, id);
    g_assert_cmpuint(answer->status, ==, usb_redir_success);
    end_replay(&f);
}

static void test_iso(void)
{
    g_autoptr(GBytes) recording = record_iso();
    g_autoptr(RedirRecordedDevice) device = parse(recording);
    const GPtrArray *streams = device->streams[redir_endpoint_place(VCAM_STREAM_ENDPOINT)];
    Fixture f;

    g_assert_cmpuint(streams->len, ==, 1);
    const GArray *data = ((RedirRecordedStream *)streams->pdata[0])->data;
    g_assert_cmpuint(data->len, >=, 30);
    begin_replay(&f, device);
    configure(&f);
    const RedirRecordedChange *change =
        &g_array_index(device->changes, RedirRecordedChange, device->changes->len - 1);
    g_autoptr(FakeAnswer) alt =
        fake_qemu_wait(f.qemu, fake_qemu_set_alt(f.qemu, change->interface, change->value));
    g_assert_cmpuint(alt->status, ==, usb_redir_success);
    g_assert_cmpuint(f.qemu->endpoints.type[0x11], ==, usb_redir_type_iso);
    send_start_iso(&f, VCAM_STREAM_ENDPOINT);
    assert_status(&f, f.qemu->next_id, usb_redir_success);
    /* What QEMU does not read in time is left out, and counted. */
    for (guint64 next = 0; next < 2 * data->len;) {
        g_autoptr(FakeAnswer) is = fake_qemu_wait_type(f.qemu, usb_redir_iso_packet);
        const RedirRecordedData *was = &g_array_index(data, RedirRecordedData, is->id % data->len);
        g_assert_cmpuint(is->id, >=, next);
        next = is->id + 1;
        g_assert_cmpmem(is->data ? g_bytes_get_data(is->data, NULL) : NULL,
                        is->data ? g_bytes_get_size(is->data) : 0,
                        device->recording.bytes + was->offset, was->size);
    }
    end_replay(&f);
}

/* Redirected webcams of 'camredir record' (tests/guest/guest_redirect.c makes such). */
static void test_camera(gconstpointer name)
{
    g_autofree char *path = g_strdup_printf("tests/cameras/%s.rec", (const char *)name);
    char *bytes;
    gsize size;

    g_assert_true(g_file_get_contents(path, &bytes, &size, NULL));
    g_autoptr(GBytes) recording = g_bytes_new_take(bytes, size);
    g_autoptr(RedirRecordedDevice) device = parse(recording);
    const GPtrArray *streams = device->streams[redir_endpoint_place(VCAM_STREAM_ENDPOINT)];
    Fixture f;

    g_assert_cmpuint(streams->len, ==, 1);
    begin_replay(&f, device);
    configure(&f);
    g_autoptr(FakeAnswer) answer = get_descriptor(&f, 0x0100, 18);
    g_assert_cmpuint(g_bytes_get_size(answer->data), ==, 18);
    end_replay(&f);
}

/* ---- files ---- */

/* Each packet is a byte or a few longer than the one before, and the last one than what is read of
   a file at once. */
static char *write_iso_packets(void)
{
    g_autofree guint8 *packet = g_malloc0(1024 * 1024);
    char *path = NULL;
    int fd = g_file_open_tmp("replay-XXXXXX", &path, NULL);

    recorder = redir_recorder_new(path, NULL);
    redir_recorder_begin(recorder, 1);
    for (guint i = 0; i < 1000; i++) {
        guint32 size = i < 999 ? 12 + 4 + i : 1024 * 1024,
                type = GUINT32_TO_LE(usb_redir_iso_packet), length = GUINT32_TO_LE(size - 12),
                id = GUINT32_TO_LE(i);
        memset(packet, (guint8)i, size);
        memcpy(packet, &type, sizeof type);
        memcpy(packet + 4, &length, sizeof length);
        memcpy(packet + 8, &id, sizeof id);
        redir_recorder_packet(recorder, REDIR_TO_VM, packet, size, 1 + i);
    }
    g_assert_true(redir_recorder_free(recorder));
    close(fd);
    return path;
}

/* Read piece by piece it is what it is as a whole. */
static void test_file(void)
{
    g_autofree char *path = write_iso_packets(), *bytes = NULL;
    g_auto(RedirRecordReader) pieces, whole;
    RedirRecording file, memory = {0};
    g_autoptr(GError) error = NULL;
    RedirRecord piece, same;
    guint count = 0;

    g_assert_true(redir_recording_open(&file, path, &error));
    g_assert_true(g_file_get_contents(path, &bytes, &memory.size, NULL));
    g_unlink(path);
    memory.bytes = (guint8 *)bytes;
    g_assert_true(redir_record_reader_init(&pieces, &file, &error));
    g_assert_true(redir_record_reader_init(&whole, &memory, &error));
    for (; redir_record_next(&pieces, &piece, &error); count++) {
        g_assert_true(redir_record_next(&whole, &same, &error));
        g_assert_cmpmem(piece.packet.body, piece.packet.size, same.packet.body, same.packet.size);
        g_assert_cmpuint(piece.body_offset, ==, same.body_offset);
        g_assert_cmpmem(bytes + piece.body_offset, piece.packet.size, piece.packet.body,
                        piece.packet.size);
    }
    g_assert_no_error(error);
    g_assert_cmpuint(count, ==, 1001);
    close(file.fd);
}

static void test_no_file(void)
{
    static const char *const paths[] = {"/nowhere/file", "/", "/dev/null"};

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(redir_recorded_device_open(paths[i], &error));
        g_assert_error(error, REDIR_ERROR, REDIR_ERROR_FAILED);
    }
}

static GSubprocess *play_file(Fixture *f, const char *path)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_PIPE);
    g_autoptr(GError) error = NULL;
    prepare(f, NULL);
    listen_as_qemu(f);
    g_subprocess_launcher_set_child_setup(launcher, end_with_test, NULL, NULL);
    GSubprocess *process = g_subprocess_launcher_spawn(launcher, &error, program, "replay", path,
                                                       "--to", f->address, NULL);

    g_assert_no_error(error);
    begin_qemu(f, accept_one(f->listen_fd), 0);
    fake_answer_free(fake_qemu_wait(f->qemu, fake_qemu_set_configuration(f->qemu, 1)));
    return process;
}

static guint64 ask_bulk(Fixture *f)
{
    return fake_qemu_bulk(f->qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
}

static guint64 ask_control(Fixture *f)
{
    return fake_qemu_control(f->qemu, 0x80, GET_DESCRIPTOR, 0x0200, 0, 4096, NULL);
}

/* Somebody makes the file shorter while it is played: one line, and the device leaves as it should.
 */
static void test_cut_meanwhile(gconstpointer ask)
{
    g_autoptr(GBytes) recording = record_bulk();
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL, *said = NULL, *line = NULL;
    Fixture f;

    close(g_file_open_tmp("replay-XXXXXX", &path, NULL));
    g_assert_true(g_file_set_contents(path, g_bytes_get_data(recording, NULL),
                                      (gssize)g_bytes_get_size(recording), NULL));
    g_autoptr(GSubprocess) process = play_file(&f, path);
    g_autoptr(FakeAnswer) before = fake_qemu_wait(f.qemu, ask_bulk(&f));
    g_assert_cmpuint(before->length, ==, frame_sizes[0] + 12);
    g_assert_cmpint(truncate(path, 200), ==, 0);
    guint64 id = ((guint64(*)(Fixture *))ask)(&f);
    g_autoptr(FakeAnswer) after = fake_qemu_wait(f.qemu, id);
    g_assert_cmpuint(after->status, !=, usb_redir_success);
    FAKE_WAIT(f.qemu->closed);
    g_assert_true(g_str_has_suffix(f.qemu->order->str, "device_disconnect "));
    g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, NULL, &said, &error));
    g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 3);
    line = g_strdup_printf("camredir: %s: the recording has been cut short meanwhile\n", path);
    g_assert_true(g_str_has_suffix(said, line));
    g_unlink(path);
    finish(&f);
}

static gboolean is_recording(const guint8 *bytes, gsize size, char **ret_why)
{
    g_autoptr(GError) error = NULL;
    guint8 *exact = g_memdup2(bytes, size); /* so that ASan sees each over-read */
    g_autoptr(RedirRecordedDevice) device = redir_recorded_device_new(exact, size, &error);

    if (device == NULL)
        g_assert_error(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL);
    if (ret_why != NULL)
        *ret_why = error ? g_strdup(error->message) : NULL;
    g_free(exact);
    return device != NULL;
}

/* Up to the device's connection it is none, from then on it is, wherever it ends. */
static void test_cut_short(void)
{
    g_autoptr(GBytes) recording = record_bulk();
    gsize size;
    const guint8 *bytes = g_bytes_get_data(recording, &size);
    gboolean was = FALSE;

    for (gsize cut = 0; cut < size; cut += cut < 2000 ? 1 : 997) {
        gboolean is = is_recording(bytes, cut, NULL);
        g_assert_true(is || !was);
        was = is;
    }
    g_assert_true(was);
}

static const struct {
    const char *what;
    guint at;
    guint8 value;
    const char *says;
} faults[] = {
    {"another file", 0, 'x', "no recording"},
    {"a later format", 13, '2', "no recording"},
    {"an unknown kind", 16, 9, "byte 16: a record of an unknown kind"},
    {"a reserved byte", 18, 1, "byte 16: a record of an unknown kind"},
    {"a beginning with bytes", 20, 1, "byte 16: a record of an impossible length"},
    {"a packet of 4 GB", 39, 0xff, "byte 32: a record of an impossible length"},
    {"a time before the first", 47, 0x80, "byte 32: a time that runs backwards"},
    {"a packet of another length", 52, 1, "byte 32: what is recorded is no usbredir packet"},
};

static void test_broken(void)
{
    g_autoptr(GBytes) recording = record_bulk();
    gsize size;
    const guint8 *bytes = g_bytes_get_data(recording, &size);

    for (gsize i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree guint8 *copy = g_memdup2(bytes, size);
        g_autofree char *why = NULL;
        copy[faults[i].at] = faults[i].value;
        g_test_message("%s", faults[i].what);
        g_assert_false(is_recording(copy, size, &why));
        if (strstr(why, faults[i].says) == NULL)
            g_error("'%s' is not in '%s'", faults[i].says, why);
    }
}

static void test_full_disk(void)
{
    static guint8 bytes[65536];
    g_autoptr(GError) error = NULL;

    recorder = redir_recorder_new("/nowhere/file", &error);
    g_assert_null(recorder);
    g_assert_error(error, REDIR_ERROR, REDIR_ERROR_FAILED);
    recorder = redir_recorder_new("/dev/full", NULL);
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "/dev/full: *recording ends here*");
    for (guint i = 0; i < 10; i++)
        redir_recorder_packet(recorder, REDIR_TO_VM, bytes, sizeof bytes, i);
    g_test_assert_expected_messages();
    g_assert_false(redir_recorder_free(recorder));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    program = program_path(argv[0], "camredir");
    g_test_add_data_func("/replay/bulk/as-recorded", GUINT_TO_POINTER(16384), test_bulk);
    g_test_add_data_func("/replay/bulk/shorter", GUINT_TO_POINTER(512), test_bulk);
    g_test_add_data_func("/replay/bulk/longer", GUINT_TO_POINTER(100000), test_bulk);
    g_test_add_data_func("/replay/buffered", GUINT_TO_POINTER(16384), test_buffered);
    g_test_add_data_func("/replay/buffered/longer", GUINT_TO_POINTER(100000), test_buffered);
    g_test_add_func("/replay/control", test_control);
    g_test_add_func("/replay/cancel", test_cancel);
    g_test_add_func("/replay/reads-late", test_reads_late);
    g_test_add_func("/replay/iso", test_iso);
    g_test_add_data_func("/replay/camera/bulk", "bulk", test_camera);
    g_test_add_data_func("/replay/camera/iso", "iso", test_camera);
    g_test_add_func("/replay/file", test_file);
    g_test_add_func("/replay/no-file", test_no_file);
    g_test_add_data_func("/replay/cut-meanwhile/bulk", ask_bulk, test_cut_meanwhile);
    g_test_add_data_func("/replay/cut-meanwhile/control", ask_control, test_cut_meanwhile);
    g_test_add_func("/replay/cut-short", test_cut_short);
    g_test_add_func("/replay/broken", test_broken);
    g_test_add_func("/replay/full-disk", test_full_disk);
    int result = g_test_run();
    g_free(program);
    return result;
}
