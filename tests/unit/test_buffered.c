/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffered bulk: what a guest gets out of QEMU's buffer are the pictures that went in, however they
   arrive and whatever it asks for; and the host's side of it, against a QEMU made of
   libusbredirparser. */
#include <string.h>

#include "redir/buffered.h"
#include "redir/error.h"
#include "tests/unit/redir_fixture.h"

/* ---- QEMU's buffer, and the guest behind it ---- */

typedef struct {
    GQueue blocks;       /* of GBytes */
    GByteArray *answer;  /* to the guest's request */
    GByteArray *payload; /* what the guest has of it */
    GPtrArray *got;      /* GBytes: whole payloads */
    guint32 most;        /* dwMaxPayloadTransferSize */
} Buffer;

/* QEMU 7.2, usbredir_buffered_bulk_packet(). */
static void buffer_add(Buffer *b, const guint8 *bytes, gsize size)
{
    for (gsize at = 0; at < size; at += REDIR_BUFFERED_BLOCK)
        g_queue_push_tail(&b->blocks,
                          g_bytes_new(bytes + at, MIN(REDIR_BUFFERED_BLOCK, size - at)));
}

/* usbredir_buffered_bulk_in_complete_ftdi(): at each multiple of a block a block's first two bytes
   are status, which all that is joined there has in common. */
static void buffer_ask(Buffer *b, gsize length)
{
    guint8 status[2] = {0};
    GBytes *block;

    g_byte_array_set_size(b->answer, 0);
    while ((block = g_queue_peek_head(&b->blocks)) && b->answer->len < length) {
        gsize size, room = REDIR_BUFFERED_BLOCK - b->answer->len % REDIR_BUFFERED_BLOCK;
        const guint8 *bytes = g_bytes_get_data(block, &size);
        g_assert_cmpuint(size, >=, 2);
        if (room == REDIR_BUFFERED_BLOCK) {
            memcpy(status, bytes, 2);
            g_byte_array_append(b->answer, bytes, 2);
            room -= 2;
        } else if (memcmp(bytes, status, 2) != 0) {
            break;
        }
        g_byte_array_append(b->answer, bytes + 2, MIN(room, size - 2));
        g_bytes_unref(g_queue_pop_head(&b->blocks));
    }
}

/* UVC 1.1, 2.4.3: a payload ends with a short transfer, or at the most that was agreed on. */
static void guest_takes(Buffer *b, gsize length)
{
    buffer_ask(b, length);
    if (b->answer->len == 0)
        return;
    g_byte_array_append(b->payload, b->answer->data, b->answer->len);
    if (b->answer->len == length && b->payload->len < b->most)
        return;
    g_ptr_array_add(b->got, g_bytes_new(b->payload->data, b->payload->len));
    g_byte_array_set_size(b->payload, 0);
}

/* ---- pictures of every length, and bytes that look like what comes next ---- */

#define PICTURES 400

static gsize some_size(GRand *rand)
{
    gsize blocks = g_rand_int_range(rand, 0, 20) * REDIR_BUFFERED_BLOCK;
    gint off = g_rand_boolean(rand) ? g_rand_int_range(rand, -20, 20)
                                    : g_rand_int_range(rand, 1, REDIR_BUFFERED_BLOCK);

    return MAX(1, (gint)blocks + off);
}

static GBytes *some_picture(GRand *rand)
{
    gsize size = some_size(rand);
    guint8 *bytes = g_malloc(size);

    for (gsize i = 0; i < size; i++)
        bytes[i] = g_rand_int_range(rand, 12, 16) & (g_rand_boolean(rand) ? 0xff : 0x0d);
    return g_bytes_new_take(bytes, size);
}

static void send_picture(Buffer *b, RedirBuffered *state, GBytes *picture, guint number)
{
    struct vcam_payload payload = {
        .header = {12, 12 | (number & 1)}, .header_len = 12, .begins_frame = true};
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    payload.data = g_bytes_get_data(picture, &payload.len);
    redir_buffered_fit(state, &payload);
    g_assert_cmpuint(payload.header_len, ==, payload.header[0]);
    g_assert_cmpuint(payload.header_len, <=, VCAM_MAX_HEADER);
    g_byte_array_append(bytes, payload.header, payload.header_len);
    g_byte_array_append(bytes, payload.data, payload.len);
    buffer_add(b, bytes->data, bytes->len);
}

