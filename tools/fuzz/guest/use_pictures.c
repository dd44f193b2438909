/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A few pictures, and the headers that the driver gives out beside them. */
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>

#include "tools/fuzz/guest/use.h"

#define POLL_MS    20
#define N_BUFFERS  2
#define N_PICTURES 2

struct queue {
    int fd;
    uint32_t type;
    unsigned n;
    struct {
        void *start;
        size_t length;
    } buffers[N_BUFFERS];
    bool on;
};

static int queue_buffer(struct queue *queue, struct v4l2_buffer *buffer)
{
    if (queue->type == V4L2_BUF_TYPE_VIDEO_OUTPUT)
        buffer->bytesused = buffer->length;
    return ioctl(queue->fd, VIDIOC_QBUF, buffer);
}

static bool add_buffer(struct queue *queue)
{
    struct v4l2_buffer buffer = {
        .index = queue->n, .type = queue->type, .memory = V4L2_MEMORY_MMAP};
    if (ioctl(queue->fd, VIDIOC_QUERYBUF, &buffer) < 0)
        return false;
    void *start = mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, queue->fd, buffer.m.offset);
    if (start == MAP_FAILED)
        return false;
    queue->buffers[queue->n].start = start;
    queue->buffers[queue->n++].length = buffer.length;
    return queue_buffer(queue, &buffer) == 0;
}

static struct queue start(const struct node *node)
{
    struct queue queue = {.fd = node->fd, .type = node->type};
    struct v4l2_requestbuffers request = {
        .count = N_BUFFERS, .type = node->type, .memory = V4L2_MEMORY_MMAP};
    if (ioctl(queue.fd, VIDIOC_REQBUFS, &request) == 0)
        while (queue.n < request.count && queue.n < N_BUFFERS && add_buffer(&queue))
            continue;
    queue.on = queue.n && ioctl(queue.fd, VIDIOC_STREAMON, &queue.type) == 0;
    return queue;
}

static void stop(struct queue *queue)
{
    ioctl(queue->fd, VIDIOC_STREAMOFF, &queue->type);
    for (unsigned i = 0; i < queue->n; i++)
        munmap(queue->buffers[i].start, queue->buffers[i].length);
}

/* A buffer comes back and goes in again. */
static bool turn(struct queue *queue, short ready)
{
    struct v4l2_buffer buffer = {.type = queue->type, .memory = V4L2_MEMORY_MMAP};
    if (ready & (POLLERR | POLLHUP))
        queue->on = false;
    return ready && ioctl(queue->fd, VIDIOC_DQBUF, &buffer) == 0 &&
           queue_buffer(queue, &buffer) == 0;
}

/* Which form its headers have. */
static void choose_form(struct node *meta)
{
    struct v4l2_fmtdesc form = {.type = meta->type};
    struct v4l2_format format = {.type = meta->type};
    while (ask(meta, VIDIOC_ENUM_FMT, &form) == 0)
        form.index++;
    format.fmt.meta.dataformat = form.pixelformat;
    ask(meta, VIDIOC_S_FMT, &format);
}

unsigned use_pictures(struct node *node, struct node *meta)
{
    struct queue headers = {.fd = -1};
    if (meta) {
        choose_form(meta);
        headers = start(meta);
    }
    struct queue pictures = start(node);
    unsigned taken = 0;
    while (pictures.on && taken < N_PICTURES && now_ms() < node->deadline) {
        struct pollfd ready[] = {{.fd = node->fd, .events = POLLIN | POLLOUT | POLLPRI},
                                 {.fd = headers.on ? headers.fd : -1, .events = POLLIN}};
        poll(ready, 2, POLL_MS);
        taken += turn(&pictures, ready[0].revents);
        turn(&headers, ready[1].revents);
    }
    stop(&pictures);
    if (meta)
        stop(&headers);
    return taken;
}
