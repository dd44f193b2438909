/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures through the device, read back as a host's driver reads them. */
#include <string.h>

#include "tests/unit/vcam_fixture.h"
#include "vcam/log.h"

static const struct vcam_mode yuy2 = {VCAM_YUY2, 160, 120, 333333};
static const struct vcam_mode mjpeg = {VCAM_MJPEG, 640, 480, 333333};

/* ---- A host: takes payloads apart by UVC 1.1, 2.4.3 ---- */

struct host {
    uint32_t max_payload;
    GByteArray *payload; /* bulk: so far; empty between payloads */
    GByteArray *frame;   /* the payloads' data so far */
    unsigned frames, errors;
    int fid; /* of the last finished frame, -1 before */
    uint32_t pts;
    uint16_t sof;
};

static void host_init(struct host *host, uint32_t max_payload)
{
    *host = (struct host){.max_payload = max_payload,
                          .payload = g_byte_array_new(),
                          .frame = g_byte_array_new(),
                          .fid = -1};
}

static void host_clear(struct host *host)
{
    g_byte_array_unref(host->payload);
    g_byte_array_unref(host->frame);
}

static uint32_t le32(const uint8_t *bytes)
{
    return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void take_header(struct host *host, const uint8_t *header, int64_t now_us)
{
    g_assert_cmpuint(header[0], ==, 12);
    g_assert_cmpuint(header[1] & 0x9c, ==, 0x8c); /* EOH, SCR, PTS, no reserved bit */
    g_assert_cmpint(header[1] & 1, !=, host->fid);
    g_assert_cmpuint(le32(header + 6), ==, (uint32_t)now_us);
    g_assert_cmpuint(header[10] | header[11] << 8, ==, now_us / 1000 & 0x7ff);
    if (host->frame->len) /* the same for all payloads of a frame */
        g_assert_cmpuint(le32(header + 2), ==, host->pts);
    host->pts = le32(header + 2);
}

/* Returns whether a frame is whole; host->frame has it until the next payload. */
static bool end_payload(struct host *host, uint8_t bmHeaderInfo)
{
    host->errors += bmHeaderInfo >> 6 & 1;
    if (!(bmHeaderInfo & 2))
        return false;
    host->fid = bmHeaderInfo & 1;
    host->frames++;
    return true;
}

/* One transfer as Linux's driver takes it: a payload ends with a transfer that is not full, or
   where it has the size of the largest (uvc-rules L8). */
static bool take_transfer(struct host *host, size_t length, const struct vcam_payload *part,
                          int64_t now_us)
{
    size_t got = part->header_len + part->len;
    g_assert_cmpuint(got, <=, length);
    g_assert_cmpint(part->header_len > 0, ==, host->payload->len == 0 && got > 0);
    if (!got && !host->payload->len)
        return false;
    if (part->header_len) {
        g_byte_array_set_size(host->frame, 0);
        take_header(host, part->header, now_us);
    }
    g_byte_array_append(host->payload, part->header, part->header_len);
    if (part->len)
        g_byte_array_append(host->payload, part->data, part->len);
    g_assert_cmpuint(host->payload->len, <=, host->max_payload);
    if (got == length && host->payload->len < host->max_payload)
        return false;
    g_byte_array_append(host->frame, host->payload->data + 12, host->payload->len - 12);
    uint8_t bmHeaderInfo = host->payload->data[1];
    g_byte_array_set_size(host->payload, 0);
    return end_payload(host, bmHeaderInfo);
}

static void push(struct fixture *f, const struct vcam_mode *mode, size_t size, uint64_t number)
{
    vcam_device_push_frame(f->device, fixture_frame(mode, size, number), f->now_us);
}

static enum vcam_answer bulk(struct fixture *f, size_t length, struct vcam_payload *ret_payload)
{
    f->now_us += 100;
    return vcam_device_bulk_in(f->device, 0x81, length, f->now_us, ret_payload);
}

static void assert_frame(const struct host *host, const struct vcam_mode *mode, size_t size,
                         uint64_t number)
{
    struct vcam_frame *frame = fixture_frame(mode, size, number);
    g_assert_cmpuint(host->frame->len, ==, size);
    g_assert_true(!memcmp(host->frame->data, frame->data, size));
    g_assert_cmpuint(host->pts, ==, (uint32_t)frame->capture_us);
    vcam_frame_unref(frame);
}

/* Reads one frame with requests of that length; returns how many it took. */
static unsigned read_bulk_frame(struct fixture *f, struct host *host, size_t length)
{
    struct vcam_payload part;
    unsigned requests = 0;
    do {
        g_assert_cmpint(bulk(f, length, &part), ==, VCAM_DATA);
        g_assert_cmpuint(++requests, <, 100000);
    } while (!take_transfer(host, length, &part, f->now_us));
    return requests;
}

static void start_bulk(struct fixture *f, enum vcam_speed speed, const struct vcam_mode *mode,
                       struct host *host)
{
    fixture_init(f, speed, VCAM_TRANSFER_BULK, 0, NULL);
    fixture_configure(f);
    host_init(host, fixture_commit(f, mode));
}

static struct vcam_device_state state_of(const struct fixture *f)
{
    struct vcam_device_state state;
    vcam_device_get_state(f->device, &state);
    return state;
}

/* ---- Bulk ---- */

/* The lengths that hosts ask in, and the sizes at which payloads end on their borders. */
static void test_bulk_sizes(void)
{
    static const size_t lengths[] = {512, 1024, 16384, 32768, 1 << 20};
    static const int offsets[] = {-13, -12, -11, -1, 0, 1};
    struct fixture f;
    struct host host;
    uint64_t number = 0;

    start_bulk(&f, VCAM_SPEED_HIGH, &mjpeg, &host);
    struct vcam_payload part;
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_NAK);
    for (size_t l = 0; l < G_N_ELEMENTS(lengths); l++)
        for (unsigned n = 1; n <= 3; n++)
            for (size_t o = 0; o < G_N_ELEMENTS(offsets); o++) {
                size_t size = MIN(lengths[l] * n, vcam_mode_max_frame_size(&mjpeg) - 1) + offsets[o];
                push(&f, &mjpeg, size, ++number);
                unsigned requests = read_bulk_frame(&f, &host, lengths[l]);
                assert_frame(&host, &mjpeg, size, number);
                /* One more, empty, exactly where the last was full. */
                g_assert_cmpuint(requests, ==, (size + 12) / lengths[l] + 1);
                g_assert_cmpint(bulk(&f, lengths[l], &part), ==, VCAM_NAK);
            }
    g_assert_cmpuint(host.frames, ==, number);
    g_assert_cmpuint(f.events[VCAM_FRAME_BEGUN], ==, number);
    g_assert_cmpuint(f.events[VCAM_FRAME_SENT], ==, number);
    g_assert_cmpuint(state_of(&f).frames_sent, ==, number);
    host_clear(&host);
    fixture_clear(&f);
}

