/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's whole user space: started as init it loads the drivers, then does what the harness on
   the host asks for (protocol.h), so that one boot serves many tests. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/protocol.h"
#include "tools/fuzz/guest/boot.h"
#include "vcam/hash.h"

#define N_BUFFERS     4
#define MAX_ARGUMENTS 12
#define STALLED_MS    60000 /* a stream without a frame for so long has failed */

struct command {
    unsigned number;
    char line[1024];
};

static int agent_fd = -1, frames_fd = -1;
static pthread_mutex_t agent_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t frames_lock = PTHREAD_MUTEX_INITIALIZER;
static volatile bool stopping;

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

static void write_all(int fd, const void *data, size_t size)
{
    for (const char *next = data; size;) {
        ssize_t n = write(fd, next, size);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return;
        if (n > 0)
            next += n, size -= n;
    }
}

__attribute__((format(printf, 3, 4))) static void say(unsigned number, const char *kind,
                                                      const char *format, ...)
{
    char line[2048];
    int n = snprintf(line, sizeof line - 1, "%u %s ", number, kind);
    va_list arguments;
    va_start(arguments, format);
    n += vsnprintf(line + n, sizeof line - 1 - n, format, arguments);
    va_end(arguments);
    if (n > (int)sizeof line - 2)
        n = sizeof line - 2;
    line[n++] = '\n';
    pthread_mutex_lock(&agent_lock);
    write_all(agent_fd, line, n);
    pthread_mutex_unlock(&agent_lock);
}

#define OK(...)     say(number, "ok", __VA_ARGS__)
#define FAILED(...) say(number, "failed", __VA_ARGS__)
#define DATA(...)   say(number, "-", __VA_ARGS__)

/* ---- cameras ---- */

struct camera {
    char device[32], name[64], speed[16];
};

/* The device that captures pictures; uvcvideo makes a second one for metadata. */
/* part: of its name. */
static bool find_camera(const char *driver, const char *part, struct camera *ret_camera)
{
    DIR *folder = opendir("/sys/class/video4linux");
    bool found = false;
    for (struct dirent *entry; folder && !found && (entry = readdir(folder));) {
        struct camera camera;
        snprintf(camera.device, sizeof camera.device, "/dev/%.20s", entry->d_name);
        int fd = open(camera.device, O_RDWR | O_CLOEXEC);
        struct v4l2_capability cap;
        if (fd >= 0 && ioctl(fd, VIDIOC_QUERYCAP, &cap) == 0 &&
            strcmp((char *)cap.driver, driver) == 0 && strstr((char *)cap.card, part) &&
            (cap.device_caps & V4L2_CAP_VIDEO_CAPTURE) && !(cap.device_caps & V4L2_CAP_TOUCH)) {
            char path[300];
            snprintf(camera.name, sizeof camera.name, "%s", (char *)cap.card);
            snprintf(path, sizeof path, "/sys/class/video4linux/%.200s/device/../speed",
                     entry->d_name);
            boot_read_line(path, camera.speed, sizeof camera.speed);
            *ret_camera = camera;
            found = true;
        }
        if (fd >= 0)
            close(fd);
    }
    if (folder)
        closedir(folder);
    return found;
}

static void wait_camera(unsigned number, int argc, char **argv)
{
    bool wanted = strcmp(argv[0], "camera") == 0;
    int64_t deadline = now_us() + (argc > 2 ? atoi(argv[2]) : 0) * 1000000ll;
    const char *part = argc > 3 ? argv[3] : "";
    struct camera camera = {{0}, {0}, {0}};
    while (find_camera(argv[1], part, &camera) != wanted) {
        if (now_us() > deadline) {
            FAILED("%s a %s camera", wanted ? "there is not" : "there still is", argv[1]);
            return;
        }
        usleep(10000);
    }
    if (wanted)
        OK("%s %s %s", camera.device, camera.speed[0] ? camera.speed : "-", camera.name);
    else
        OK(" ");
}

