/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures of a capture device, and its coming and going: busy, pulled, back under another number,
   frames that outlive it. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "tests/unit/fake_v4l2.h"
#include "tests/unit/sources_fixture.h"

#define YUYV      V4L2_PIX_FMT_YUYV
#define MONOTONIC V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC
#define FPS(n)                                                                                     \
    {                                                                                              \
        1, n                                                                                       \
    }
#define SIZES                                                                                      \
    {                                                                                              \
        {                                                                                          \
            8, 4,                                                                                  \
            {                                                                                      \
                FPS(30)                                                                            \
            }                                                                                      \
        }                                                                                          \
    }

static const struct fake_model webcam = {
    .card = "Webcam",
    .driver = "uvcvideo",
    .bus = "usb-1",
    .serial = "SN1",
    .index = "0",
    .controls = {{.id = V4L2_CID_BRIGHTNESS, .type = V4L2_CTRL_TYPE_INTEGER, .maximum = 9}},
    .formats = {{YUYV, .sizes = SIZES},
                {V4L2_PIX_FMT_MJPEG, .sizes = SIZES},
                {V4L2_PIX_FMT_NV12, .sizes = SIZES},
                {V4L2_PIX_FMT_YUV420, .sizes = SIZES},
                {V4L2_PIX_FMT_GREY, .sizes = SIZES}},
};
static const struct vcam_mode yuyv = {YUYV, 8, 4, 333333};
static const struct vcam_mode mjpeg = {V4L2_PIX_FMT_MJPEG, 8, 4, 333333};
#define RAW 64u /* bytes of a frame of yuyv */

struct camera {
    struct vcam_source *source;
    struct catcher *catcher;
};

static struct camera camera_new(void)
{
    char why[VCAM_ERROR_LEN] = "";
    fake_reset();
    fake_plug(0, &webcam);
    struct vcam_source *source = vcam_source_v4l2_new_on(&fake_v4l2, "/dev/video0", why);
    g_assert_cmpstr(why, ==, "");
    return (struct camera){source, catcher_new(source)};
}

static struct camera camera_started(const struct vcam_mode *mode)
{
    struct camera camera = camera_new();
    g_assert_cmpint(vcam_source_start(camera.source, mode, 0), ==, 0);
    return camera;
}

/* Ends with everything given back. */
static void camera_free(struct camera *camera)
{
    catcher_free(camera->catcher);
    vcam_source_free(camera->source);
    g_assert_cmpuint(fake_open_count(), ==, 0);
    g_assert_cmpuint(fake_mapping_count(), ==, 0);
}

/* Returns whether the driver had a buffer for it. */
static bool deliver(struct camera *camera, unsigned node, uint32_t bytesused, uint32_t sequence)
{
    bool taken = fake_deliver(node, &(struct fake_arrival){bytesused, MONOTONIC, sequence,
                                                           1000 + sequence, sequence + 1, NULL});
    vcam_source_dispatch(camera->source, 1000000);
    return taken;
}

static void assert_event(const struct camera *camera, guint at, enum vcam_source_event event,
                         int detail)
{
    g_assert_cmpuint(at, <, camera->catcher->events->len);
    const struct event_seen *seen = &g_array_index(camera->catcher->events, struct event_seen, at);
    g_assert_cmpint(seen->event, ==, event);
    g_assert_cmpint(seen->detail, ==, detail);
}

static const struct vcam_frame *frame_at(const struct camera *camera, guint at)
{
    g_assert_cmpuint(at, <, camera->catcher->frames->len);
    return g_ptr_array_index(camera->catcher->frames, at);
}

/* --- pictures --- */