/* No picture is as long as the largest payload: the largest ends as any other does. */
static void test_bulk_maximum(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_bulk(&f, VCAM_SPEED_HIGH, &yuy2, &host);
    g_assert_cmpuint(host.max_payload, ==, 10 * VCAM_PAYLOAD_UNIT);
    g_assert_cmpint(bulk(&f, 12804, &part), ==, VCAM_NAK);
    for (unsigned i = 1; i <= 3; i++) {
        push(&f, &yuy2, 38400, i);
        g_assert_cmpuint(read_bulk_frame(&f, &host, 12804), ==, 4);
        assert_frame(&host, &yuy2, 38400, i);
        g_assert_cmpint(bulk(&f, 12804, &part), ==, VCAM_NAK);
    }
    host_clear(&host);
    fixture_clear(&f);
}

static void test_bulk_speeds(void)
{
    static const enum vcam_speed speeds[] = {VCAM_SPEED_FULL, VCAM_SPEED_HIGH, VCAM_SPEED_SUPER};
    struct vcam_payload part;
    for (size_t i = 0; i < G_N_ELEMENTS(speeds); i++) {
        struct fixture f;
        struct host host;
        start_bulk(&f, speeds[i], &yuy2, &host);
        g_assert_cmpint(bulk(&f, 64, &part), ==, VCAM_NAK);
        push(&f, &yuy2, 38400, 1);
        read_bulk_frame(&f, &host, 64);
        assert_frame(&host, &yuy2, 38400, 1);
        host_clear(&host);
        fixture_clear(&f);
    }
}

