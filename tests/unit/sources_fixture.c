/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sources' tests: their sink, their camera, their pictures. */
#include "tests/unit/sources_fixture.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <turbojpeg.h>

#include "vcam/log.h"

static void keep_frame(void *user, struct vcam_frame *frame)
{
    g_ptr_array_add(((struct catcher *)user)->frames, frame);
}

static void keep_event(void *user, enum vcam_source_event event, int detail)
{
    struct event_seen seen = {event, detail};
    g_array_append_val(((struct catcher *)user)->events, seen);
}

struct catcher *catcher_new(struct vcam_source *source)
{
    struct catcher *catcher = g_new0(struct catcher, 1);
    catcher->frames = g_ptr_array_new_with_free_func((GDestroyNotify)vcam_frame_unref);
    catcher->events = g_array_new(FALSE, FALSE, sizeof(struct event_seen));
    vcam_source_set_sink(source, &(struct vcam_source_sink){keep_frame, keep_event, catcher});
    return catcher;
}

void catcher_free(struct catcher *catcher)
{
    g_ptr_array_unref(catcher->frames);
    g_array_unref(catcher->events);
    g_free(catcher);
}

void catcher_clear(struct catcher *catcher)
{
    g_ptr_array_set_size(catcher->frames, 0);
    g_array_set_size(catcher->events, 0);
}

struct vcam_frame *catcher_last(struct catcher *catcher)
{
    g_assert_cmpuint(catcher->frames->len, >, 0);
    return g_ptr_array_index(catcher->frames, catcher->frames->len - 1);
}

static int toy_start(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us)
{
    struct toy *toy = (struct toy *)source;
    (void)now_us;
    toy->starts++;
    toy->mode = *mode;
    toy->started = toy->start_result == 0;
    return toy->start_result;
}

static void toy_stop(struct vcam_source *source)
{
    ((struct toy *)source)->started = FALSE;
}

static int64_t toy_dispatch(struct vcam_source *source, int64_t now_us)
{
    (void)source;
    (void)now_us;
    return VCAM_NEVER;
}

static int toy_control_get(struct vcam_source *source, enum vcam_control_id id, int32_t *ret_value)
{
    g_assert_cmpint(id, ==, VCAM_PU_BRIGHTNESS);
    *ret_value = ((struct toy *)source)->brightness;
    return 0;
}

static int toy_control_set(struct vcam_source *source, enum vcam_control_id id, int32_t value)
{
    g_assert_cmpint(id, ==, VCAM_PU_BRIGHTNESS);
    ((struct toy *)source)->brightness = value;
    return 0;
}

static void toy_free(struct vcam_source *source)
{
    g_free(source);
}

static const struct vcam_source_ops toy_ops = {
    .name = "toy",
    .start = toy_start,
    .stop = toy_stop,
    .dispatch = toy_dispatch,
    .control_get = toy_control_get,
    .control_set = toy_control_set,
    .free = toy_free,
};

struct toy *toy_new(const struct vcam_mode *modes, gsize n_modes)
{
    struct toy *toy = g_new0(struct toy, 1);
    toy->source.ops = &toy_ops;
    g_strlcpy(toy->source.name, "Toy", sizeof(toy->source.name));
    g_strlcpy(toy->source.serial, "T1", sizeof(toy->source.serial));
    toy->source.controls.items[0] =
        (struct vcam_control_range){VCAM_PU_BRIGHTNESS, -10, 10, 1, 0, 0};
    toy->source.controls.count = 1;
    for (gsize i = 0; i < n_modes; i++)
        g_assert_true(vcam_offer_add(&toy->source.offer, &modes[i]));
    return toy;
}

gconstpointer toy_push(struct toy *toy, gconstpointer data, gsize size, uint64_t number)
{
    struct vcam_frame *frame = vcam_frame_new(&toy->mode, size);
    memcpy(frame->data, data, size);
    frame->number = number;
    frame->capture_us = 1000 + number;
    frame->ready_us = 2000 + number;
    toy->source.sink.frame(toy->source.sink.user, frame);
    return frame;
}

void toy_tell(struct toy *toy, enum vcam_source_event event, int detail)
{
    toy->source.sink.event(toy->source.sink.user, event, detail);
}

guint8 *smooth_yuy2(guint width, guint height)
{
    guint8 *yuy2 = g_malloc((gsize)width * height * 2);
    for (guint y = 0; y < height; y++)
        for (guint x = 0; x < width; x++) {
            guint8 *to = yuy2 + ((gsize)y * width + x) * 2;
            to[0] = 126 + (int)(80 * sin(x * 6.0 / width) * cos(y * 5.0 / height));
            to[1] = 128 + (int)(60 * (x % 2 ? sin((x - 1) * 3.0 / width)
                                            : cos(x * 4.0 / width + y * 2.0 / height)));
        }
    return yuy2;
}

guint8 *foreign_jpeg(guint width, guint height, int subsampling, int flags, gsize *ret_size)
{
    g_autofree guint8 *rgb = g_malloc((gsize)width * height * 3);
    for (guint y = 0; y < height; y++)
        for (guint x = 0; x < width; x++) {
            guint8 *to = rgb + ((gsize)y * width + x) * 3;
            to[0] = 30 + 190 * x / width;
            to[1] = 30 + 190 * y / height;
            to[2] = 220 - 190 * x / width;
        }
    tjhandle handle = tjInitCompress();
    unsigned char *jpeg = NULL;
    unsigned long size = 0;
    g_assert_cmpint(
        tjCompress2(handle, rgb, width, 0, height, TJPF_RGB, &jpeg, &size, subsampling, 95, flags),
        ==, 0);
    guint8 *copy = g_memdup2(jpeg, size);
    tjFree(jpeg);
    tjDestroy(handle);
    *ret_size = size;
    return copy;
}

guint largest_difference(const guint8 *a, const guint8 *b, gsize size)
{
    guint largest = 0;
    for (gsize i = 0; i < size; i++)
        largest = MAX(largest, (guint)ABS((int)a[i] - (int)b[i]));
    return largest;
}

static GString *logged;

static void keep_line(void *user, const char *line)
{
    (void)user;
    g_string_append_printf(logged, "%s\n", line);
}

char *log_taken(void)
{
    char *text = logged ? g_string_free(logged, FALSE) : g_strdup("");
    logged = g_string_new(NULL);
    vcam_log_set(keep_line, NULL);
    return text;
}
