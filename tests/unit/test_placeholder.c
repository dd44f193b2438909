/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The placeholder, as timelines: when it is seen, what it says it stands for, and that it is gone
   with the first real picture. */
#include <errno.h>
#include <string.h>

#include "tests/unit/sources_fixture.h"
#include "vcam/sources/picture.h"

#define FPS30  333333
#define SECOND 1000000

struct scene {
    struct toy *toy;
    struct vcam_source *source;
    struct catcher *catcher;
    struct vcam_mode mode;
};

static struct scene scene_of(guint32 fourcc, guint32 interval, int start_result)
{
    struct scene scene = {.mode = {fourcc, 320, 240, interval}};
    scene.toy = toy_new(&scene.mode, 1);
    scene.toy->start_result = start_result;
    scene.source = vcam_source_placeholder_new(&scene.toy->source);
    scene.catcher = catcher_new(scene.source);
    return scene;
}

static void scene_end(struct scene *scene)
{
    catcher_free(scene->catcher);
    vcam_source_free(scene->source);
}

/* Dispatches when it wants to be, from one time until just before another. Returns the next time.
 */
static gint64 run(struct scene *scene, gint64 from, gint64 until)
{
    gint64 now = from;
    while (now < until) {
        gint64 next = vcam_source_dispatch(scene->source, now);
        g_assert_cmpint(next, >, now);
        now = next;
    }
    return now;
}

static void push(struct scene *scene, guint64 number)
{
    guint8 byte = 0x5a;
    gconstpointer frame = toy_push(scene->toy, &byte, 1, number);
    g_assert_true(catcher_last(scene->catcher) == frame);
}

static gboolean is_placeholder(const struct vcam_frame *frame)
{
    return frame->size > 1;
}

static struct event_seen event_at(const struct scene *scene, guint i)
{
    g_assert_cmpuint(i, <, scene->catcher->events->len);
    return g_array_index(scene->catcher->events, struct event_seen, i);
}

static void assert_numbers_ascend(const struct catcher *catcher)
{
    for (guint i = 1; i < catcher->frames->len; i++) {
        const struct vcam_frame *before = g_ptr_array_index(catcher->frames, i - 1);
        const struct vcam_frame *after = g_ptr_array_index(catcher->frames, i);
        g_assert_cmpuint(after->number, >, before->number);
    }
}

/* A camera that works: its frames are the very same, and nothing comes between. */
static void test_unseen(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, 0);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    for (guint i = 0; i < 100; i++) {
        vcam_source_dispatch(scene.source, i * 33333);
        push(&scene, i * 2);
        g_assert_cmpuint(catcher_last(scene.catcher)->number, ==, i * 2);
    }
    g_assert_cmpuint(scene.catcher->frames->len, ==, 100);
    g_assert_cmpuint(scene.catcher->events->len, ==, 0);
    g_assert_cmpint(scene.toy->starts, ==, 1);
    scene_end(&scene);
}

/* It says nothing for a second: pictures, five a second, until it does. */
static void test_silent(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, 0);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    gint64 now = run(&scene, 0, SECOND);
    g_assert_cmpuint(scene.catcher->frames->len, ==, 0);
    g_assert_cmpint(now, ==, SECOND);
    now = run(&scene, now, 2 * SECOND);
    g_assert_cmpuint(scene.catcher->frames->len, ==, 5);
    push(&scene, 0);
    g_assert_cmpuint(catcher_last(scene.catcher)->number, ==, 5);
    push(&scene, 3);
    g_assert_cmpuint(catcher_last(scene.catcher)->number, ==, 8);
    g_assert_cmpint(vcam_source_dispatch(scene.source, now), ==, now - 200000 + SECOND);
    g_assert_false(is_placeholder(catcher_last(scene.catcher)));
    assert_numbers_ascend(scene.catcher);
    g_assert_cmpuint(scene.catcher->events->len, ==, 0);
    scene_end(&scene);
}

/* A camera of one picture in ten seconds is not silent after one. */
static void test_slow(void)
{
    struct scene scene = scene_of(VCAM_YUY2, 100000000, 0);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    gint64 now = run(&scene, 0, 29 * SECOND);
    g_assert_cmpint(now, ==, 30 * SECOND);
    g_assert_cmpuint(scene.catcher->frames->len, ==, 0);
    now = run(&scene, now, 49 * SECOND);
    g_assert_cmpuint(scene.catcher->frames->len, ==, 2); /* no faster than the mode */
    scene_end(&scene);
}