/* The header alone, and requests that have no room for it. */
static void test_bulk_tiny(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_bulk(&f, VCAM_SPEED_HIGH, &mjpeg, &host);
    g_assert_cmpint(bulk(&f, 12, &part), ==, VCAM_NAK);
    push(&f, &mjpeg, 24, 1);
    for (size_t length = 0; length < 12; length++) {
        g_assert_cmpint(bulk(&f, length, &part), ==, VCAM_DATA);
        g_assert_cmpuint(part.header_len + part.len, ==, 0);
    }
    g_assert_cmpuint(f.events[VCAM_FRAME_BEGUN], ==, 0);
    g_assert_cmpuint(read_bulk_frame(&f, &host, 12), ==, 4); /* header, 12, 12, empty */
    assert_frame(&host, &mjpeg, 24, 1);
    host_clear(&host);
    fixture_clear(&f);
}

/* No camera before a commit and a request; none for the wrong endpoint. */
static void test_bulk_start(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_STALL); /* not configured */
    fixture_configure(&f);
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_NAK);
    g_assert_cmpuint(f.starts, ==, 0);
    host_init(&host, fixture_commit(&f, &yuy2));
    g_assert_cmpuint(f.stream_ready, ==, 1); /* the request that waits is the first after it */
    g_assert_cmpuint(f.starts, ==, 0);
    g_assert_cmpint(vcam_device_bulk_in(f.device, 0x82, 512, f.now_us, &part), ==, VCAM_STALL);
    g_assert_cmpint(vcam_device_bulk_in(f.device, 0x83, 512, f.now_us, &part), ==, VCAM_STALL);
    g_assert_cmpint(vcam_device_bulk_in(f.device, 0x01, 512, f.now_us, &part), ==, VCAM_STALL);
    g_assert_cmpint(vcam_device_iso_in(f.device, 0x81, f.now_us, &part), ==, VCAM_STALL);
    g_assert_cmpuint(f.starts, ==, 0);
    f.frame_at_start = fixture_frame(&yuy2, 38400, 5); /* a camera that is fast */
    read_bulk_frame(&f, &host, 16384);
    assert_frame(&host, &yuy2, 38400, 5);
    g_assert_cmpuint(f.starts, ==, 1);
    g_assert_cmpmem(&f.mode, sizeof(yuy2), &yuy2, sizeof(yuy2));
    fixture_ask(&f, "halt", (struct fixture_setup){0x02, 3, 0, 0x81, 0}, NULL, "ACK");
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_STALL);
    host_clear(&host);
    fixture_clear(&f);
}

/* ---- Stop ---- */

enum stop { CLEAR_HALT, SET_INTERFACE, SET_CONFIGURATION, RESET, STOPS };

static void stop(struct fixture *f, enum stop how)
{
    if (how == CLEAR_HALT)
        fixture_ask(f, "clear halt", (struct fixture_setup){0x02, 1, 0, 0x81, 0}, NULL, "ACK");
    else if (how == SET_INTERFACE)
        fixture_ask(f, "alternate 0", (struct fixture_setup){0x01, 11, 0, 1, 0}, NULL, "ACK");
    else if (how == SET_CONFIGURATION)
        fixture_configure(f);
    else
        vcam_device_reset(f->device, f->now_us);
}

/* In the middle of a frame, with another waiting: both go, the next stream begins with a header. */
static void test_stops(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_bulk(&f, VCAM_SPEED_HIGH, &yuy2, &host);
    for (unsigned i = 0; i < 4 * STOPS; i++) {
        g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_NAK);
        g_assert_cmpuint(f.starts, ==, i + 1);
        push(&f, &yuy2, 38400, 2 * i);
        g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_DATA);
        push(&f, &yuy2, 38400, 2 * i + 1);
        for (unsigned twice = 0; twice < 2; twice++) {
            stop(&f, i % STOPS);
            g_assert_false(f.on);
            g_assert_cmpuint(f.stops, ==, i + 1);
            g_assert_cmpuint(f.events[VCAM_FRAME_CUT], ==, i + 1);
            g_assert_cmpuint(f.events[VCAM_FRAME_DROPPED], ==, i + 1);
        }
        g_assert_cmpuint(f.last_event_frame[VCAM_FRAME_CUT], ==, 2 * i);
        push(&f, &yuy2, 38400, 99); /* no stream is on: nobody wants it */
        g_assert_false(state_of(&f).frame_in_flight);
        fixture_configure(&f);
        fixture_commit(&f, &yuy2);
    }
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_NAK);
    push(&f, &yuy2, 38400, 1000);
    read_bulk_frame(&f, &host, 16384);
    assert_frame(&host, &yuy2, 38400, 1000);
    host_clear(&host);
    fixture_clear(&f);
}

