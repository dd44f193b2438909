/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One frame in flight, one that waits; and frames' references. */
#include <glib.h>

#include "vcam/queue.h"

static unsigned released;

static void release(struct vcam_frame *frame)
{
    (void)frame;
    released++;
}

static void test_places(void)
{
    struct vcam_frame a = {.number = 1}, b = {.number = 2}, c = {.number = 3};
    struct vcam_queue queue = {0};

    g_assert_null(vcam_queue_begin(&queue));
    g_assert_null(vcam_queue_push(&queue, &a));
    g_assert_true(vcam_queue_begin(&queue) == &a);
    g_assert_null(vcam_queue_push(&queue, &b));
    g_assert_null(vcam_queue_begin(&queue)); /* a is not finished */
    g_assert_true(vcam_queue_push(&queue, &c) == &b);
    g_assert_true(queue.in_flight == &a);
    g_assert_true(vcam_queue_take_in_flight(&queue) == &a);
    g_assert_true(vcam_queue_begin(&queue) == &c);
    g_assert_null(vcam_queue_take_pending(&queue));
    g_assert_true(vcam_queue_take_in_flight(&queue) == &c);
    g_assert_null(vcam_queue_take_in_flight(&queue));
}

static void test_references(void)
{
    struct vcam_frame frame = {.refs = 1, .release = release};
    vcam_frame_unref(vcam_frame_ref(&frame));
    g_assert_cmpuint(released, ==, 0);
    vcam_frame_unref(&frame);
    g_assert_cmpuint(released, ==, 1);
    vcam_frame_unref(NULL);

    const struct vcam_mode mode = {VCAM_YUY2, 4, 2, 333333};
    struct vcam_frame *own = vcam_frame_new(&mode, 16);
    own->data[15] = 1;
    g_assert_cmpuint(own->size, ==, 16);
    g_assert_cmpuint(own->mode.wWidth, ==, 4);
    vcam_frame_unref(own);
    g_assert_null(vcam_frame_new(&mode, SIZE_MAX));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/queue/places", test_places);
    g_test_add_func("/queue/references", test_references);
    return g_test_run();
}