static void test_frames(void)
{
    struct camera camera = camera_started(&yuyv);
    short events = 0;
    g_assert_cmpint(vcam_source_get_fd(camera.source, &events), >=, 0);
    g_assert_cmpint(events, ==, POLLIN | POLLPRI);
    g_assert_cmpint(vcam_source_dispatch(camera.source, 5), ==, VCAM_NEVER);
    g_assert_true(deliver(&camera, 0, RAW, 0));
    const struct vcam_frame *frame = frame_at(&camera, 0);
    g_assert_true(fake_is_mapped(frame->data)); /* the driver's own bytes */
    g_assert_cmpuint(frame->size, ==, RAW);
    g_assert_cmpuint(frame->data[RAW - 1], ==, 1);
    g_assert_cmpuint(frame->number, ==, 0);
    g_assert_cmpint(frame->capture_us, ==, 1000);
    g_assert_cmpint(frame->ready_us, ==, 1000000);
    g_assert_cmpuint(frame->mode.fourcc, ==, YUYV);
    unsigned queued = fake_queued(0);
    catcher_clear(camera.catcher);
    g_assert_cmpuint(fake_queued(0), ==, queued + 1);
    vcam_source_stop(camera.source);
    g_assert_cmpint(vcam_source_get_fd(camera.source, &events), ==, -1);
    g_assert_cmpuint(fake_open_count(), ==, 0);
    g_assert_cmpint(vcam_source_dispatch(camera.source, 9), ==, VCAM_NEVER);
    camera_free(&camera);
}

/* Numbers follow the driver's, whatever it does: rows of its count and ours. */
static void test_numbers(void)
{
    static const struct {
        uint32_t sequence;
        uint64_t number;
    } rows[] = {{UINT32_MAX - 2, 0},          {UINT32_MAX - 1, 1},       {1, 4}, {2, 5}, {9, 12},
                {9, 13} /* does not count */, {3, 14} /* counts anew */, {4, 15}};
    struct camera camera = camera_started(&yuyv);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_true(deliver(&camera, 0, RAW, rows[i].sequence));
        g_assert_cmpuint(frame_at(&camera, 0)->number, ==, rows[i].number);
        catcher_clear(camera.catcher);
    }
    g_assert_cmpint(vcam_source_start(camera.source, &yuyv, 0), ==, 0);
    deliver(&camera, 0, RAW, 77);
    g_assert_cmpuint(frame_at(&camera, 0)->number, ==, 0);
    camera_free(&camera);
}

static void test_times(void)
{
    static const struct {
        uint32_t flags;
        int64_t time_us, capture_us; /* now is 1000000 */
    } rows[] = {
        {MONOTONIC, 999000, 999000},
        {MONOTONIC, 1000001, 1000000}, /* a clock that runs ahead */
        {MONOTONIC, 0, 1000000},
        {V4L2_BUF_FLAG_TIMESTAMP_UNKNOWN, 999000, 1000000},
        {V4L2_BUF_FLAG_TIMESTAMP_COPY, 999000, 1000000},
    };
    struct camera camera = camera_started(&yuyv);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        fake_deliver(0, &(struct fake_arrival){RAW, rows[i].flags, i, rows[i].time_us, 0, NULL});
        vcam_source_dispatch(camera.source, 1000000);
        g_assert_cmpint(frame_at(&camera, 0)->capture_us, ==, rows[i].capture_us);
        catcher_clear(camera.catcher);
    }
    camera_free(&camera);
}