/* An empty packet that is due does not outlive its stream. */
static void test_stop_before_empty_packet(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_bulk(&f, VCAM_SPEED_HIGH, &mjpeg, &host);
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_NAK);
    push(&f, &mjpeg, 500, 1);
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_DATA);
    g_assert_true(part.ends_frame);
    stop(&f, CLEAR_HALT);
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_NAK);
    g_assert_cmpuint(f.starts, ==, 2);
    host_clear(&host);
    fixture_clear(&f);
}

/* The camera goes over to the new mode; nothing of the old one follows. */
static void test_commit_while_streaming(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_bulk(&f, VCAM_SPEED_HIGH, &yuy2, &host);
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_NAK);
    push(&f, &yuy2, 38400, 1);
    g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_DATA);
    host.max_payload = fixture_commit(&f, &mjpeg);
    g_assert_cmpuint(f.starts, ==, 2);
    g_assert_cmpuint(f.stops, ==, 1);
    g_assert_cmpuint(f.mode.fourcc, ==, VCAM_MJPEG);
    g_assert_cmpuint(f.events[VCAM_FRAME_CUT], ==, 1);
    fixture_ask(&f, "stream error", (struct fixture_setup){0xa1, 0x81, 0x600, 1, 1}, NULL, "06");
    push(&f, &yuy2, 38400, 2); /* late, of the old mode */
    g_assert_cmpuint(f.events[VCAM_FRAME_REFUSED], ==, 1);
    push(&f, &mjpeg, 5000, 3);
    read_bulk_frame(&f, &host, 512);
    assert_frame(&host, &mjpeg, 5000, 3);
    host_clear(&host);
    fixture_clear(&f);
}

/* ---- Queue ---- */

static void test_queue(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_bulk(&f, VCAM_SPEED_HIGH, &yuy2, &host);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_NAK);
    push(&f, &yuy2, 38400, 1);
    g_assert_cmpuint(f.stream_ready, ==, 1);
    push(&f, &yuy2, 38400, 2);
    g_assert_cmpuint(f.stream_ready, ==, 1); /* once for each NAK */
    g_assert_cmpuint(f.events[VCAM_FRAME_DROPPED], ==, 1);
    g_assert_cmpuint(f.last_event_frame[VCAM_FRAME_DROPPED], ==, 1);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_DATA);
    take_transfer(&host, 16384, &part, f.now_us);
    for (unsigned i = 3; i <= 7; i++)
        push(&f, &yuy2, 38400, i);
    g_assert_cmpuint(f.events[VCAM_FRAME_DROPPED], ==, 5);
    g_assert_cmpuint(f.last_event_frame[VCAM_FRAME_DROPPED], ==, 6);
    read_bulk_frame(&f, &host, 16384);
    assert_frame(&host, &yuy2, 38400, 2); /* once begun, finished */
    read_bulk_frame(&f, &host, 16384);
    assert_frame(&host, &yuy2, 38400, 7);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_NAK);
    struct vcam_device_state state = state_of(&f);
    g_assert_cmpuint(state.frames_dropped, ==, 5);
    g_assert_cmpuint(state.frames_sent, ==, 2);
    g_assert_cmpuint(state.bytes_sent, ==, 2 * 38412);
    g_assert_true(state.streaming);
    host_clear(&host);
    fixture_clear(&f);
}

static void test_hold(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_bulk(&f, VCAM_SPEED_HIGH, &yuy2, &host);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_NAK);
    push(&f, &yuy2, 38400, 1);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_DATA);
    take_transfer(&host, 16384, &part, f.now_us);
    vcam_device_hold(f.device, true);
    read_bulk_frame(&f, &host, 16384); /* begun before: goes on */
    push(&f, &yuy2, 38400, 2);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_NAK);
    unsigned ready = f.stream_ready;
    push(&f, &yuy2, 38400, 3);
    g_assert_cmpuint(f.stream_ready, ==, ready);
    vcam_device_hold(f.device, false);
    g_assert_cmpuint(f.stream_ready, ==, ready + 1);
    vcam_device_hold(f.device, false);
    g_assert_cmpuint(f.stream_ready, ==, ready + 1);
    read_bulk_frame(&f, &host, 16384);
    assert_frame(&host, &yuy2, 38400, 3);
    host_clear(&host);
    fixture_clear(&f);
}

/* ---- Frames that build on each other ---- */

static unsigned lines;
static char first_line[512];

static void on_line(void *user, const char *line)
{
    (void)user;
    if (!lines++)
        g_strlcpy(first_line, line, sizeof(first_line));
}

