/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel, as the V4L2 source sees it: plain system calls, /dev and sysfs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "vcam/sources/v4l2_io.h"

static int kernel_open(const char *path)
{
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return fd < 0 ? -errno : fd;
}

static void kernel_close(int fd)
{
    close(fd);
}

static int kernel_ioctl(int fd, unsigned long request, void *arg)
{
    int r;
    do
        r = ioctl(fd, request, arg);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : r;
}

static void *kernel_map(int fd, size_t length, uint32_t offset)
{
    void *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    return start == MAP_FAILED ? NULL : start;
}

static void kernel_unmap(void *start, size_t length)
{
    munmap(start, length);
}

static short kernel_poll(int fd, short events)
{
    struct pollfd polled = {.fd = fd, .events = events};
    return poll(&polled, 1, 0) > 0 ? polled.revents : 0;
}

static int by_number(const void *a, const void *b)
{
    unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
    return (left > right) - (left < right);
}

static size_t kernel_nodes(unsigned *ret_numbers, size_t max)
{
    size_t n = 0;
    DIR *dir = opendir("/dev");
    for (struct dirent *entry; dir && n < max && (entry = readdir(dir));) {
        int end = 0;
        if (sscanf(entry->d_name, "video%u%n", &ret_numbers[n], &end) == 1 && !entry->d_name[end])
            n++;
    }
    if (dir)
        closedir(dir);
    qsort(ret_numbers, n, sizeof(ret_numbers[0]), by_number);
    return n;
}

/* By the device's number: path may be a link with another name (/dev/v4l/by-id/...). */
static void kernel_attribute(const char *path, const char *name, char *ret_text, size_t size)
{
    char file[128];
    struct stat status;
    ssize_t len = 0;

    ret_text[0] = 0;
    if (stat(path, &status) < 0 || !S_ISCHR(status.st_mode))
        return;
    snprintf(file, sizeof(file), "/sys/dev/char/%u:%u/%s", major(status.st_rdev),
             minor(status.st_rdev), name);
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    len = read(fd, ret_text, size - 1);
    close(fd);
    ret_text[len > 0 ? len : 0] = 0;
    ret_text[strcspn(ret_text, "\n")] = 0;
}

const struct vcam_v4l2_io vcam_v4l2_kernel = {
    .open = kernel_open,
    .close = kernel_close,
    .ioctl = kernel_ioctl,
    .map = kernel_map,
    .unmap = kernel_unmap,
    .poll = kernel_poll,
    .nodes = kernel_nodes,
    .attribute = kernel_attribute,
};