static void assert_picture(GBytes *payload, GBytes *picture)
{
    gsize size, sent_size;
    const guint8 *bytes = g_bytes_get_data(payload, &size);
    const guint8 *sent = g_bytes_get_data(picture, &sent_size);

    g_assert_cmpuint(size, >, bytes[0]);
    g_assert_cmpmem(bytes + bytes[0], size - bytes[0], sent, sent_size);
}

static void test_borders(gconstpointer data)
{
    gsize request = GPOINTER_TO_SIZE(data);
    g_autoptr(GRand) rand = g_rand_new_with_seed(request);
    g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    RedirBuffered state = {0};
    Buffer b = {.answer = g_byte_array_new(),
                .payload = g_byte_array_new(),
                .got = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
                .most = G_MAXUINT32};

    while (b.got->len < PICTURES) {
        for (gint n = g_rand_int_range(rand, 0, 5); n > 0 && pictures->len < PICTURES; n--) {
            g_ptr_array_add(pictures, some_picture(rand));
            send_picture(&b, &state, pictures->pdata[pictures->len - 1], pictures->len);
        }
        for (gint n = g_rand_int_range(rand, 0, 20); n > 0; n--)
            guest_takes(&b, request);
    }
    for (guint i = 0; i < PICTURES; i++)
        assert_picture(b.got->pdata[i], pictures->pdata[i]);
    g_byte_array_unref(b.answer);
    g_byte_array_unref(b.payload);
    g_ptr_array_unref(b.got);
}

/* ---- the host's side ---- */

static guint64 send_stop(Fixture *f, guint8 endpoint)
{
    struct usb_redir_stop_bulk_receiving_header header = {.endpoint = endpoint};

    usbredirparser_send_stop_bulk_receiving(f->qemu->parser, ++f->qemu->next_id, &header);
    fake_qemu_flush(f->qemu);
    return f->qemu->next_id;
}

static void begin(Fixture *f)
{
    attach(f, &buffered_camera);
    configure(f);
    commit(f);
    assert_status(f, start_buffered(f, VCAM_STREAM_ENDPOINT), usb_redir_success);
    FAKE_WAIT(f->started == 1);
}

static void read_picture(Fixture *f, guint number, gsize size)
{
    g_autoptr(FakeAnswer) answer = fake_qemu_wait_type(f->qemu, usb_redir_buffered_bulk_packet);
    g_autoptr(GByteArray) frame = g_byte_array_new();
    const guint8 *bytes = g_bytes_get_data(answer->data, NULL);

    g_assert_cmpuint(answer->endpoint, ==, VCAM_STREAM_ENDPOINT);
    g_assert_cmpuint(answer->length % REDIR_BUFFERED_BLOCK, >=, 2);
    g_byte_array_append(frame, bytes + bytes[0], answer->length - bytes[0]);
    assert_frame(frame, number, size);
}

/* What QEMU takes for an adapter is the camera all the same, for whoever asks it. */
static void test_attach(void)
{
    Fixture f;

    attach(&f, &buffered_camera);
    g_assert_cmphex(f.qemu->device.vendor_id, ==, REDIR_BUFFERED_VENDOR);
    g_assert_cmphex(f.qemu->device.product_id, ==, REDIR_BUFFERED_PRODUCT);
    g_assert_cmpuint(f.qemu->endpoints.max_packet_size[0x11], ==, REDIR_BUFFERED_BLOCK);
    g_autoptr(FakeAnswer) answer =
        fake_qemu_wait(f.qemu, fake_qemu_control(f.qemu, 0x80, 6, 0x0100, 0, 18, NULL));
    const guint8 *device = g_bytes_get_data(answer->data, NULL);
    g_assert_cmphex(device[8] | device[9] << 8, ==, 0x1d6b);
    finish(&f);
}

static void test_stream(void)
{
    static const gsize sizes[] = {1, 1000, 4096 - 12, 4096 - 11, 4 * 4096 - 12, 150000, 614400};
    Fixture f;

    begin(&f);
    for (guint i = 0; i < 3 * G_N_ELEMENTS(sizes); i++) {
        push_frame(&f, i, sizes[i % G_N_ELEMENTS(sizes)]);
        read_picture(&f, i, sizes[i % G_N_ELEMENTS(sizes)]);
    }
    /* Nothing goes out to a guest that has stopped, and it can begin again. */
    assert_status(&f, send_stop(&f, VCAM_STREAM_ENDPOINT), usb_redir_success);
    push_frame(&f, 100, 1000);
    assert_status(&f, send_stop(&f, VCAM_STREAM_ENDPOINT), usb_redir_success);
    g_assert_cmpuint(f.qemu->answers.length, ==, 0);
    assert_status(&f, start_buffered(&f, VCAM_STREAM_ENDPOINT), usb_redir_success);
    read_picture(&f, 100, 1000);
    finish(&f);
}