/* What happens, a letter each. The camera's frames are numbered from 0: a key frame, one that
   builds on the one before, one that the camera loses, one that is too large. The guest takes what
   there is of a frame's begin, the rest and all, and stops. */
enum { KEY = 'K', BUILDS = 'P', LOST = '-', TOO_LARGE = '!', BEGIN = 'b', TAKE = 'T', STOP = 'S' };

static const struct {
    uint32_t fourcc;
    const char *happens, *arrive;
    unsigned dropped;
} groups[] = {
    {VCAM_H264, "TKTPTPTKTPT", "0 1 2 3 4 ", 0},
    {VCAM_HEVC, "TKTPTPTKTPT", "0 1 2 3 4 ", 0},
    {VCAM_H264, "TKbPTTPT", "0 1 2 ", 0},     /* one in flight, one waits */
    {VCAM_H264, "TKPTPTPTKTPT", "0 4 5 ", 3}, /* none overtakes what it builds on */
    {VCAM_HEVC, "TKPTPTPTKTPT", "0 4 5 ", 3},
    {VCAM_H264, "TKTPPKTPT", "0 3 4 ", 2},    /* a key frame does overtake */
    {VCAM_H264, "TKbPPPTTPTKT", "0 1 5 ", 3}, /* nor is the one that waits given up */
    {VCAM_H264, "TKT-PTPTKTPT", "0 4 5 ", 2},
    {VCAM_H264, "TKT-KTPT", "0 2 3 ", 0},
    {VCAM_H264, "TKT!PTPTKTPT", "0 4 5 ", 2},
    {VCAM_H264, "TPTPTKTPT", "2 3 ", 2},        /* the camera was not at a group's begin */
    {VCAM_H264, "TKTPSTPTPTKTPT", "0 4 5 ", 3}, /* nor is it when the guest comes back */
    {VCAM_MJPEG, "TKPPT-PTKPT", "2 4 6 ", 3},   /* alone, the newest counts */
};

static struct vcam_frame *group_frame(const struct vcam_mode *mode, char kind, uint8_t number)
{
    static const uint8_t first[][2] = {{0x65, 0x41}, {0x26, 0x02}}; /* H.264, HEVC: slices */
    uint8_t nal = first[mode->fourcc == VCAM_HEVC][kind == BUILDS];
    struct vcam_frame *frame =
        vcam_frame_new(mode, kind == TOO_LARGE ? vcam_mode_max_frame_size(mode) + 1 : 50);
    memcpy(frame->data, (uint8_t[]){0, 0, 0, 1, nal, number}, 6);
    frame->number = number;
    return frame;
}

static void take_group_frame(struct fixture *f, struct host *host, GString *arrived)
{
    struct vcam_payload part;
    if (bulk(f, 16384, &part) == VCAM_NAK)
        return;
    g_assert_true(take_transfer(host, 16384, &part, f->now_us));
    g_string_append_printf(arrived, "%u ", host->frame->data[5]);
}

static void run_group(struct fixture *f, struct host *host, const struct vcam_mode *mode,
                      const char *happens, GString *arrived)
{
    struct vcam_payload part;
    uint8_t number = 0;
    for (; *happens; happens++) {
        if (*happens == TAKE) {
            take_group_frame(f, host, arrived);
        } else if (*happens == BEGIN) {
            g_assert_cmpint(bulk(f, 12, &part), ==, VCAM_DATA);
            take_transfer(host, 12, &part, f->now_us);
        } else if (*happens == STOP) {
            stop(f, CLEAR_HALT);
        } else if (*happens == LOST) {
            number++;
        } else {
            vcam_device_push_frame(f->device, group_frame(mode, *happens, number++), f->now_us);
        }
    }
}

static void test_groups(void)
{
    vcam_log_set(on_line, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        const struct vcam_mode mode = {groups[i].fourcc, 160, 120, 333333};
        g_autoptr(GString) arrived = g_string_new(NULL);
        struct vcam_offer offer = {0};
        struct fixture f;
        struct host host;
        g_assert_true(vcam_offer_add(&offer, &mode));
        fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, &offer);
        fixture_configure(&f);
        host_init(&host, fixture_commit(&f, &mode));
        run_group(&f, &host, &mode, groups[i].happens, arrived);
        g_test_message("%s", groups[i].happens);
        g_assert_cmpstr(arrived->str, ==, groups[i].arrive);
        g_assert_cmpuint(state_of(&f).frames_dropped, ==, groups[i].dropped);
        g_assert_cmpuint(f.events[VCAM_FRAME_DROPPED], ==, groups[i].dropped);
        host_clear(&host);
        fixture_clear(&f);
    }
    vcam_log_set(NULL, NULL);
}

