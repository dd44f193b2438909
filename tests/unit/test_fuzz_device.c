/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fuzzed device on the wire, before a QEMU made of libusbredirparser: when it tells a status,
   what of that and of its payloads is wrong, and that it is not taken, or leaves; and how long
   something was quiet. */
#include <string.h>
#include <sys/socket.h>

#include "tests/unit/fake_qemu.h"
#include "tools/fuzz/device.h"
#include "tools/fuzz/quiet.h"

#define STREAM   0x81
#define STATUS   0x83
#define SET_CUR  1
#define ENTITY   5
#define SELECTOR 2

static FuzzDevice *device;
static FakeQemu *qemu;

static void plug(const FuzzFault *faults, guint n)
{
    int fds[2];
    FuzzCase *fuzz_case = fuzz_case_simplest(usb_redir_speed_high);

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), ==, 0);
    device = fuzz_device_new(fds[0]);
    qemu = fake_qemu_new(fds[1], 0);
    g_assert_true(fuzz_device_receive(device));
    g_array_append_vals(fuzz_case->faults, faults, n);
    g_assert_true(fuzz_device_plug(device, fuzz_case, FALSE));
    FAKE_WAIT(strstr(qemu->order->str, "device_connect "));
    fuzz_case_free(fuzz_case);
}

static void unplug(void)
{
    g_assert_true(fuzz_device_unplug(device));
    fuzz_device_free(device);
    fake_qemu_free(qemu);
}

static void listen_to_status(void)
{
    struct usb_redir_start_interrupt_receiving_header start = {STATUS};

    usbredirparser_send_start_interrupt_receiving(qemu->parser, ++qemu->next_id, &start);
    fake_qemu_flush(qemu);
    g_assert_true(fuzz_device_receive(device));
}

static void stop_listening(void)
{
    struct usb_redir_stop_interrupt_receiving_header stop = {STATUS};

    usbredirparser_send_stop_interrupt_receiving(qemu->parser, ++qemu->next_id, &stop);
    fake_qemu_flush(qemu);
    g_assert_true(fuzz_device_receive(device));
}

static void write_control(guint8 entity, guint16 n, const guint8 *value)
{
    guint64 id = fake_qemu_control(qemu, 0x21, SET_CUR, SELECTOR << 8, entity << 8, n, value);

    g_assert_true(fuzz_device_receive(device));
    g_autoptr(FakeAnswer) answer = fake_qemu_wait(qemu, id);
    g_assert_cmpuint(answer->status, ==, usb_redir_success);
}

static void assert_told(const guint8 *bytes, gsize size)
{
    g_autoptr(FakeAnswer) told = fake_qemu_wait_type(qemu, usb_redir_interrupt_packet);
    gsize n;
    const guint8 *data = g_bytes_get_data(told->data, &n);

    g_assert_cmphex(told->endpoint, ==, STATUS);
    g_assert_cmpmem(data, n, bytes, size);
}

/* An occasion without a fault tells nothing: what comes next is the next one's. */
static void test_status(void)
{
    static const FuzzFault faults[] = {{FUZZ_FAULT_INTERRUPT_BYTE, 0, 3 << 8 | 9},
                                       {FUZZ_FAULT_INTERRUPT, 2, 3 << 24 | 0x030201},
                                       {FUZZ_FAULT_INTERRUPT, 2, 6 << 24 | ENTITY << 8 | 1},
                                       {FUZZ_FAULT_INTERRUPT_BYTE, 3, 7 << 8 | 0x55},
                                       {FUZZ_FAULT_INTERRUPT_BYTE, 4, 0 << 8 | 7}};
    static const guint8 value[] = {0xa1, 0xa2}, longer[40] = {0xb1};

    plug(faults, G_N_ELEMENTS(faults));
    write_control(ENTITY, 2, value); /* nobody listens: no occasion */
    listen_to_status();
    assert_told((guint8[]){2, 1, 0, 9}, 4);
    write_control(0, 2, value); /* of the interface: none either */
    write_control(ENTITY, 2, value);
    write_control(ENTITY, 2, value);
    assert_told((guint8[]){1, 2, 3}, 3);
    assert_told((guint8[]){1, ENTITY, 0, SELECTOR, 0, 0xa1}, 6);
    write_control(ENTITY, 2, value);
    assert_told((guint8[]){1, ENTITY, 0, SELECTOR, 0, 0xa1, 0xa2, 0x55}, 8);
    stop_listening();
    write_control(ENTITY, 2, value);
    listen_to_status();
    assert_told((guint8[]){7, ENTITY, 0, SELECTOR, 0, 0xa1, 0xa2}, 7);
    write_control(ENTITY, sizeof longer, longer);
    write_control(ENTITY, 0, NULL);
    unplug();
}

/* Of a speed that the port does not have: nothing will be asked of it, and the next one may come.
 */
static void test_rejected(void)
{
    plug(NULL, 0);
    g_assert_false(fuzz_device_state(device).gone);
    fake_qemu_reject(qemu);
    g_assert_true(fuzz_device_receive(device));
    g_assert_true(fuzz_device_state(device).gone);
    g_assert_cmpuint(fuzz_device_state(device).requests, ==, 0);
    unplug();
}

static void test_quiet(void)
{
    static const struct {
        gint64 now_ms;
        guint64 count;
        gint64 quiet_ms;
    } rows[] = {{1000, 0, 0},   {1400, 0, 400}, {1500, 3, 0},   {1500, 3, 0},
                {1750, 3, 250}, {2000, 2, 0},   {9000, 2, 7000}};
    FuzzQuiet quiet = fuzz_quiet_begin(rows[0].now_ms);

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(fuzz_quiet_ms(&quiet, rows[i].count, rows[i].now_ms), ==, rows[i].quiet_ms);
}

static void take_payload(guint8 least_header, guint8 most_header)
{
    guint64 id = fake_qemu_bulk(qemu, STREAM, 1024, NULL);

    g_assert_true(fuzz_device_receive(device));
    g_autoptr(FakeAnswer) answer = fake_qemu_wait(qemu, id);
    const guint8 *data = g_bytes_get_data(answer->data, NULL);
    g_assert_cmpuint(data[0], >=, least_header);
    g_assert_cmpuint(data[0], <=, most_header);
    g_assert_true(most_header == 12 || answer->length == data[0]);
}

/* Headers alone, as many as no picture has, and then pictures again; with the last one it is gone,
   and what is asked then is not answered. */
static void test_payloads(void)
{
    static const FuzzFault faults[] = {{FUZZ_FAULT_PAYLOAD_HEADERS, 1, 255},
                                       {FUZZ_FAULT_PAYLOAD_UNPLUG, 202, 0}};

    plug(faults, G_N_ELEMENTS(faults));
    take_payload(12, 12);
    for (guint i = 0; i < 200; i++)
        take_payload(255, 255);
    take_payload(12, 12);
    g_assert_false(fuzz_device_state(device).gone);
    take_payload(12, 12);
    g_assert_true(fuzz_device_state(device).gone);
    FAKE_WAIT(strstr(qemu->order->str, "device_disconnect "));
    fake_qemu_bulk(qemu, STREAM, 1024, NULL);
    g_assert_true(fuzz_device_receive(device));
    unplug();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/device/status", test_status);
    g_test_add_func("/fuzz/device/rejected", test_rejected);
    g_test_add_func("/fuzz/quiet", test_quiet);
    g_test_add_func("/fuzz/device/payloads", test_payloads);
    return g_test_run();
}