/* CLEAR_FEATURE(ENDPOINT_HALT) turns the camera off although QEMU has not said stop, and QEMU is to
   say start again. */
static void test_clear_halt(void)
{
    Fixture f;

    begin(&f);
    guint64 id = fake_qemu_control(f.qemu, 0x02, 1, 0, VCAM_STREAM_ENDPOINT, 0, NULL);
    g_autoptr(FakeAnswer) status = fake_qemu_wait_type(f.qemu, usb_redir_bulk_receiving_status);
    g_assert_cmpuint(status->status, ==, usb_redir_stall);
    g_autoptr(FakeAnswer) cleared = fake_qemu_wait(f.qemu, id);
    g_assert_cmpuint(cleared->status, ==, usb_redir_success);
    g_assert_cmpuint(f.stopped, ==, 1);
    g_assert_cmpuint(f.started, ==, 1);
    assert_status(&f, start_buffered(&f, VCAM_STREAM_ENDPOINT), usb_redir_success);
    FAKE_WAIT(f.started == 2);
    finish(&f);
}

/* A guest that asks for something odd, QEMU makes ask; what is left of a picture that went so is
   of no use behind it. */
static void test_asked(void)
{
    Fixture f;

    attach(&f, &buffered_camera);
    configure(&f);
    commit(&f);
    guint64 id = fake_qemu_bulk(f.qemu, VCAM_STREAM_ENDPOINT, 1000, NULL);
    FAKE_WAIT(f.started == 1);
    push_frame(&f, 1, 5000);
    g_autoptr(FakeAnswer) asked = fake_qemu_wait(f.qemu, id);
    g_assert_cmpuint(asked->length, ==, 1000);
    assert_status(&f, start_buffered(&f, VCAM_STREAM_ENDPOINT), usb_redir_success);
    push_frame(&f, 2, 700);
    read_picture(&f, 2, 700);
    finish(&f);
}

static void test_refused(void)
{
    Fixture f;

    begin(&f);
    assert_status(&f, start_buffered(&f, 0x83), usb_redir_inval);
    assert_status(&f, send_stop(&f, 0x83), usb_redir_success);
    finish(&f);

    start_bulk(&f, &bulk_camera);
    assert_status(&f, start_buffered(&f, VCAM_STREAM_ENDPOINT), usb_redir_inval);
    g_assert_cmpuint(f.started, ==, 0);
    finish(&f);
}

/* To a peer that buffers nothing it is a camera like any other. */
static void test_not_there(void)
{
    Fixture f;

    attach_narrow(&f, &buffered_camera, FAKE_CAP(usb_redir_cap_bulk_receiving));
    g_assert_cmphex(f.qemu->device.vendor_id, ==, 0x1d6b);
    g_assert_cmpuint(f.qemu->endpoints.max_packet_size[0x11], ==, 512);
    finish(&f);
}

/* One that lets the camera pass by its own numbers alone is told apart from one that does not. */
static void test_filter(void)
{
    static const struct {
        const char *rules, *says;
    } rows[] = {
        {"0x0e,0x1d6b,-1,-1,1|-1,-1,-1,-1,0", "share with --transfer bulk"},
        {"0x0e,-1,-1,-1,0|-1,-1,-1,-1,1", "keeps cameras out"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Fixture f;
        attach(&f, &buffered_camera);
        fake_qemu_send_filter(f.qemu, rows[i].rules);
        FAKE_WAIT(f.error != NULL);
        g_assert_error(f.error, REDIR_ERROR, REDIR_ERROR_REFUSED);
        g_assert_nonnull(strstr(f.error->message, rows[i].says));
        finish(&f);
    }
}

int main(int argc, char **argv)
{
    static const gsize requests[] = {4096, 8192, 16384, 32768, 131072, 618496};

    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autofree char *name = g_strdup_printf("/buffered/requests of %zu", requests[i]);
        g_test_add_data_func(name, GSIZE_TO_POINTER(requests[i]), test_borders);
    }
    g_test_add_func("/buffered/attach", test_attach);
    g_test_add_func("/buffered/stream", test_stream);
    g_test_add_func("/buffered/clear halt", test_clear_halt);
    g_test_add_func("/buffered/asked", test_asked);
    g_test_add_func("/buffered/refused", test_refused);
    g_test_add_func("/buffered/not there", test_not_there);
    g_test_add_func("/buffered/filter", test_filter);
    return g_test_run();
}