/* ---- Frames that no mode allows ---- */

static void test_refused(void)
{
    static const struct vcam_mode other_size = {VCAM_YUY2, 120, 160, 333333};
    static const struct {
        const struct vcam_mode *committed, *pushed;
        size_t size;
    } rows[] = {
        {&yuy2, &yuy2, 38399},    {&yuy2, &yuy2, 38401},       {&yuy2, &yuy2, 0},
        {&yuy2, &mjpeg, 38400},   {&yuy2, &other_size, 38400}, {&mjpeg, &mjpeg, 0},
        {&mjpeg, &mjpeg, 614401}, {&mjpeg, &yuy2, 38400},
    };
    struct fixture f;
    struct vcam_payload part;

    vcam_log_set(on_line, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_BULK, 0, NULL);
        fixture_configure(&f);
        fixture_commit(&f, rows[i].committed);
        lines = 0;
        g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_NAK);
        for (unsigned k = 0; k < 100; k++)
            push(&f, rows[i].pushed, rows[i].size, k);
        g_assert_cmpuint(f.events[VCAM_FRAME_REFUSED], ==, 100);
        g_assert_cmpint(bulk(&f, 512, &part), ==, VCAM_NAK);
        g_assert_cmpuint(lines, ==, 1);
        g_assert_true(g_str_has_prefix(first_line, "camera bug: "));
        f.now_us += 10000000;
        push(&f, rows[i].pushed, rows[i].size, 100);
        g_assert_cmpuint(lines, ==, 2);
        fixture_clear(&f);
    }
    vcam_log_set(NULL, NULL);
}

/* ---- The idle watch ---- */

static void test_idle(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_bulk(&f, VCAM_SPEED_HIGH, &yuy2, &host);
    g_assert_cmpint(vcam_device_tick(f.device, f.now_us), ==, VCAM_NEVER);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_NAK);
    /* The guest waits for the camera, however long. */
    f.now_us += 60000000;
    g_assert_cmpint(vcam_device_tick(f.device, f.now_us), ==, f.now_us + 5000000);
    g_assert_true(f.on);
    push(&f, &yuy2, 38400, 1);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_DATA);
    take_transfer(&host, 16384, &part, f.now_us);
    push(&f, &yuy2, 38400, 2);
    int64_t asked_us = f.now_us;
    f.now_us += 4999999;
    g_assert_cmpint(vcam_device_tick(f.device, f.now_us), ==, asked_us + 5000000);
    g_assert_true(f.on);
    f.now_us++;
    g_assert_cmpint(vcam_device_tick(f.device, f.now_us), ==, VCAM_NEVER);
    g_assert_false(f.on);
    g_assert_cmpint(vcam_device_tick(f.device, f.now_us), ==, VCAM_NEVER);
    /* It comes back: the begun frame is finished, the camera on again, the old picture gone. */
    read_bulk_frame(&f, &host, 16384);
    assert_frame(&host, &yuy2, 38400, 1);
    g_assert_true(f.on);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_NAK);
    push(&f, &yuy2, 38400, 3);
    read_bulk_frame(&f, &host, 16384);
    assert_frame(&host, &yuy2, 38400, 3);
    /* Nobody looks through a link that has been full for so long: the next request starts it again.
     */
    vcam_device_hold(f.device, true);
    f.now_us += 6000000;
    vcam_device_tick(f.device, f.now_us);
    g_assert_false(f.on);
    vcam_device_hold(f.device, false);
    g_assert_cmpint(bulk(&f, 16384, &part), ==, VCAM_NAK);
    g_assert_true(f.on);
    host_clear(&host);
    fixture_clear(&f);
}

/* A frame is the device's until the payload that ends it has been used. */
static unsigned released;

static void on_release(struct vcam_frame *frame)
{
    (void)frame;
    released++;
}

