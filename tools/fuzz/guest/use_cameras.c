/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opens each camera, reads its controls, and takes pictures. */
#include "tools/fuzz/guest/use_cameras.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/fuzz/guest/now.h"

#define POLL_MS    20
#define N_BUFFERS  2
#define N_PICTURES 2 /* of each camera */

struct buffer {
    void *start;
    size_t length;
};

static unsigned take_buffers(int fd, struct buffer *buffers)
{
    struct v4l2_requestbuffers request = {
        .count = N_BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    unsigned n = 0;
    if (ioctl(fd, VIDIOC_REQBUFS, &request) < 0)
        return 0;
    for (; n < request.count && n < N_BUFFERS; n++) {
        struct v4l2_buffer buffer = {
            .index = n, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (ioctl(fd, VIDIOC_QUERYBUF, &buffer) < 0)
            break;
        buffers[n].length = buffer.length;
        buffers[n].start = mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, fd, buffer.m.offset);
        if (buffers[n].start == MAP_FAILED || ioctl(fd, VIDIOC_QBUF, &buffer) < 0)
            break;
    }
    return n;
}

static int dequeue(int fd)
{
    struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    return ioctl(fd, VIDIOC_DQBUF, &buffer) < 0 || ioctl(fd, VIDIOC_QBUF, &buffer) < 0 ? -1 : 0;
}

static unsigned take_pictures(int fd, int64_t deadline)
{
    struct buffer buffers[N_BUFFERS];
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    unsigned taken = 0, n = take_buffers(fd, buffers);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    bool on = n && ioctl(fd, VIDIOC_STREAMON, &type) == 0;
    while (on && taken < N_PICTURES && now_ms() < deadline) {
        if (poll(&ready, 1, POLL_MS) > 0 && dequeue(fd) == 0)
            taken++;
        on = !(ready.revents & (POLLERR | POLLHUP));
    }
    ioctl(fd, VIDIOC_STREAMOFF, &type);
    for (unsigned i = 0; i < n; i++)
        munmap(buffers[i].start, buffers[i].length);
    return taken;
}

/* Every control that the driver found is read: each of them asks the camera. */
static void read_controls(int fd)
{
    struct v4l2_queryctrl query = {.id = V4L2_CTRL_FLAG_NEXT_CTRL};
    while (ioctl(fd, VIDIOC_QUERYCTRL, &query) == 0) {
        struct v4l2_control value = {.id = query.id};
        ioctl(fd, VIDIOC_G_CTRL, &value);
        query.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
    }
}

/* What a picture costs here grows with its size, what it shows of a driver does not. */
static void take_smallest(int fd)
{
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    if (ioctl(fd, VIDIOC_G_FMT, &format) < 0)
        return;
    format.fmt.pix.width = format.fmt.pix.height = 1;
    ioctl(fd, VIDIOC_S_FMT, &format);
}

unsigned use_cameras(int64_t deadline)
{
    unsigned taken = 0;
    for (int i = 0; i < 16; i++) {
        char path[32];
        snprintf(path, sizeof path, "/dev/video%d", i);
        int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
            continue;
        read_controls(fd);
        take_smallest(fd);
        taken += take_pictures(fd, deadline);
        close(fd);
    }
    return taken;
}