/* It cannot start: a picture at once, another try each second. */
static void test_cannot_start(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, -EBUSY);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    g_assert_cmpint(event_at(&scene, 0).event, ==, VCAM_SOURCE_GONE);
    g_assert_cmpint(event_at(&scene, 0).detail, ==, -EBUSY);
    vcam_source_dispatch(scene.source, 0);
    g_assert_cmpuint(scene.catcher->frames->len, ==, 1);
    gint64 now = run(&scene, 200000, 3 * SECOND + 1);
    g_assert_cmpuint(scene.catcher->frames->len, ==, 16);
    g_assert_cmpint(scene.toy->starts, ==, 4);
    scene.toy->start_result = 0;
    now = run(&scene, now, 4 * SECOND + 1);
    g_assert_true(scene.toy->started);
    g_assert_cmpuint(scene.catcher->events->len, ==, 2);
    g_assert_cmpint(event_at(&scene, 1).event, ==, VCAM_SOURCE_BACK);
    push(&scene, 0);
    assert_numbers_ascend(scene.catcher);
    guint seen = scene.catcher->frames->len;
    run(&scene, now, now + SECOND / 2);
    g_assert_cmpuint(scene.catcher->frames->len, ==, seen);
    scene_end(&scene);
}

/* What trying again cannot help is an error. */
static void test_start_errors(void)
{
    static const int results[] = {-EINVAL, -ENOMEM};
    for (guint i = 0; i < G_N_ELEMENTS(results); i++) {
        struct scene scene = scene_of(VCAM_YUY2, FPS30, results[i]);
        g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, results[i]);
        g_assert_cmpint(vcam_source_dispatch(scene.source, 0), ==, VCAM_NEVER);
        g_assert_cmpuint(scene.catcher->events->len, ==, 0);
        scene_end(&scene);
    }
}

/* Pulled while it streams, and plugged in again. */
static void test_pulled(void)
{
    struct scene scene = scene_of(VCAM_MJPEG, FPS30, 0);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    vcam_source_dispatch(scene.source, 0);
    for (guint i = 0; i < 30; i++)
        push(&scene, i);
    vcam_source_dispatch(scene.source, 33333);
    toy_tell(scene.toy, VCAM_SOURCE_GONE, -ENODEV);
    gint64 now = run(&scene, 33333, 2 * SECOND);
    g_assert_true(is_placeholder(catcher_last(scene.catcher)));
    g_autoptr(GBytes) unplugged =
        g_bytes_new(catcher_last(scene.catcher)->data, catcher_last(scene.catcher)->size);
    toy_tell(scene.toy, VCAM_SOURCE_GONE, -EBUSY); /* it is there, somebody else was faster */
    now = run(&scene, now, now + SECOND / 2);
    g_autoptr(GBytes) busy =
        g_bytes_new(catcher_last(scene.catcher)->data, catcher_last(scene.catcher)->size);
    g_assert_false(g_bytes_equal(unplugged, busy));
    toy_tell(scene.toy, VCAM_SOURCE_BACK, 0);
    now = run(&scene, now, now + SECOND / 2);
    g_autoptr(GBytes) waiting =
        g_bytes_new(catcher_last(scene.catcher)->data, catcher_last(scene.catcher)->size);
    g_assert_false(g_bytes_equal(waiting, busy));
    g_assert_false(g_bytes_equal(waiting, unplugged));
    push(&scene, 0);
    push(&scene, 1);
    guint seen = scene.catcher->frames->len;
    run(&scene, now, now + SECOND / 2);
    g_assert_cmpuint(scene.catcher->frames->len, ==, seen);
    assert_numbers_ascend(scene.catcher);
    static const enum vcam_source_event events[] = {VCAM_SOURCE_GONE, VCAM_SOURCE_GONE,
                                                    VCAM_SOURCE_BACK};
    for (guint i = 0; i < G_N_ELEMENTS(events); i++)
        g_assert_cmpint(event_at(&scene, i).event, ==, events[i]);
    scene_end(&scene);
}

/* Each format's picture is a whole frame of it, with dark ground and light letters and no colour.
 */
