/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: a picture file, a stream of pictures, and a camera's MJPEG, of any bytes. The
   first byte says which; the rest are the bytes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vcam/log.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/picture.h"
#include "vcam/sources/reader.h"
#include "vcam/sources/sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WIDTH  64
#define HEIGHT 48
/* Larger claims cost time without new paths; tests/unit/test_file.c has them. */
#define MAX_PIXELS (1u << 20)

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void no_log(void *user, const char *line)
{
    (void)user;
    require(strchr(line, '\n') == NULL);
}

static uint64_t sum; /* of all bytes that came: each was read */

static void take_frame(void *user, struct vcam_frame *frame)
{
    (void)user;
    if (frame->mode.fourcc == VCAM_YUY2)
        require(frame->size == vcam_mode_max_frame_size(&frame->mode));
    require(frame->size > 0 && frame->mode.wWidth % 2 == 0 && frame->mode.wHeight % 2 == 0);
    for (size_t i = 0; i < frame->size; i++)
        sum += frame->data[i];
    vcam_frame_unref(frame);
}

static const struct vcam_source_sink sink = {.frame = take_frame};

/* --- a file --- */

static bool is_small(const uint8_t *data, size_t size)
{
    struct vcam_jpeg_info info;
    if (size > 24 && !memcmp(data, "\x89PNG", 4)) /* IHDR is the first chunk: 2 zero bytes each */
        return !data[16] && !data[17] && data[18] < 4 && !data[20] && !data[21] && data[22] < 4;
    return vcam_jpeg_info(data, size, &info) < 0 ||
           (uint64_t)info.width * info.height <= MAX_PIXELS;
}

static int file_of(const uint8_t *data, size_t size)
{
    int fd = memfd_create("picture", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    return fd;
}

static void as_file(const uint8_t *data, size_t size)
{
    char path[64], error[VCAM_ERROR_LEN] = "";
    if (!is_small(data, size))
        return;
    int fd = file_of(data, size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct vcam_source *source = vcam_source_file_new(path, error);
    require(source || (errno > 0 && strstr(error, path) && !strchr(error, '\n')));
    for (unsigned f = 0; source && f < source->offer.n_formats; f++) {
        const struct vcam_format_offer *format = &source->offer.formats[f];
        struct vcam_mode mode = {format->fourcc, format->sizes[0].wWidth, format->sizes[0].wHeight,
                                 format->sizes[0].dwFrameInterval[0]};
        int64_t now = 0;
        vcam_source_set_sink(source, &sink);
        if (vcam_source_start(source, &mode, now) == 0)
            for (unsigned i = 0; i < 4; i++)
                now = vcam_source_dispatch(source, now);
    }
    vcam_source_free(source);
    close(fd);
}

/* --- a stream's pictures, and where they lie --- */

static void as_stream(const uint8_t *data, size_t size)
{
    int fd = file_of(data, size);
    struct vcam_reader *reader = vcam_reader_new(fd);
    const uint8_t *jpeg;
    size_t jpeg_size, total = 0;
    int r;
    while ((r = vcam_reader_next(reader, &jpeg, &jpeg_size)) == 0 || r == -EAGAIN)
        if (r == 0) {
            require(jpeg_size >= 4 && !memcmp(jpeg, "\xff\xd8\xff", 3));
            require(!memcmp(jpeg + jpeg_size - 2, "\xff\xd9", 2));
            require((total += jpeg_size) <= size); /* none twice */
        }
    require(r == -ENODATA);
    vcam_reader_free(reader);
    close(fd);
}

/* --- a camera --- */

struct camera {
    struct vcam_source source;
    const uint8_t *data;
    size_t size;
};

static int camera_start(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us)
{
    (void)source;
    (void)mode;
    (void)now_us;
    return 0;
}

static void camera_stop(struct vcam_source *source)
{
    (void)source;
}

/* A frame whose bytes end where its memory ends. */
static int64_t camera_dispatch(struct vcam_source *source, int64_t now_us)
{
    struct camera *camera = (struct camera *)source;
    struct vcam_mode mode = {VCAM_MJPEG, WIDTH, HEIGHT, 333333};
    struct vcam_frame *frame = vcam_frame_new(&mode, camera->size);
    require(frame);
    if (camera->size)
        memcpy(frame->data, camera->data, camera->size);
    source->sink.frame(source->sink.user, frame);
    return now_us + 33333;
}

static void camera_free(struct vcam_source *source)
{
    (void)source;
}

static const struct vcam_source_ops camera_ops = {
    .name = "camera",
    .start = camera_start,
    .stop = camera_stop,
    .dispatch = camera_dispatch,
    .free = camera_free,
};

static void as_camera(const uint8_t *data, size_t size)
{
    struct vcam_mode mode = {VCAM_MJPEG, WIDTH, HEIGHT, 333333};
    struct camera camera = {.source.ops = &camera_ops, .data = data, .size = size};
    require(vcam_offer_add(&camera.source.offer, &mode));
    struct vcam_source *source = vcam_source_convert_new(&camera.source);
    vcam_source_set_sink(source, &sink);
    mode.fourcc = VCAM_YUY2;
    require(vcam_source_start(source, &mode, 0) == 0);
    vcam_source_dispatch(source, 0);
    vcam_source_dispatch(source, 33333); /* the decoder after what it has seen */
    vcam_source_free(source);
}

/* --- the helpers --- */

static void as_bytes(const uint8_t *data, size_t size)
{
    struct vcam_mode mode = {VCAM_MJPEG, WIDTH, HEIGHT, 333333};
    unsigned width, height;
    uint64_t number;
    int64_t capture_us;
    if (size >= 2)
        require(vcam_jpeg_length(data, size) <= (int64_t)size);
    if (!is_small(data, size))
        return;
    if (vcam_jpeg_check(data, size, &width, &height))
        require(width > 0 && height > 0);
    if (vcam_pattern_read_frame(&mode, data, size, &number, &capture_us))
        require(number <= UINT32_MAX && capture_us >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const ways[])(const uint8_t *, size_t) = {as_file, as_stream, as_camera,
                                                            as_bytes};
    if (!size)
        return 0;
    vcam_log_set(no_log, NULL);
    uint8_t *exact = malloc(size - 1); /* of exact size, so that ASan sees each byte too far */
    require(exact || size == 1);
    memcpy(exact, data + 1, size - 1);
    ways[data[0] % 4](exact, size - 1);
    free(exact);
    return 0;
}