static void list_sizes(unsigned number, int fd, uint32_t fourcc)
{
    struct v4l2_frmsizeenum size = {.pixel_format = fourcc};
    for (; ioctl(fd, VIDIOC_ENUM_FRAMESIZES, &size) == 0; size.index++) {
        char text[512];
        uint32_t width = size.discrete.width, height = size.discrete.height;
        int n = snprintf(text, sizeof text, "%.4s %u %u", (char *)&fourcc, width, height);
        struct v4l2_frmivalenum interval = {
            .pixel_format = fourcc, .width = width, .height = height};
        for (; ioctl(fd, VIDIOC_ENUM_FRAMEINTERVALS, &interval) == 0; interval.index++)
            n += snprintf(text + n, sizeof text - n, " %u",
                          (uint32_t)(10000000ull * interval.discrete.numerator /
                                     interval.discrete.denominator));
        DATA("%s", text);
    }
}

static void formats(unsigned number, int argc, char **argv)
{
    int fd = argc > 1 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) {
        FAILED("open: %s", strerror(errno));
        return;
    }
    struct v4l2_fmtdesc format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    for (; ioctl(fd, VIDIOC_ENUM_FMT, &format) == 0; format.index++)
        list_sizes(number, fd, format.pixelformat);
    close(fd);
    OK("%u", format.index);
}