static void test_formats(void)
{
    static const struct {
        guint32 fourcc;
        gboolean packed;
        guint luma_at; /* of each two bytes */
    } rows[] = {
        {VCAM_YUY2, TRUE, 0},
        {VCAM_FOURCC('U', 'Y', 'V', 'Y'), TRUE, 1},
        {VCAM_NV12, FALSE, 0},
        {VCAM_I420, FALSE, 0},
        {VCAM_FOURCC('Y', 'V', '1', '2'), FALSE, 0},
        {VCAM_FOURCC('G', 'R', 'E', 'Y'), FALSE, 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct scene scene = scene_of(rows[i].fourcc, FPS30, -ENODEV);
        g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
        vcam_source_dispatch(scene.source, 0);
        const struct vcam_frame *frame = catcher_last(scene.catcher);
        g_assert_cmpuint(frame->size, ==, vcam_mode_max_frame_size(&scene.mode));
        guint dark = 0, light = 0, pixels = 320 * 240;
        for (gsize at = 0; at < frame->size; at++) {
            gboolean luma = rows[i].packed ? at % 2 == rows[i].luma_at : at < pixels;
            if (!luma)
                g_assert_cmpuint(frame->data[at], ==, 128);
            dark += luma && frame->data[at] < 60;
            light += luma && frame->data[at] > 180;
        }
        g_assert_cmpuint(dark + light, ==, pixels);
        g_assert_cmpuint(light, >, pixels / 100);
        scene_end(&scene);
    }
}

static void test_mjpeg_is_whole(void)
{
    struct scene scene = scene_of(VCAM_MJPEG, FPS30, -EACCES);
    guint width, height;
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    vcam_source_dispatch(scene.source, 0);
    const struct vcam_frame *frame = catcher_last(scene.catcher);
    g_assert_true(vcam_jpeg_check(frame->data, frame->size, &width, &height));
    g_assert_cmpuint(width, ==, 320);
    g_assert_cmpuint(height, ==, 240);
    /* Kept by the consumer, it stays when the source goes. */
    vcam_source_free(scene.source);
    g_assert_true(vcam_jpeg_check(frame->data, frame->size, &width, &height));
    catcher_free(scene.catcher);
}

static void test_never_for_h264(void)
{
    struct scene scene = scene_of(VCAM_H264, FPS30, -EBUSY);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    run(&scene, 0, 5 * SECOND);
    g_assert_cmpuint(scene.catcher->frames->len, ==, 0);
    g_assert_cmpint(scene.toy->starts, ==, 5);
    scene_end(&scene);
}

/* After a stop there is nothing, however it stood before; a new start begins afresh. */
static void test_stop(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, -EBUSY);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    run(&scene, 0, SECOND / 2);
    guint seen = scene.catcher->frames->len;
    vcam_source_stop(scene.source);
    vcam_source_stop(scene.source);
    g_assert_cmpint(vcam_source_dispatch(scene.source, 5 * SECOND), ==, VCAM_NEVER);
    g_assert_cmpuint(scene.catcher->frames->len, ==, seen);
    g_assert_cmpint(scene.toy->starts, ==, 1);
    scene.toy->start_result = 0;
    catcher_clear(scene.catcher);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 6 * SECOND), ==, 0);
    push(&scene, 0);
    g_assert_cmpuint(catcher_last(scene.catcher)->number, ==, 0);
    run(&scene, 6 * SECOND, 6 * SECOND + SECOND / 2);
    g_assert_cmpuint(scene.catcher->frames->len, ==, 1);
    scene_end(&scene);
}

static void stop_at_once(void *user, struct vcam_frame *frame)
{
    vcam_source_stop(user);
    vcam_frame_unref(frame);
}

static void test_stopped_by_its_sink(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, -EBUSY);
    vcam_source_set_sink(scene.source,
                         &(struct vcam_source_sink){.frame = stop_at_once, .user = scene.source});
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    g_assert_cmpint(vcam_source_dispatch(scene.source, 0), ==, VCAM_NEVER);
    scene_end(&scene);
}

static void test_forwards(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, 0);
    int32_t value = 0;
    short events;
    g_assert_cmpstr(scene.source->name, ==, "Toy");
    g_assert_cmpint(vcam_source_control_set(scene.source, VCAM_PU_BRIGHTNESS, 3), ==, 0);
    g_assert_cmpint(vcam_source_control_get(scene.source, VCAM_PU_BRIGHTNESS, &value), ==, 0);
    g_assert_cmpint(value, ==, 3);
    g_assert_cmpint(vcam_source_get_fd(scene.source, &events), ==, -1);
    toy_tell(scene.toy, VCAM_SOURCE_CONTROLS, VCAM_PU_BRIGHTNESS);
    g_assert_cmpint(event_at(&scene, 0).event, ==, VCAM_SOURCE_CONTROLS);
    g_assert_cmpint(event_at(&scene, 0).detail, ==, VCAM_PU_BRIGHTNESS);
    scene_end(&scene);
}

/* ---- the owner's permission ---- */

/* Bytes of the picture that it shows now. */
static GBytes *shown(struct scene *scene, gint64 *now)
{
    guint before = scene->catcher->frames->len;
    while (scene->catcher->frames->len == before)
        *now = vcam_source_dispatch(scene->source, *now);
    const struct vcam_frame *frame = catcher_last(scene->catcher);
    g_assert_true(is_placeholder(frame));
    return g_bytes_new(frame->data, frame->size);
}