static void test_frame_lifetime(void)
{
    uint8_t bytes[2][38400] = {{1}, {2}};
    struct vcam_frame frames[2];
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    for (unsigned i = 0; i < 2; i++)
        frames[i] = (struct vcam_frame){
            .mode = yuy2, .data = bytes[i], .size = 38400, .refs = 1, .release = on_release};
    start_bulk(&f, VCAM_SPEED_HIGH, &yuy2, &host);
    g_assert_cmpint(bulk(&f, 1 << 16, &part), ==, VCAM_NAK);
    vcam_device_push_frame(f.device, &frames[0], f.now_us);
    g_assert_cmpint(bulk(&f, 1 << 16, &part), ==, VCAM_DATA);
    g_assert_true(part.begins_frame && part.ends_frame);
    g_assert_true(part.data == bytes[0]);
    g_assert_cmpuint(released, ==, 0);
    vcam_device_push_frame(f.device, &frames[1], f.now_us);
    g_assert_cmpuint(released, ==, 1);
    g_assert_cmpint(bulk(&f, 1 << 16, &part), ==, VCAM_DATA);
    g_assert_true(part.data == bytes[1]);
    stop(&f, CLEAR_HALT);
    g_assert_cmpuint(released, ==, 2);
    host_clear(&host);
    fixture_clear(&f);
}

/* ---- Isochronous ---- */

/* Packets until a frame is whole. */
static unsigned read_iso_frame(struct fixture *f, struct host *host)
{
    struct vcam_payload part;
    unsigned packets = 0;
    g_byte_array_set_size(host->frame, 0);
    do {
        f->now_us += 125;
        g_assert_cmpint(vcam_device_iso_in(f->device, 0x81, f->now_us, &part), ==, VCAM_DATA);
        g_assert_cmpuint(part.header_len, ==, 12);
        g_assert_cmpuint(12 + part.len, <=, host->max_payload);
        g_assert_cmpint(part.begins_frame, ==, host->frame->len == 0);
        take_header(host, part.header, f->now_us);
        g_byte_array_append(host->frame, part.data, part.len);
        packets++;
        g_assert_cmpint(part.ends_frame, ==, part.header[1] >> 1 & 1);
    } while (!end_payload(host, part.header[1]));
    return packets;
}

static void start_iso(struct fixture *f, enum vcam_speed speed, const struct vcam_mode *mode,
                      struct host *host)
{
    fixture_init(f, speed, VCAM_TRANSFER_ISO, 0, NULL);
    fixture_configure(f);
    host_init(host, fixture_commit(f, mode));
    fixture_select(f, host->max_payload);
}

static void test_iso(void)
{
    static const struct {
        enum vcam_speed speed;
        struct vcam_mode mode;
    } rows[] = {
        {VCAM_SPEED_FULL, {VCAM_YUY2, 160, 120, 2000000}},
        {VCAM_SPEED_HIGH, {VCAM_YUY2, 640, 480, 333333}},
        {VCAM_SPEED_HIGH, {VCAM_MJPEG, 1280, 720, 333333}},
        {VCAM_SPEED_SUPER, {VCAM_YUY2, 1280, 720, 1000000}},
        {VCAM_SPEED_SUPER, {VCAM_MJPEG, 640, 480, 166666}},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const struct vcam_mode *mode = &rows[i].mode;
        struct fixture f;
        struct host host;
        struct vcam_payload part;
        start_iso(&f, rows[i].speed, mode, &host);
        g_assert_cmpuint(f.starts, ==, 1);
        uint32_t most = vcam_mode_max_frame_size(mode), room = host.max_payload - 12;
        for (unsigned k = 1; k <= 4; k++) {
            /* Compressed ones end on a packet's border, one before it, one after it. */
            size_t size = mode->fourcc == VCAM_YUY2 ? most : room * 3 + k - 2;
            g_assert_cmpint(vcam_device_iso_in(f.device, 0x81, f.now_us, &part), ==, VCAM_NAK);
            push(&f, mode, size, k);
            g_assert_cmpuint(f.stream_ready, ==, k);
            g_assert_cmpuint(read_iso_frame(&f, &host), ==, (size + room - 1) / room);
            assert_frame(&host, mode, size, k);
        }
        g_assert_cmpuint(host.errors, ==, 0);
        g_assert_cmpint(vcam_device_bulk_in(f.device, 0x81, 512, f.now_us, &part), ==, VCAM_STALL);
        host_clear(&host);
        fixture_clear(&f);
    }
}

/* Start, stop, start, stop, as hosts do at the end of a stream; a smaller alternate setting than
   was negotiated gets smaller packets. */
