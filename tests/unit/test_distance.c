/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far the VM is, asked of itself before the camera is announced: near, far, or unwilling to
   say; and what a peer can do in between. */
#include <string.h>

#include "redir/error.h"
#include "tests/unit/redir_fixture.h"

#define ASKED     "device_disconnect device_disconnect device_disconnect device_disconnect "
#define ANNOUNCED "interface_info ep_info device_connect "
#define FAR_MS    (2 * REDIR_FAR_US / 1000)

static void prepare_far(Fixture *f, const Camera *camera)
{
    prepare(f, camera);
    f->asks_distance = TRUE;
    f->round_trip_us = -1;
    listen_as_qemu(f);
    start_host(f, REDIR_CONNECT, FALSE);
}

/* It has said hello, and has not been heard. */
static void begin(Fixture *f, const Camera *camera)
{
    prepare_far(f, camera);
    f->qemu = fake_qemu_new(accept_one(f->listen_fd), 0);
}

static void wait_announced(Fixture *f, const char *order)
{
    FAKE_WAIT(g_str_has_suffix(f->qemu->order->str, "device_connect "));
    g_assert_cmpstr(f->qemu->order->str, ==, order);
}

static void test_near(void)
{
    Fixture f;

    begin(&f, &bulk_camera);
    wait_announced(&f, "hello " ASKED ANNOUNCED);
    g_assert_cmpint(f.round_trip_us, >=, 0);
    configure(&f);
    finish(&f);
}

static void be_silent(FakeQemu *qemu, guint ms)
{
    gint64 end_us = g_get_monotonic_time() + ms * 1000;

    fake_qemu_set_reading(qemu, FALSE);
    while (g_get_monotonic_time() < end_us)
        fake_step();
    fake_qemu_set_reading(qemu, TRUE);
}

static void answer_late(Fixture *f, guint ms)
{
    gsize before = f->qemu->order->len;

    be_silent(f->qemu, ms);
    FAKE_WAIT(f->qemu->order->len > before);
}

/* The shortest answer of a second counts. */
static void test_far(void)
{
    static const guint silences_ms[] = {2 * FAR_MS, FAR_MS, 3 * FAR_MS, 2 * FAR_MS};
    Fixture f;

    begin(&f, &bulk_camera);
    gint64 begun_us = g_get_monotonic_time();
    for (guint i = 0; f.round_trip_us == -1; i++)
        answer_late(&f, silences_ms[i % G_N_ELEMENTS(silences_ms)]);
    g_assert_cmpint(g_get_monotonic_time() - begun_us, >=, G_USEC_PER_SEC);
    g_assert_true(g_str_has_prefix(f.qemu->order->str, "hello " ASKED "device_disconnect "));
    g_assert_cmpint(f.round_trip_us, >=, FAR_MS * 1000);
    configure(&f);
    finish(&f);
}

/* It is busy at first, and answers soon when it is not. */
static void test_busy(void)
{
    Fixture f;

    begin(&f, &bulk_camera);
    for (guint i = 0; i < 5; i++)
        answer_late(&f, 2 * FAR_MS);
    wait_announced(&f, "hello " ASKED "device_disconnect device_disconnect " ANNOUNCED);
    g_assert_cmpint(f.round_trip_us, ==, 0);
    configure(&f);
    finish(&f);
}

/* It would not acknowledge, so it is not asked. */
static void test_unable(void)
{
    Fixture f;

    prepare_far(&f, &bulk_camera);
    f.qemu = fake_qemu_new(accept_one(f.listen_fd), FAKE_CAP(usb_redir_cap_device_disconnect_ack));
    wait_announced(&f, "hello " ANNOUNCED);
    g_assert_cmpint(f.round_trip_us, ==, 0);
    configure(&f);
    finish(&f);
}

/* What the camera is chosen by and what its stream is paced by is one: the transport, which tells
   another thing each time, is asked once. */
static guint measured;

static void measure_farther(RedirTransport *transport, RedirTransportMeasure *ret_measure)
{
    (void)transport;
    *ret_measure = (RedirTransportMeasure){.round_trip_us = ++measured};
}