/* The camera is on exactly while it is allowed, whoever asks when, and each answer has a picture of
   its own at once. */
static void test_permission(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, 0);
    gint64 now = 0;
    vcam_source_placeholder_permit(scene.source, VCAM_AWAITED, now);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, now), ==, 0);
    g_autoptr(GBytes) awaited = shown(&scene, &now);
    run(&scene, now, 3 * SECOND);
    g_assert_cmpint(scene.toy->starts, ==, 0);

    vcam_source_placeholder_permit(scene.source, VCAM_REFUSED, 3 * SECOND);
    now = 3 * SECOND;
    g_autoptr(GBytes) refused = shown(&scene, &now);
    g_assert_false(g_bytes_equal(awaited, refused));
    g_assert_cmpint(scene.toy->starts, ==, 0);

    vcam_source_placeholder_permit(scene.source, VCAM_ALLOWED, 4 * SECOND);
    g_assert_true(scene.toy->started);
    guint pictures = scene.catcher->frames->len;
    g_assert_cmpint(run(&scene, 4 * SECOND, 5 * SECOND), ==, 5 * SECOND);
    g_assert_cmpuint(scene.catcher->frames->len, ==, pictures);
    push(&scene, 0);

    vcam_source_placeholder_permit(scene.source, VCAM_REFUSED, 5 * SECOND);
    g_assert_false(scene.toy->started);
    now = 5 * SECOND;
    g_autoptr(GBytes) again = shown(&scene, &now);
    g_assert_true(g_bytes_equal(refused, again));
    assert_numbers_ascend(scene.catcher);
    g_assert_cmpuint(scene.catcher->events->len, ==, 0);
    scene_end(&scene);
}

/* An answer between two streams is kept for the next. */
static void test_permission_stopped(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, 0);
    vcam_source_placeholder_permit(scene.source, VCAM_REFUSED, 0);
    vcam_source_placeholder_permit(scene.source, VCAM_ALLOWED, 0);
    g_assert_cmpint(scene.toy->starts, ==, 0);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    g_assert_true(scene.toy->started);
    vcam_source_stop(scene.source);
    vcam_source_placeholder_permit(scene.source, VCAM_REFUSED, 0);
    vcam_source_placeholder_permit(scene.source, VCAM_ALLOWED, 0);
    g_assert_false(scene.toy->started);
    scene_end(&scene);
}

/* Allowed, it turns out to be in use: said as ever, and tried again. */
static void test_permission_busy(void)
{
    struct scene scene = scene_of(VCAM_YUY2, FPS30, -EBUSY);
    vcam_source_placeholder_permit(scene.source, VCAM_AWAITED, 0);
    g_assert_cmpint(vcam_source_start(scene.source, &scene.mode, 0), ==, 0);
    g_assert_cmpuint(scene.catcher->events->len, ==, 0);
    vcam_source_placeholder_permit(scene.source, VCAM_ALLOWED, SECOND);
    g_assert_cmpint(event_at(&scene, 0).event, ==, VCAM_SOURCE_GONE);
    g_assert_cmpint(event_at(&scene, 0).detail, ==, -EBUSY);
    scene.toy->start_result = 0;
    run(&scene, SECOND, 3 * SECOND);
    g_assert_cmpint(event_at(&scene, 1).event, ==, VCAM_SOURCE_BACK);
    g_assert_true(scene.toy->started);
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/placeholder/unseen", test_unseen);
    g_test_add_func("/placeholder/silent", test_silent);
    g_test_add_func("/placeholder/slow", test_slow);
    g_test_add_func("/placeholder/cannot-start", test_cannot_start);
    g_test_add_func("/placeholder/start-errors", test_start_errors);
    g_test_add_func("/placeholder/pulled", test_pulled);
    g_test_add_func("/placeholder/formats", test_formats);
    g_test_add_func("/placeholder/mjpeg-is-whole", test_mjpeg_is_whole);
    g_test_add_func("/placeholder/never-for-h264", test_never_for_h264);
    g_test_add_func("/placeholder/stop", test_stop);
    g_test_add_func("/placeholder/stopped-by-its-sink", test_stopped_by_its_sink);
    g_test_add_func("/placeholder/forwards", test_forwards);
    g_test_add_func("/placeholder/permission", test_permission);
    g_test_add_func("/placeholder/permission/stopped", test_permission_stopped);
    g_test_add_func("/placeholder/permission/busy", test_permission_busy);
    return g_test_run();
}