/* What a driver may call a frame. size 0: it is left out, and its buffer given back at once. */
static void test_damaged(void)
{
    static const struct {
        const struct vcam_mode *mode;
        uint32_t flags, bytesused;
        size_t size;
    } rows[] = {
        {&yuyv, 0, RAW, RAW},      {&yuyv, V4L2_BUF_FLAG_ERROR, RAW, 0},
        {&yuyv, 0, 0, 0},          {&yuyv, 0, RAW - 1, 0},
        {&yuyv, 0, RAW + 4, RAW},  /* a padded buffer */
        {&yuyv, 0, UINT32_MAX, 0}, /* more than the buffer has */
        {&mjpeg, 0, 1, 1},         {&mjpeg, 0, 60, 60},
        {&mjpeg, 0, 0, 0},         {&mjpeg, V4L2_BUF_FLAG_ERROR, 60, 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_free(log_taken());
        struct camera camera = camera_started(rows[i].mode);
        unsigned queued = fake_queued(0);
        fake_deliver(0, &(struct fake_arrival){rows[i].bytesused, rows[i].flags, 0, 1, 7, NULL});
        vcam_source_dispatch(camera.source, 1000000);
        g_autofree char *log = log_taken();
        g_assert_cmpuint(camera.catcher->frames->len, ==, rows[i].size != 0);
        g_assert_cmpuint(fake_queued(0), ==, queued - (rows[i].size != 0));
        if (rows[i].size)
            g_assert_cmpuint(frame_at(&camera, 0)->size, ==, rows[i].size);
        else
            g_assert_true(g_str_has_prefix(log, "camera bug: Webcam: a damaged frame"));
        g_assert_true(deliver(&camera, 0, RAW, 1)); /* and on */
        g_assert_cmpuint(catcher_last(camera.catcher)->number, ==, rows[i].size ? 1 : 0);
        camera_free(&camera);
    }
}

/* Lines that lie further apart than they are long. */
static void test_strides(void)
{
    static const struct {
        uint32_t fourcc;
        size_t arrives, size;
    } rows[] = {
        {YUYV, 4 * 24, 64},
        {V4L2_PIX_FMT_GREY, 4 * 24, 32},
        {V4L2_PIX_FMT_NV12, 6 * 24, 48},
        {V4L2_PIX_FMT_YUV420, 6 * 24, 48},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct camera camera = camera_new();
        struct vcam_mode mode = {rows[i].fourcc, 8, 4, 333333};
        fake_quirks(0)->bytesperline = 24;
        g_assert_cmpint(vcam_source_start(camera.source, &mode, 0), ==, 0);
        unsigned queued = fake_queued(0);
        deliver(&camera, 0, rows[i].arrives - 1, 4); /* too short: left out */
        g_assert_cmpuint(camera.catcher->frames->len, ==, 0);
        for (guint n = 5; n < 15; n++)
            deliver(&camera, 0, rows[i].arrives, n);
        g_assert_cmpuint(fake_queued(0), ==, queued); /* copies do not hold the driver up */
        const struct vcam_frame *frame = frame_at(&camera, 0);
        g_assert_false(fake_is_mapped(frame->data));
        g_assert_cmpuint(frame->size, ==, rows[i].size);
        for (size_t at = 0; at < frame->size; at++)
            g_assert_cmpuint(frame->data[at], ==, 6);
        camera_free(&camera);
    }
}

/* Which byte goes where: a driver with its own pattern in the gaps between the lines. */
static void test_stride_bytes(void)
{
    struct camera camera = camera_new();
    const struct vcam_mode mode = {V4L2_PIX_FMT_YUV420, 8, 4, 333333};
    uint8_t bytes[6 * 12];
    fake_quirks(0)->bytesperline = 12;
    for (unsigned line = 0; line < 4; line++) /* luma, 8 of 12 */
        for (unsigned x = 0; x < 12; x++)
            bytes[line * 12 + x] = x < 8 ? line * 8 + x : 0xee;
    for (unsigned line = 0; line < 4; line++) /* two planes of chroma, 4 of 6 */
        for (unsigned x = 0; x < 6; x++)
            bytes[48 + line * 6 + x] = x < 4 ? 32 + line * 4 + x : 0xee;
    g_assert_cmpint(vcam_source_start(camera.source, &mode, 0), ==, 0);
    fake_deliver(0, &(struct fake_arrival){sizeof(bytes), MONOTONIC, 0, 1, 0, bytes});
    vcam_source_dispatch(camera.source, 1000000);
    const struct vcam_frame *frame = frame_at(&camera, 0);
    g_assert_cmpuint(frame->size, ==, 48);
    for (unsigned at = 0; at < 48; at++)
        g_assert_cmpuint(frame->data[at], ==, at);
    camera_free(&camera);
}

/* --- who holds what --- */

static void test_all_held(void)
{
    struct camera camera = camera_started(&yuyv);
    for (unsigned i = 0; i < FAKE_BUFFERS; i++)
        g_assert_true(deliver(&camera, 0, RAW, i));
    g_assert_false(deliver(&camera, 0, RAW, 9)); /* the driver loses it, we go on */
    g_assert_cmpuint(camera.catcher->frames->len, ==, FAKE_BUFFERS);
    g_assert_cmpuint(camera.catcher->events->len, ==, 0);
    g_ptr_array_remove_index(camera.catcher->frames, 1);
    g_assert_true(deliver(&camera, 0, RAW, 10));
    g_assert_cmpuint(catcher_last(camera.catcher)->number, ==, 10);
    for (unsigned i = 0; i < camera.catcher->frames->len; i++)
        for (unsigned j = 0; j < i; j++)
            g_assert_true(frame_at(&camera, i)->data != frame_at(&camera, j)->data);
    camera_free(&camera);
}

/* A guest that still reads its last frame does not keep the camera from starting again. */
static void test_outlive(void)
{
    struct camera camera = camera_started(&yuyv);
    deliver(&camera, 0, RAW, 0);
    deliver(&camera, 0, RAW, 1);
    vcam_source_stop(camera.source);
    g_assert_cmpuint(fake_open_count(), ==, 0);
    g_assert_cmpuint(fake_mapping_count(), ==, 2);
    g_assert_cmpint(vcam_source_start(camera.source, &yuyv, 0), ==, 0);
    deliver(&camera, 0, RAW, 2);
    g_assert_cmpuint(frame_at(&camera, 0)->data[0], ==, 1); /* not written over */
    g_assert_cmpuint(frame_at(&camera, 1)->data[0], ==, 2);
    g_assert_cmpuint(frame_at(&camera, 2)->data[0], ==, 3);
    unsigned queued = fake_queued(0);
    g_ptr_array_remove_range(camera.catcher->frames, 0, 2);
    g_assert_cmpuint(fake_queued(0), ==, queued); /* not given to the new capture */
    g_assert_cmpuint(fake_mapping_count(), ==, FAKE_BUFFERS);
    vcam_source_free(camera.source);
    g_assert_cmpuint(fake_mapping_count(), ==, 1); /* the source is gone, the frame is not */
    g_assert_cmpuint(frame_at(&camera, 0)->data[0], ==, 3);
    catcher_free(camera.catcher);
    g_assert_cmpuint(fake_mapping_count(), ==, 0);
}

/* --- there and gone --- */

static void test_busy(void)
{
    struct camera camera = camera_new();
    fake_occupy(0, true);
    g_assert_cmpint(vcam_source_start(camera.source, &yuyv, 0), ==, -EBUSY);
    g_assert_cmpuint(fake_open_count(), ==, 0);
    g_assert_cmpint(vcam_source_dispatch(camera.source, 0), ==, VCAM_NEVER);
    g_assert_cmpuint(camera.catcher->events->len, ==, 0); /* its caller knows */
    fake_occupy(0, false);
    g_assert_cmpint(vcam_source_start(camera.source, &yuyv, 0), ==, 0);
    g_assert_true(deliver(&camera, 0, RAW, 0));
    g_assert_cmpuint(camera.catcher->frames->len, ==, 1);
    camera_free(&camera);
}

/* Pulled at time 0, back as model at node some seconds later. */
static void pull_and_plug(struct camera *camera, unsigned node, const struct fake_model *model,
                          bool found)
{
    deliver(camera, 0, RAW, 0);
    fake_pull(0);
    g_assert_cmpint(vcam_source_dispatch(camera->source, 0), ==, 1000000);
    assert_event(camera, 0, VCAM_SOURCE_GONE, -ENODEV);
    g_assert_cmpint(vcam_source_get_fd(camera->source, &(short){0}), ==, -1);
    g_assert_cmpuint(fake_open_count(), ==, 0);
    g_assert_cmpint(vcam_source_dispatch(camera->source, 1000000), ==, 2000000);
    g_assert_cmpuint(camera->catcher->events->len, ==, 1);
    fake_plug(node, model);
    g_assert_cmpint(vcam_source_dispatch(camera->source, 1999999), ==, 2000000); /* not due */
    g_assert_cmpuint(fake_open_count(), ==, 0);
    g_assert_cmpint(vcam_source_dispatch(camera->source, 2000000), ==,
                    found ? VCAM_NEVER : 3000000);
    g_assert_cmpuint(camera->catcher->events->len, ==, found ? 2 : 1);
    g_assert_cmpuint(fake_open_count(), ==, found ? 1 : 0);
}

static struct fake_model webcam_as(const char *card, const char *bus, const char *serial,
                                   const char *index)
{
    struct fake_model model = webcam;
    model.card = card;
    model.bus = bus;
    model.serial = serial;
    model.index = index;
    return model;
}

static void test_pulled(void)
{
    static const struct {
        unsigned node;
        const char *card, *bus, *serial, *index;
        bool found;
    } rows[] = {
        {0, "Webcam", "usb-1", "SN1", "0", true},
        {5, "Webcam", "usb-1", "SN1", "0", true},  /* another number */
        {5, "Webcam", "usb-2", "SN1", "0", true},  /* another socket */
        {0, "Webcam", "usb-2", "SN1", "0", true},  /* another socket, the number again */
        {0, "Webcam", "usb-1", "SN2", "0", false}, /* its twin in its socket */
        {5, "Webcam", "usb-2", "SN2", "0", false},
        {5, "Webcam", "usb-2", "", "0", false},
        {0, "Printer", "usb-1", "SN1", "0", false},
        {0, "Webcam", "usb-1", "SN1", "1", false}, /* its second node */
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct camera camera = camera_started(&yuyv);
        struct fake_model model =
            webcam_as(rows[i].card, rows[i].bus, rows[i].serial, rows[i].index);
        pull_and_plug(&camera, rows[i].node, &model, rows[i].found);
        if (rows[i].found) {
            assert_event(&camera, 1, VCAM_SOURCE_BACK, 0);
            deliver(&camera, rows[i].node, RAW, 3);
            g_assert_cmpuint(catcher_last(camera.catcher)->number, ==, 1); /* after 0 */
        }
        camera_free(&camera);
    }
}

/* Without a serial of its own only the socket tells. */
static void test_pulled_twins(void)
{
    struct fake_model twin = webcam_as("Webcam", "usb-2", "SN1", "0");
    for (unsigned same_socket = 0; same_socket < 2; same_socket++) {
        char why[VCAM_ERROR_LEN];
        fake_reset();
        fake_plug(0, &webcam);
        fake_plug(1, &twin);
        struct vcam_source *source = vcam_source_v4l2_new_on(&fake_v4l2, "/dev/video0", why);
        struct camera camera = {source, catcher_new(source)};
        g_assert_cmpint(vcam_source_start(source, &yuyv, 0), ==, 0);
        struct fake_model moved = webcam_as("Webcam", same_socket ? "usb-1" : "usb-3", "SN1", "0");
        pull_and_plug(&camera, 2, &moved, same_socket);
        g_assert_false(fake_streams(1));
        camera_free(&camera);
    }
}

/* start() looks for it too: the guest may begin while it is elsewhere. */
static void test_moved_while_stopped(void)
{
    struct camera camera = camera_new();
    struct fake_model moved = webcam_as("Webcam", "usb-7", "SN1", "0");
    fake_pull(0);
    g_assert_cmpint(vcam_source_start(camera.source, &yuyv, 0), ==, -ENODEV);
    fake_plug(3, &moved);
    g_assert_cmpint(vcam_source_start(camera.source, &yuyv, 0), ==, 0);
    g_assert_true(fake_streams(3));
    camera_free(&camera);
}

/* Taken by another program just when it is back; then in nobody's hands. */
static void test_back_but_busy(void)
{
    struct camera camera = camera_started(&yuyv);
    deliver(&camera, 0, RAW, 0);
    fake_pull(0);
    vcam_source_dispatch(camera.source, 0);
    fake_plug(0, &webcam);
    fake_occupy(0, true);
    for (int64_t now_us = 1000000; now_us < 5000000; now_us += 1000000)
        g_assert_cmpint(vcam_source_dispatch(camera.source, now_us), ==, now_us + 1000000);
    g_assert_cmpuint(camera.catcher->events->len, ==, 1);
    fake_occupy(0, false);
    vcam_source_dispatch(camera.source, 5000000);
    assert_event(&camera, 1, VCAM_SOURCE_BACK, 0);
    camera_free(&camera);
}

static void test_stop_while_gone(void)
{
    struct camera camera = camera_started(&yuyv);
    fake_pull(0);
    vcam_source_dispatch(camera.source, 0);
    vcam_source_stop(camera.source);
    fake_plug(0, &webcam);
    g_assert_cmpint(vcam_source_dispatch(camera.source, 9000000), ==, VCAM_NEVER);
    g_assert_cmpuint(camera.catcher->events->len, ==, 1);
    g_assert_false(fake_streams(0));
    camera_free(&camera);
}

static void test_broken(void)
{
    struct camera camera = camera_started(&yuyv);
    fake_break(0);
    g_assert_cmpint(vcam_source_dispatch(camera.source, 0), ==, 1000000);
    assert_event(&camera, 0, VCAM_SOURCE_GONE, -EIO);
    camera_free(&camera);
}

/* --- the sink has its own will --- */

static void stop_on_frame(void *user, struct vcam_frame *frame)
{
    vcam_source_stop(user);
    vcam_frame_unref(frame);
}

static void stop_on_event(void *user, enum vcam_source_event event, int detail)
{
    (void)event, (void)detail;
    vcam_source_stop(user);
}

static void test_stop_inside(void)
{
    struct camera camera = camera_started(&yuyv);
    const struct vcam_source_sink sink = {stop_on_frame, stop_on_event, camera.source};
    vcam_source_set_sink(camera.source, &sink);
    deliver(&camera, 0, RAW, 0);
    g_assert_cmpuint(fake_open_count(), ==, 0);
    g_assert_cmpint(vcam_source_start(camera.source, &yuyv, 0), ==, 0);
    fake_turn(0, V4L2_CID_BRIGHTNESS, 3);
    deliver(&camera, 0, RAW, 1); /* a control and a picture at once */
    g_assert_cmpuint(fake_open_count(), ==, 0);
    g_assert_cmpint(vcam_source_start(camera.source, &yuyv, 0), ==, 0);
    fake_pull(0);
    g_assert_cmpint(vcam_source_dispatch(camera.source, 0), ==, VCAM_NEVER);
    camera_free(&camera);
}

/* Each call to the kernel fails once: an error, or none, and nothing is left behind. */
static void test_each_call_fails(void)
{
    unsigned errors = 0;
    for (int n = 0; n < 120; n++) {
        struct camera camera = camera_new();
        fake_fail_after(n);
        int r = vcam_source_start(camera.source, &yuyv, 0);
        g_assert_true(r == 0 || r == -EIO || r == -ENOMEM || r == -EINVAL);
        errors += r != 0;
        g_assert_cmpuint(fake_open_count(), ==, r == 0);
        if (r == 0)
            for (unsigned i = 0; i < 3; i++) {
                if (fake_streams(0))
                    deliver(&camera, 0, RAW, i);
                if (i < camera.catcher->frames->len && i == 1)
                    g_ptr_array_remove_index(camera.catcher->frames, 0);
            }
        fake_fail_after(-1);
        camera_free(&camera);
    }
    g_assert_cmpuint(errors, >=, 15); /* open, format, interval, 4 x (query, map, queue), on */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/v4l2/stream/frames", test_frames);
    g_test_add_func("/v4l2/stream/numbers", test_numbers);
    g_test_add_func("/v4l2/stream/times", test_times);
    g_test_add_func("/v4l2/stream/damaged", test_damaged);
    g_test_add_func("/v4l2/stream/strides", test_strides);
    g_test_add_func("/v4l2/stream/stride-bytes", test_stride_bytes);
    g_test_add_func("/v4l2/stream/all-held", test_all_held);
    g_test_add_func("/v4l2/stream/outlive", test_outlive);
    g_test_add_func("/v4l2/stream/stop-inside", test_stop_inside);
    g_test_add_func("/v4l2/stream/each-call-fails", test_each_call_fails);
    g_test_add_func("/v4l2/gone/busy", test_busy);
    g_test_add_func("/v4l2/gone/pulled", test_pulled);
    g_test_add_func("/v4l2/gone/twins", test_pulled_twins);
    g_test_add_func("/v4l2/gone/moved-while-stopped", test_moved_while_stopped);
    g_test_add_func("/v4l2/gone/back-but-busy", test_back_but_busy);
    g_test_add_func("/v4l2/gone/stop-while-gone", test_stop_while_gone);
    g_test_add_func("/v4l2/gone/broken", test_broken);
    return g_test_run();
}