static void test_iso_bursts(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_iso(&f, VCAM_SPEED_HIGH, &mjpeg, &host);
    for (unsigned i = 0; i < 10; i++) {
        stop(&f, SET_INTERFACE);
        stop(&f, SET_INTERFACE);
        g_assert_false(f.on);
        g_assert_cmpint(vcam_device_iso_in(f.device, 0x81, f.now_us, &part), ==, VCAM_STALL);
        fixture_select(&f, 192 * (1 + i));
        g_assert_true(f.on);
        push(&f, &mjpeg, 10000, i);
        struct vcam_endpoint endpoints[2];
        vcam_profile_endpoints(vcam_device_profile(f.device), state_of(&f).bAlternateSetting,
                               endpoints);
        host.max_payload = endpoints[1].max_packet_size;
        host.fid = -1;
        read_iso_frame(&f, &host);
        assert_frame(&host, &mjpeg, 10000, i);
        push(&f, &mjpeg, 10000, 100 + i);
        g_assert_cmpint(vcam_device_iso_in(f.device, 0x81, f.now_us, &part), ==, VCAM_DATA);
    }
    g_assert_cmpuint(f.events[VCAM_FRAME_CUT], ==, 9);
    host_clear(&host);
    fixture_clear(&f);
}

/* The host has a part of a frame that will not be finished: it is told. */
static void test_iso_cut(void)
{
    struct fixture f;
    struct host host;
    struct vcam_payload part;

    start_iso(&f, VCAM_SPEED_HIGH, &yuy2, &host);
    push(&f, &yuy2, 38400, 1);
    g_assert_cmpint(vcam_device_iso_in(f.device, 0x81, f.now_us, &part), ==, VCAM_DATA);
    uint8_t fid = part.header[1] & 1;
    host.max_payload = fixture_commit(&f, &mjpeg);
    g_assert_cmpuint(f.starts, ==, 2);
    g_assert_cmpint(vcam_device_iso_in(f.device, 0x81, f.now_us, &part), ==, VCAM_DATA);
    g_assert_cmpuint(part.header_len, ==, 12);
    g_assert_cmpuint(part.len, ==, 0);
    g_assert_cmpuint(part.header[1], ==, 0xce | fid); /* EOH, ERR, SCR, PTS, EOF */
    g_assert_cmpuint(le32(part.header + 2), ==, 1000);
    g_assert_cmpint(vcam_device_iso_in(f.device, 0x81, f.now_us, &part), ==, VCAM_NAK);
    host.fid = fid;
    push(&f, &mjpeg, 300, 2);
    host.max_payload = 3060;
    read_iso_frame(&f, &host);
    assert_frame(&host, &mjpeg, 300, 2);
    host_clear(&host);
    fixture_clear(&f);
}

/* An alternate setting before the commit: the commit is the start. */
static void test_iso_late_commit(void)
{
    struct fixture f;
    struct vcam_payload part;
    fixture_init(&f, VCAM_SPEED_HIGH, VCAM_TRANSFER_ISO, 0, NULL);
    fixture_configure(&f);
    fixture_select(&f, 3060);
    g_assert_cmpuint(f.starts, ==, 0);
    g_assert_cmpint(vcam_device_iso_in(f.device, 0x81, f.now_us, &part), ==, VCAM_NAK);
    fixture_commit(&f, &mjpeg);
    g_assert_cmpuint(f.starts, ==, 1);
    g_assert_cmpint(vcam_device_tick(f.device, f.now_us + 60000000), ==, VCAM_NEVER);
    g_assert_true(f.on);
    fixture_clear(&f);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stream/bulk/sizes", test_bulk_sizes);
    g_test_add_func("/stream/bulk/maximum", test_bulk_maximum);
    g_test_add_func("/stream/bulk/speeds", test_bulk_speeds);
    g_test_add_func("/stream/bulk/tiny", test_bulk_tiny);
    g_test_add_func("/stream/bulk/start", test_bulk_start);
    g_test_add_func("/stream/stops", test_stops);
    g_test_add_func("/stream/stop-before-empty-packet", test_stop_before_empty_packet);
    g_test_add_func("/stream/commit", test_commit_while_streaming);
    g_test_add_func("/stream/queue", test_queue);
    g_test_add_func("/stream/hold", test_hold);
    g_test_add_func("/stream/groups", test_groups);
    g_test_add_func("/stream/refused", test_refused);
    g_test_add_func("/stream/idle", test_idle);
    g_test_add_func("/stream/frame-lifetime", test_frame_lifetime);
    g_test_add_func("/stream/iso/frames", test_iso);
    g_test_add_func("/stream/iso/bursts", test_iso_bursts);
    g_test_add_func("/stream/iso/cut", test_iso_cut);
    g_test_add_func("/stream/iso/late-commit", test_iso_late_commit);
    return g_test_run();
}