static void control(unsigned number, int argc, char **argv)
{
    bool set = strcmp(argv[0], "set") == 0;
    int fd = argc > (set ? 3 : 2) ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
    struct v4l2_queryctrl query = {0};
    struct v4l2_control value = {0};
    bool done = false;
    if (fd >= 0) {
        query.id = value.id = strtoul(argv[2], NULL, 0);
        value.value = set ? atoi(argv[3]) : 0;
        done = ioctl(fd, VIDIOC_QUERYCTRL, &query) == 0 &&
               (!set || ioctl(fd, VIDIOC_S_CTRL, &value) == 0) &&
               ioctl(fd, VIDIOC_G_CTRL, &value) == 0;
    }
    if (done)
        OK("%d %d %d %d %d", value.value, query.minimum, query.maximum, query.step,
           query.default_value);
    else
        FAILED("%s", strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* ---- streams ---- */

struct stream {
    int fd;
    unsigned number;
    struct v4l2_format format;
    void *buffers[N_BUFFERS];
    size_t lengths[N_BUFFERS];
    unsigned n_buffers;
    unsigned wanted, hash_each, save;
    int64_t deadline_us;
    unsigned frames, flagged;
};

static int stream_configure(struct stream *stream, char **argv)
{
    uint32_t fourcc;
    memcpy(&fourcc, argv[2], 4);
    stream->format = (struct v4l2_format){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    stream->format.fmt.pix.pixelformat = fourcc;
    stream->format.fmt.pix.width = atoi(argv[3]);
    stream->format.fmt.pix.height = atoi(argv[4]);
    struct v4l2_streamparm parameters = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    parameters.parm.capture.timeperframe.numerator = atoi(argv[5]);
    parameters.parm.capture.timeperframe.denominator = 10000000;
    struct v4l2_requestbuffers request = {
        .count = N_BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (ioctl(stream->fd, VIDIOC_S_FMT, &stream->format) < 0 ||
        ioctl(stream->fd, VIDIOC_S_PARM, &parameters) < 0 ||
        ioctl(stream->fd, VIDIOC_REQBUFS, &request) < 0)
        return -errno;
    stream->n_buffers = request.count < N_BUFFERS ? request.count : N_BUFFERS;
    return 0;
}

static int stream_start(struct stream *stream)
{
    for (unsigned i = 0; i < stream->n_buffers; i++) {
        struct v4l2_buffer buffer = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (ioctl(stream->fd, VIDIOC_QUERYBUF, &buffer) < 0)
            return -errno;
        stream->lengths[i] = buffer.length;
        stream->buffers[i] =
            mmap(NULL, buffer.length, PROT_READ, MAP_SHARED, stream->fd, buffer.m.offset);
        if (stream->buffers[i] == MAP_FAILED || ioctl(stream->fd, VIDIOC_QBUF, &buffer) < 0)
            return -errno;
    }
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    return ioctl(stream->fd, VIDIOC_STREAMON, &type) < 0 ? -errno : 0;
}

static void send_record(struct guest_record *record, enum guest_record_type type,
                        const void *picture)
{
    record->type = type;
    pthread_mutex_lock(&frames_lock);
    write_all(frames_fd, record, sizeof *record);
    if (picture)
        write_all(frames_fd, picture, record->bytesused);
    pthread_mutex_unlock(&frames_lock);
}

static void stream_report(struct stream *stream, const struct v4l2_buffer *buffer)
{
    struct guest_record record = {
        .stream = stream->number,
        .index = stream->frames,
        .sequence = buffer->sequence,
        .bytesused = buffer->bytesused,
        .flagged = !!(buffer->flags & V4L2_BUF_FLAG_ERROR),
        .timestamp_us = buffer->timestamp.tv_sec * 1000000ll + buffer->timestamp.tv_usec,
        .dequeued_us = now_us(),
    };
    send_record(&record, GUEST_DEQUEUED, NULL);
    const void *data = stream->buffers[buffer->index];
    if (stream->hash_each && stream->frames % stream->hash_each == 0) {
        record.hash = vcam_hash(data, buffer->bytesused);
        send_record(&record, GUEST_HASHED, NULL);
    }
    stream->flagged += record.flagged;
    stream->frames++;
    if (stream->save == stream->frames)
        send_record(&record, GUEST_PICTURE, data);
}

/* 1 a frame was dequeued, 0 it is time to end, or a negative errno. */
static int stream_step(struct stream *stream)
{
    for (int64_t begun = now_us();;) {
        int64_t now = now_us();
        if (stopping || (stream->deadline_us && now >= stream->deadline_us) ||
            (stream->wanted && stream->frames >= stream->wanted))
            return 0;
        if (now - begun > STALLED_MS * 1000ll)
            return -ETIMEDOUT;
        struct pollfd fd = {.fd = stream->fd, .events = POLLIN};
        if (poll(&fd, 1, 50) == 0)
            continue;
        struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                     .memory = V4L2_MEMORY_MMAP};
        if (ioctl(stream->fd, VIDIOC_DQBUF, &buffer) < 0) {
            if (errno == EAGAIN || errno == EINTR)
                continue;
            return -errno;
        }
        stream_report(stream, &buffer);
        return ioctl(stream->fd, VIDIOC_QBUF, &buffer) < 0 ? -errno : 1;
    }
}

static void stream_end(struct stream *stream)
{
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    ioctl(stream->fd, VIDIOC_STREAMOFF, &type);
    for (unsigned i = 0; i < stream->n_buffers; i++)
        if (stream->buffers[i] && stream->buffers[i] != MAP_FAILED)
            munmap(stream->buffers[i], stream->lengths[i]);
    close(stream->fd);
}

static void stream_run(unsigned number, int argc, char **argv)
{
    if (argc < 10) {
        FAILED("stream: too few arguments");
        return;
    }
    struct stream stream = {
        .fd = open(argv[1], O_RDWR | O_CLOEXEC | O_NONBLOCK),
        .number = number,
        .wanted = atoi(argv[6]),
        .deadline_us = atoi(argv[7]) ? now_us() + atoi(argv[7]) * 1000ll : 0,
        .hash_each = atoi(argv[8]),
        .save = atoi(argv[9]),
    };
    if (stream.fd < 0) {
        FAILED("open: %s", strerror(errno));
        return;
    }
    stopping = false;
    int error = stream_configure(&stream, argv);
    if (!error)
        error = stream_start(&stream);
    while (!error && (error = stream_step(&stream)) > 0)
        error = 0;
    stream_end(&stream);
    if (error < 0)
        FAILED("%s after %u frames", strerror(-error), stream.frames);
    else
        OK("%u %u %u %u %u", stream.frames, stream.flagged, stream.format.fmt.pix.width,
           stream.format.fmt.pix.height, stream.format.fmt.pix.sizeimage);
}

static void stream_without_buffers(unsigned number, int argc, char **argv)
{
    int fd = argc > 1 ? open(argv[1], O_RDWR | O_CLOEXEC) : -1;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    struct v4l2_requestbuffers request = {.type = type, .memory = V4L2_MEMORY_MMAP};
    if (fd < 0 || ioctl(fd, VIDIOC_REQBUFS, &request) < 0)
        FAILED("%s", strerror(errno));
    else
        OK("%d", ioctl(fd, VIDIOC_STREAMON, &type) < 0 ? errno : 0);
    if (fd >= 0)
        close(fd);
}

static void stop_streams(unsigned number, int argc, char **argv)
{
    (void)argc, (void)argv;
    stopping = true;
    OK(" ");
}

/* ---- the rest of a system ---- */

static void load(unsigned number, int argc, char **argv)
{
    char parameters[512] = "";
    for (int i = 2, n = 0; i < argc; i++)
        n += snprintf(parameters + n, sizeof parameters - n, "%s ", argv[i]);
    int result = argc > 1 ? boot_load_module(argv[1], parameters) : -EINVAL;
    if (result < 0)
        FAILED("%s", strerror(-result));
    else
        OK(" ");
}

static void shell(unsigned number, const char *command)
{
    char text[1536];
    FILE *pipe = popen(command, "re");
    while (pipe && fgets(text, sizeof text, pipe)) {
        text[strcspn(text, "\n")] = 0;
        DATA("%s", text);
    }
    int status = pipe ? pclose(pipe) : -1;
    say(number, status == 0 ? "ok" : "failed", "%d", WEXITSTATUS(status));
}

static void tell_clock(unsigned number, int argc, char **argv)
{
    (void)argc, (void)argv;
    OK("%lld", (long long)now_us());
}

static void restart(unsigned number, int argc, char **argv)
{
    (void)argc, (void)argv;
    OK(" ");
    reboot(RB_AUTOBOOT);
}

static const struct {
    const char *verb;
    void (*run)(unsigned number, int argc, char **argv);
} verbs[] = {
    {"camera", wait_camera}, {"gone", wait_camera},  {"formats", formats},
    {"stream", stream_run},  {"stop", stop_streams}, {"control", control},
    {"set", control},        {"load", load},         {"streamon", stream_without_buffers},
    {"reboot", restart},     {"clock", tell_clock},
};

static void *run_command(void *user)
{
    struct command *command = user;
    char *rest = command->line, *argv[MAX_ARGUMENTS + 1] = {NULL};
    int argc = 0;
    if (strncmp(rest, "sh ", 3) == 0) {
        shell(command->number, rest + 3);
    } else {
        while (argc < MAX_ARGUMENTS && rest)
            if (*(argv[argc] = strsep(&rest, " ")))
                argc++;
        size_t i = 0, n = sizeof verbs / sizeof *verbs;
        while (i < n && (!argc || strcmp(argv[0], verbs[i].verb) != 0))
            i++;
        if (i < n)
            verbs[i].run(command->number, argc, argv);
        else
            say(command->number, "failed", "no such verb");
    }
    free(command);
    return NULL;
}

static void serve(void)
{
    FILE *commands = fdopen(dup(agent_fd), "r");
    char line[sizeof((struct command *)0)->line];
    write_all(agent_fd, "\n", 1); /* ends what a reset cut off */
    say(0, "ok", "ready");
    while (fgets(line, sizeof line, commands)) {
        struct command *command = calloc(1, sizeof *command);
        int start = 0;
        line[strcspn(line, "\n")] = 0;
        sscanf(line, "%u %n", &command->number, &start);
        snprintf(command->line, sizeof command->line, "%s", line + start);
        pthread_t thread;
        pthread_create(&thread, NULL, run_command, command);
        pthread_detach(thread);
    }
}

int main(void)
{
    boot_mount();
    setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin", 1);
    boot_load_drivers();
    if (boot_link_port(GUEST_PORT_AGENT) && boot_link_port(GUEST_PORT_FRAMES) &&
        boot_link_port(GUEST_PORT_OUTPUT)) {
        agent_fd = open("/dev/" GUEST_PORT_AGENT, O_RDWR | O_CLOEXEC);
        frames_fd = open("/dev/" GUEST_PORT_FRAMES, O_RDWR | O_CLOEXEC);
    }
    if (agent_fd < 0 || frames_fd < 0)
        fprintf(stderr, "agent: no virtio-serial ports\n");
    else
        serve();
    return 1; /* init's end is the kernel's: QEMU's console then says why */
}