static RedirTransport *farther_new(const char *address, RedirRole role,
                                   const RedirTransportEvents *events, GError **error)
{
    static RedirTransportOps ops;
    RedirTransport *transport = socket_changed(&ops, address, role, events, error);

    ops.measure = measure_farther;
    return transport;
}

static void test_once(void)
{
    Fixture f;

    prepare(&f, &bulk_camera);
    f.transport_new = farther_new;
    listen_as_qemu(&f);
    start_host(&f, REDIR_CONNECT, FALSE);
    begin_qemu(&f, accept_one(f.listen_fd), 0);
    g_assert_cmpint(f.round_trip_us, ==, 1);
    g_assert_cmpuint(measured, ==, 1);
    finish(&f);
}

/* It could, and does not: the camera comes all the same. */
static void test_unwilling(void)
{
    Fixture f;

    begin(&f, &bulk_camera);
    fake_qemu_set_reading(f.qemu, FALSE);
    FAKE_WAIT(f.round_trip_us != -1);
    g_assert_cmpint(f.round_trip_us, ==, 0);
    finish(&f);
}

/* What is asked of a camera that is not there yet is not answered, and harms nobody. */
static void test_early(void)
{
    Fixture f;

    begin(&f, &bulk_camera);
    FAKE_WAIT(g_str_has_prefix(f.qemu->order->str, "hello "));
    fake_qemu_control(f.qemu, 0x80, 6, 0x0100, 0, 18, NULL);
    fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 512, NULL);
    fake_qemu_set_alt(f.qemu, VCAM_VS_INTERFACE, 1);
    fake_qemu_reset(f.qemu);
    fake_qemu_reject(f.qemu);
    wait_announced(&f, "hello " ASKED ANNOUNCED);
    configure(&f);
    g_assert_cmpuint(g_queue_get_length(&f.qemu->answers), ==, 0);
    finish(&f);
}

/* A filter comes with the hello, and counts when there is a camera to look at. */
static void test_filter(void)
{
    Fixture f;

    begin(&f, &bulk_camera);
    FAKE_WAIT(g_str_has_prefix(f.qemu->order->str, "hello "));
    fake_qemu_send_filter(f.qemu, "-1,-1,-1,-1,0");
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_REFUSED);
    finish(&f);
}

/* One that knows cameras by their number: none comes as an adapter. */
static void test_filter_by_number(void)
{
    Fixture f;

    begin(&f, &buffered_camera);
    FAKE_WAIT(g_str_has_prefix(f.qemu->order->str, "hello "));
    fake_qemu_send_filter(f.qemu, "0x0e,0x1d6b,-1,-1,1|-1,-1,-1,-1,0");
    wait_announced(&f, "hello " ASKED ANNOUNCED);
    g_assert_cmphex(f.qemu->device.vendor_id, ==, 0x1d6b);
    configure(&f);
    finish(&f);
}

/* To stop does not wait for a VM that is far. */
static void test_stop(void)
{
    Fixture f;

    begin(&f, &bulk_camera);
    FAKE_WAIT(strstr(f.qemu->order->str, "device_disconnect ") != NULL);
    redir_host_stop(f.host);
    FAKE_WAIT(f.state == REDIR_HOST_STOPPED);
    g_assert_no_error(f.error);
    g_assert_null(strstr(f.qemu->order->str, "device_connect "));
    finish(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/distance/near", test_near);
    g_test_add_func("/distance/far", test_far);
    g_test_add_func("/distance/busy", test_busy);
    g_test_add_func("/distance/unable", test_unable);
    g_test_add_func("/distance/once", test_once);
    g_test_add_func("/distance/unwilling", test_unwilling);
    g_test_add_func("/distance/early", test_early);
    g_test_add_func("/distance/filter", test_filter);
    g_test_add_func("/distance/filter by number", test_filter_by_number);
    g_test_add_func("/distance/stop", test_stop);
    return g_test_run();
}
