/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The driver's buffers as frames: mapped once, handed out as they are, given back to the driver by
   the frame's last reference.

   Frames may outlive the capture. Its end gives the queue up (the kernel then leaves a mapped
   buffer to us) and closes the device, so that it is free for the next one, whoever still holds a
   frame. */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

#include "vcam/sources/pool.h"
#include "vcam/sources/v4l2_priv.h"

/* One in flight, one pending, one that a wrapper reads, and one at least for the driver. */
#define WANTED_BUFFERS 4
#define MAX_BUFFERS    32
#define MIN_BUFFERS    2

struct buffer {
    struct vcam_frame frame; /* first: release() gets the frame */
    uint8_t *start;
    size_t length;
    bool out;
};

struct vcam_v4l2_capture {
    struct vcam_v4l2_node node; /* fd -1: ended */
    unsigned refs;              /* the owner's and one a frame that is out */
    struct vcam_mode mode;
    uint32_t bytesperline;  /* not 0: lines are copied together */
    struct vcam_pool *pool; /* for these */
    unsigned n_buffers;
    struct buffer buffers[MAX_BUFFERS];
};

static int queue(struct vcam_v4l2_capture *capture, unsigned index)
{
    struct v4l2_buffer buf = {
        .index = index,
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .memory = V4L2_MEMORY_MMAP,
    };
    return vcam_v4l2_ioctl(&capture->node, VIDIOC_QBUF, &buf);
}

static void unmap(struct vcam_v4l2_capture *capture, struct buffer *buffer)
{
    if (buffer->start)
        capture->node.io->unmap(buffer->start, buffer->length);
    buffer->start = NULL;
}

static void unref(struct vcam_v4l2_capture *capture)
{
    if (--capture->refs == 0)
        free(capture);
}

/* An error of QBUF shows again, at the next DQBUF, where it is dealt with. */
static void release(struct vcam_frame *frame)
{
    struct buffer *buffer = (struct buffer *)frame;
    struct vcam_v4l2_capture *capture = frame->owner;
    buffer->out = false;
    if (capture->node.fd >= 0)
        queue(capture, buffer - capture->buffers);
    else
        unmap(capture, buffer);
    unref(capture);
}

/* --- begin and end --- */

static int map(struct vcam_v4l2_capture *capture, unsigned index)
{
    struct v4l2_buffer buf = {
        .index = index,
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .memory = V4L2_MEMORY_MMAP,
    };
    struct buffer *buffer = &capture->buffers[index];
    int r = vcam_v4l2_ioctl(&capture->node, VIDIOC_QUERYBUF, &buf);
    if (r < 0)
        return r;
    if (!buf.length)
        return -EINVAL;
    buffer->length = buf.length;
    buffer->start = capture->node.io->map(capture->node.fd, buf.length, buf.m.offset);
    return buffer->start ? queue(capture, index) : -ENOMEM;
}

static int request(const struct vcam_v4l2_node *node, unsigned count, unsigned *ret_count)
{
    struct v4l2_requestbuffers buffers = {
        .count = count,
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .memory = V4L2_MEMORY_MMAP,
    };
    int r = vcam_v4l2_ioctl(node, VIDIOC_REQBUFS, &buffers);
    if (r == 0)
        *ret_count = buffers.count;
    return r;
}

static int begin(struct vcam_v4l2_capture *capture)
{
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    unsigned granted = 0;
    int r = request(&capture->node, WANTED_BUFFERS, &granted);
    if (r < 0)
        return r;
    if (granted < MIN_BUFFERS)
        return -ENOMEM;
    for (unsigned i = 0; i < granted && i < MAX_BUFFERS; i++) {
        capture->n_buffers = i + 1;
        r = map(capture, i);
        if (r < 0)
            return r;
    }
    return vcam_v4l2_ioctl(&capture->node, VIDIOC_STREAMON, &type);
}

/* Order matters: an older kernel gives the queue up only where nothing is mapped. */
static void end(struct vcam_v4l2_capture *capture)
{
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    unsigned none = 0;
    vcam_v4l2_ioctl(&capture->node, VIDIOC_STREAMOFF, &type);
    for (unsigned i = 0; i < capture->n_buffers; i++)
        if (!capture->buffers[i].out)
            unmap(capture, &capture->buffers[i]);
    request(&capture->node, 0, &none);
}

int vcam_v4l2_capture_new(const struct vcam_v4l2_node *node, const struct vcam_mode *mode,
                          struct vcam_v4l2_capture **ret_capture)
{
    struct vcam_v4l2_capture *capture = calloc(1, sizeof(*capture));
    if (!capture)
        return -ENOMEM;
    *capture = (struct vcam_v4l2_capture){.node = *node, .refs = 1, .mode = *mode};
    int r = vcam_v4l2_set_mode(node, mode, &capture->bytesperline);
    if (r == 0 && capture->bytesperline) {
        capture->pool = vcam_pool_new(mode, vcam_mode_max_frame_size(mode));
        r = capture->pool ? 0 : -ENOMEM;
    }
    if (r == 0)
        r = begin(capture);
    if (r == 0) {
        *ret_capture = capture;
        return 0;
    }
    capture->node.fd = node->fd; /* the caller's again */
    end(capture);
    vcam_pool_free(capture->pool);
    free(capture);
    return r;
}

