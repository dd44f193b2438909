/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The heartbeat, as timelines, and that an endpoint has one: only over a transport that lasts, only
   while the guest owes an answer. */
#include <string.h>

#include "redir/heartbeat.h"
#include "redir/transports/socket.h"
#include "tests/unit/redir_fixture.h"

/* ---- timelines: a column a second ---- */

static const struct {
    const char *name;
    const char *heard; /* '+': something came in this second */
    const char *owed;  /* '+': the VM owes an answer */
    const char *busy;  /* '+': output waits */
    const char *beats; /* '*': a beat is expected */
} timelines[] = {
    {"a guest that asks", "++++++++", "++++++++", "        ", "        "},
    {"nobody owes", "+       ", "        ", "        ", "        "},
    {"silence", "+       ", "++++++++", "        ", " *******"},
    {"an answer ends it", "+   +   ", "++++++++", "        ", " *** ***"},
    {"requests pend again", "+       ", "+++  +++", "        ", " **  ***"},
    {"output waits", "+       ", "++++++++", " ++++   ", "     ***"},
};

static gboolean at(const char *line, guint second)
{
    return second < strlen(line) && line[second] != ' ';
}

static void test_timelines(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(timelines); i++) {
        RedirHeartbeat heartbeat = {0};
        g_autoptr(GString) beats = g_string_new(NULL);
        guint64 bytes_in = 0;
        for (guint second = 0; second < strlen(timelines[i].heard); second++) {
            bytes_in += at(timelines[i].heard, second);
            gboolean beat = redir_heartbeat(&heartbeat, bytes_in, at(timelines[i].owed, second),
                                            !at(timelines[i].busy, second), second * 1000000);
            g_string_append_c(beats, beat ? '*' : ' ');
        }
        g_test_message("%s", timelines[i].name);
        g_assert_cmpstr(beats->str, ==, timelines[i].beats);
    }
}

/* What a server queues is enough for a pause of a day: the pauses between beats grow with it, and
   never beyond a tenth of the silence. */
static void test_backs_off(void)
{
    RedirHeartbeat heartbeat = {0};
    const gint64 day_us = G_GINT64_CONSTANT(86400) * 1000000;
    gint64 last_us = 0;
    guint beats = 0;
    redir_heartbeat(&heartbeat, 1, TRUE, TRUE, 0);
    for (gint64 now_us = 1000000; now_us <= day_us; now_us += 1000000) {
        if (!redir_heartbeat(&heartbeat, 1, TRUE, TRUE, now_us))
            continue;
        g_assert_cmpint(now_us - last_us, <=, MAX(1000000, now_us / 10 + 1000000));
        last_us = now_us;
        beats++;
    }
    g_test_message("%u beats in a day", beats);
    g_assert_cmpuint(beats, <, 128);
}

/* A timer that is late or early does not make it miss a second nor beat twice. */
static void test_jitter(void)
{
    RedirHeartbeat heartbeat = {0};
    redir_heartbeat(&heartbeat, 1, TRUE, TRUE, 0);
    g_assert_false(redir_heartbeat(&heartbeat, 1, TRUE, TRUE, 400000));
    g_assert_true(redir_heartbeat(&heartbeat, 1, TRUE, TRUE, 950000));
    g_assert_false(redir_heartbeat(&heartbeat, 1, TRUE, TRUE, 1000000));
    g_assert_true(redir_heartbeat(&heartbeat, 1, TRUE, TRUE, 1970000));
}

/* ---- an endpoint ---- */

/* Up to where the guest has got one frame by bulk, and asks for no more. */
static void start(Fixture *f, RedirTransportNew transport_new)
{
    g_autoptr(GByteArray) frame = g_byte_array_new();
    prepare(f, &bulk_camera);
    f->transport_new = transport_new;
    listen_as_qemu(f);
    start_host(f, REDIR_CONNECT, TRUE);
    begin_qemu(f, accept_one(f->listen_fd), 0);
    configure(f);
    commit(f);
    begin_bulk(f);
    push_frame(f, 0, 1000);
    read_frame(f, frame, 16384);
    g_string_truncate(f->qemu->order, 0);
}

static guint beats(const Fixture *f)
{
    guint count = 0;
    for (const char *at = f->qemu->order->str; (at = strstr(at, "interface_info")); at++)
        count++;
    return count;
}

static void run_seconds(guint seconds)
{
    for (gint64 end = g_get_monotonic_time() + seconds * 1000000; g_get_monotonic_time() < end;)
        fake_step();
}

static void test_endpoint_beats(void)
{
    Fixture f;
    start(&f, lasting_new);
    FAKE_WAIT(beats(&f) == 2);
    guint64 id = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 16384, NULL);
    run_seconds(1); /* one may be on its way */
    g_string_truncate(f.qemu->order, 0);
    run_seconds(2);
    g_assert_cmpuint(beats(&f), ==, 0);
    cancel(&f, id);
    assert_status(&f, id, usb_redir_cancelled);
    FAKE_WAIT(beats(&f) == 1);
    finish(&f);
}

static void test_endpoint_does_not(void)
{
    Fixture f;
    start(&f, redir_socket_transport_new);
    run_seconds(3);
    g_assert_cmpuint(beats(&f), ==, 0);
    finish(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/heartbeat/timelines", test_timelines);
    g_test_add_func("/heartbeat/backs off", test_backs_off);
    g_test_add_func("/heartbeat/jitter", test_jitter);
    g_test_add_func("/heartbeat/endpoint that lasts", test_endpoint_beats);
    g_test_add_func("/heartbeat/endpoint that does not", test_endpoint_does_not);
    return g_test_run();
}