void vcam_v4l2_capture_free(struct vcam_v4l2_capture *capture)
{
    if (!capture)
        return;
    end(capture);
    vcam_v4l2_close(&capture->node);
    vcam_pool_free(capture->pool);
    unref(capture);
}

const struct vcam_v4l2_node *vcam_v4l2_capture_node(const struct vcam_v4l2_capture *capture)
{
    return &capture->node;
}

/* --- pictures --- */

/* Lines of bytes, from where they lie stride apart; NULL where they go beyond the end. */
static const uint8_t *join_lines(uint8_t **to, const uint8_t *from, const uint8_t *end_of_data,
                                 unsigned lines, size_t stride, size_t bytes)
{
    if (!from || (size_t)(end_of_data - from) < lines * stride)
        return NULL;
    for (unsigned i = 0; i < lines; i++, from += stride, *to += bytes)
        memcpy(*to, from, bytes);
    return from;
}

static bool join_planes(const struct vcam_v4l2_capture *capture, const uint8_t *from, size_t size,
                        uint8_t *to)
{
    const struct vcam_mode *mode = &capture->mode;
    const uint8_t *end_of_data = from + size;
    size_t stride = capture->bytesperline, width = mode->wWidth;
    unsigned bits = vcam_format_info(mode->fourcc)->bBitsPerPixel;

    from =
        join_lines(&to, from, end_of_data, mode->wHeight, stride, bits == 16 ? 2 * width : width);
    if (bits == 12 && mode->fourcc == VCAM_NV12)
        from = join_lines(&to, from, end_of_data, mode->wHeight / 2, stride, width);
    else if (bits == 12) /* two planes of half the lines and half the width */
        from = join_lines(&to, from, end_of_data, mode->wHeight, stride / 2, width / 2);
    return from != NULL;
}

/* Lines with a gap between them: a copy without it. */
static int take_joined(struct vcam_v4l2_capture *capture, const struct v4l2_buffer *buf,
                       struct vcam_frame **ret_frame)
{
    struct vcam_frame *frame = vcam_pool_take(capture->pool);
    int r = -EAGAIN; /* the consumer is slow: left out */
    if (frame &&
        join_planes(capture, capture->buffers[buf->index].start, buf->bytesused, frame->data)) {
        *ret_frame = frame;
        r = 0;
    } else if (frame) {
        vcam_frame_unref(frame);
        r = -EBADMSG;
    }
    queue(capture, buf->index);
    return r;
}

static int take_as_is(struct vcam_v4l2_capture *capture, const struct v4l2_buffer *buf,
                      struct vcam_frame **ret_frame)
{
    struct buffer *buffer = &capture->buffers[buf->index];
    size_t size = buf->bytesused;
    if (vcam_format_info(capture->mode.fourcc)->payload == VCAM_UNCOMPRESSED) {
        size_t exact = vcam_mode_max_frame_size(&capture->mode);
        if (size < exact) {
            queue(capture, buf->index);
            return -EBADMSG;
        }
        size = exact; /* some drivers pad the buffer */
    }
    buffer->out = true;
    capture->refs++;
    buffer->frame = (struct vcam_frame){
        .mode = capture->mode,
        .data = buffer->start,
        .size = size,
        .refs = 1,
        .release = release,
        .owner = capture,
    };
    *ret_frame = &buffer->frame;
    return 0;
}

/* When it was taken, where the driver says it on our clock. */
static int64_t capture_time(const struct v4l2_buffer *buf, int64_t now_us)
{
    int64_t time_us = buf->timestamp.tv_sec * INT64_C(1000000) + buf->timestamp.tv_usec;
    bool usable =
        (buf->flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC &&
        time_us > 0 && time_us < now_us;
    return usable ? time_us : now_us;
}

int vcam_v4l2_capture_take(struct vcam_v4l2_capture *capture, int64_t now_us,
                           struct vcam_frame **ret_frame, uint32_t *ret_size)
{
    struct v4l2_buffer buf = {
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .memory = V4L2_MEMORY_MMAP,
    };
    int r = vcam_v4l2_ioctl(&capture->node, VIDIOC_DQBUF, &buf);
    if (r < 0)
        return r == -EBADMSG ? -EIO : r;
    if (buf.index >= capture->n_buffers || capture->buffers[buf.index].out)
        return -EIO;
    *ret_size = buf.bytesused;
    if (buf.flags & V4L2_BUF_FLAG_ERROR || !buf.bytesused ||
        buf.bytesused > capture->buffers[buf.index].length) {
        queue(capture, buf.index);
        return -EBADMSG;
    }
    struct vcam_frame *frame;
    r = capture->pool ? take_joined(capture, &buf, &frame) : take_as_is(capture, &buf, &frame);
    if (r < 0)
        return r;
    frame->number = buf.sequence;
    frame->capture_us = capture_time(&buf, now_us);
    frame->ready_us = now_us;
    *ret_frame = frame;
    return 0;
}
