/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A picture file, or a file of JPEGs, as a camera that shows it for ever. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vcam/log.h"
#include "vcam/sources/jpeg.h"
#include "vcam/sources/pace.h"
#include "vcam/sources/pool.h"
#include "vcam/sources/reader.h"
#include "vcam/sources/sources.h"
#include "vcam/sources/still.h"

#define JPEG_QUALITY 92

static const unsigned rates[] = {60, 30, 20, 15, 10, 5};

struct file {
    struct vcam_source source;
    int fd; /* of a stream; the file stays the same one even where its name is taken by another */
    struct vcam_still still;
    struct vcam_reader *reader; /* NULL: a still */
    unsigned width, height;     /* of the stream's pictures, which may be one more than offered */
    struct vcam_log_limit damaged;
    /* While started: */
    struct vcam_mode mode;
    struct vcam_pace pace;
    struct vcam_blob *shown;           /* a still */
    struct vcam_pool *pool;            /* a stream in YUY2, or one to be encoded anew */
    struct vcam_jpeg_decoder *decoder; /* the same */
    struct vcam_jpeg_encoder *encoder; /* a stream of odd size in MJPEG */
};

static struct file *file_of(struct vcam_source *source)
{
    return (struct file *)source;
}

/* --- frames of a stream --- */

static struct vcam_frame *copy_frame(const struct file *file, const uint8_t *jpeg, size_t size)
{
    struct vcam_frame *frame = vcam_frame_new(&file->mode, size);
    if (frame)
        memcpy(frame->data, jpeg, size);
    return frame;
}

static struct vcam_frame *decode_frame(struct file *file, const uint8_t *jpeg, size_t size)
{
    struct vcam_frame *frame = vcam_pool_take(file->pool);
    if (frame && vcam_jpeg_decode_yuy2(file->decoder, jpeg, size, frame->data, file->mode.wWidth,
                                       file->mode.wHeight) < 0) {
        vcam_frame_unref(frame);
        errno = EBADMSG;
        return NULL;
    }
    return frame;
}

static struct vcam_frame *encode_frame(struct file *file, struct vcam_frame *yuy2)
{
    const uint8_t *jpeg;
    size_t size;
    if (!yuy2)
        return NULL;
    int r = vcam_jpeg_encode(file->encoder, VCAM_YUY2, yuy2->data, file->mode.wWidth,
                             file->mode.wHeight, JPEG_QUALITY, false, &jpeg, &size);
    vcam_frame_unref(yuy2);
    return r == 0 ? copy_frame(file, jpeg, size) : NULL;
}

static struct vcam_frame *stream_frame(struct file *file, const uint8_t *jpeg, size_t size)
{
    struct vcam_jpeg_info info;
    if (vcam_jpeg_info(jpeg, size, &info) < 0 || !info.plain || info.width != file->width ||
        info.height != file->height ||
        (!file->pool && size > vcam_mode_max_frame_size(&file->mode))) {
        errno = EBADMSG;
        return NULL;
    }
    if (!file->pool)
        return copy_frame(file, jpeg, size);
    struct vcam_frame *yuy2 = decode_frame(file, jpeg, size);
    return file->encoder ? encode_frame(file, yuy2) : yuy2;
}

/* The stream's next picture; at its end it begins again. NULL: none this time. */
static struct vcam_frame *next_frame(struct file *file, int64_t now_us)
{
    const uint8_t *jpeg;
    size_t size;
    int r = vcam_reader_next(file->reader, &jpeg, &size);
    if (r == -ENODATA) {
        vcam_reader_rewind(file->reader);
        r = vcam_reader_next(file->reader, &jpeg, &size);
    }
    errno = 0;
    struct vcam_frame *frame = r == 0 ? stream_frame(file, jpeg, size) : NULL;
    if (r < 0)
        vcam_log(&file->damaged, now_us, "camera bug: %s: no picture could be read: %s",
                 file->source.name, r == -EAGAIN ? "only other bytes for 32 MB" : strerror(-r));
    else if (!frame && errno == EBADMSG)
        vcam_log(&file->damaged, now_us,
                 "camera bug: %s: a picture is damaged or unlike the first, left out",
                 file->source.name);
    return frame;
}

/* --- the source --- */

static void file_stop(struct vcam_source *source)
{
    struct file *file = file_of(source);
    vcam_blob_unref(file->shown);
    vcam_pool_free(file->pool);
    vcam_jpeg_decoder_free(file->decoder);
    vcam_jpeg_encoder_free(file->encoder);
    file->shown = NULL;
    file->pool = NULL;
    file->decoder = NULL;
    file->encoder = NULL;
    file->pace = (struct vcam_pace){0};
}

static int start_still(struct file *file)
{
    struct vcam_blob *own = file->mode.fourcc == VCAM_MJPEG ? file->still.mjpeg : file->still.yuy2;
    if (own) {
        file->shown = vcam_blob_ref(own);
        return 0;
    }
    return vcam_still_decode(file->still.mjpeg, file->mode.wWidth, file->mode.wHeight,
                             &file->shown);
}

static int start_stream(struct file *file)
{
    const struct vcam_mode *mode = &file->mode;
    bool odd = file->width != mode->wWidth || file->height != mode->wHeight;
    bool encodes = mode->fourcc == VCAM_MJPEG && odd;
    vcam_reader_rewind(file->reader);
    if (mode->fourcc == VCAM_MJPEG && !odd)
        return 0;
    file->pool = vcam_pool_new(mode, (size_t)mode->wWidth * mode->wHeight * 2);
    file->decoder = vcam_jpeg_decoder_new();
    file->encoder = encodes ? vcam_jpeg_encoder_new() : NULL;
    return file->pool && file->decoder && (file->encoder || !encodes) ? 0 : -ENOMEM;
}

static int file_start(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us)
{
    struct file *file = file_of(source);
    file->mode = *mode;
    int r = file->reader ? start_stream(file) : start_still(file);
    if (r < 0)
        file_stop(source);
    else
        file->pace = (struct vcam_pace){now_us, mode->dwFrameInterval, 0};
    return r;
}

static int64_t file_dispatch(struct vcam_source *source, int64_t now_us)
{
    struct file *file = file_of(source);
    uint64_t number;
    int64_t capture_us;
    if (!vcam_pace_due(&file->pace, now_us, &number, &capture_us))
        return vcam_pace_next(&file->pace);
    struct vcam_frame *frame =
        file->reader ? next_frame(file, now_us) : vcam_blob_frame(file->shown, &file->mode);
    if (frame) {
        frame->number = number;
        frame->capture_us = capture_us;
        frame->ready_us = now_us;
        source->sink.frame(source->sink.user, frame);
    }
    return vcam_pace_next(&file->pace); /* the sink may have stopped us */
}

static void file_free(struct vcam_source *source)
{
    struct file *file = file_of(source);
    vcam_still_clear(&file->still);
    vcam_reader_free(file->reader);
    if (file->fd >= 0)
        close(file->fd);
    free(file);
}

static const struct vcam_source_ops file_ops = {
    .name = "file",
    .start = file_start,
    .stop = file_stop,
    .dispatch = file_dispatch,
    .free = file_free,
};

/* --- opening --- */

/* A still that carries more pictures (a phone's depth map, a preview) is a still all the same: the
   name decides, and only where it says nothing whether a second picture follows at once. */
static bool is_stream(int fd, const char *path)
{
    static const char *const stream_names[] = {".mjpeg", ".mjpg"}, *const still_names[] = {
                                                                       ".jpeg", ".jpg", ".jpe",
                                                                       ".png"};
    const char *dot = strrchr(path, '.');
    for (unsigned i = 0; dot && i < sizeof(stream_names) / sizeof(stream_names[0]); i++)
        if (!strcasecmp(dot, stream_names[i]))
            return true;
    for (unsigned i = 0; dot && i < sizeof(still_names) / sizeof(still_names[0]); i++)
        if (!strcasecmp(dot, still_names[i]))
            return false;
    struct vcam_reader *reader = vcam_reader_new(fd);
    const uint8_t *jpeg;
    uint8_t magic[2] = {0};
    size_t size;
    bool two = reader && pread(fd, magic, 2, 0) == 2 && magic[0] == 0xff && magic[1] == 0xd8 &&
               vcam_reader_next(reader, &jpeg, &size) == 0 &&
               vcam_reader_next(reader, &jpeg, &size) == 0;
    vcam_reader_free(reader);
    return two;
}

static int open_stream(struct file *file, const char **ret_why)
{
    struct vcam_jpeg_info info;
    const uint8_t *jpeg;
    size_t size;
    *ret_why = "there is not enough memory";
    file->reader = vcam_reader_new(file->fd);
    if (!file->reader)
        return -ENOMEM;
    *ret_why = "no JPEG in it: make it for example with 'ffmpeg -i VIDEO -c:v mjpeg FILE.mjpeg'";
    int r = vcam_reader_next(file->reader, &jpeg, &size);
    if (r < 0)
        return r;
    *ret_why = "its first picture is damaged: make the file anew";
    if ((r = vcam_jpeg_info(jpeg, size, &info)) < 0)
        return r;
    *ret_why = "its pictures are not baseline JPEGs: convert it";
    if (!info.plain)
        return -EINVAL;
    *ret_why = "its pictures are not between 16x16 and 4096x2160: scale it";
    if (info.width < VCAM_STILL_MIN_SIDE || info.height < VCAM_STILL_MIN_SIDE ||
        info.width > VCAM_STILL_MAX_SIDE || info.height > VCAM_STILL_MAX_SIDE ||
        info.width * info.height > VCAM_STILL_MAX_PIXELS)
        return -EINVAL;
    file->width = info.width;
    file->height = info.height;
    return 0;
}

static int open_regular(const char *path, const char **ret_why)
{
    struct stat st;
    /* Without O_NONBLOCK a fifo would keep us here. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    *ret_why = NULL;
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    int r = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
    *ret_why = S_ISDIR(st.st_mode) ? "a directory: name one picture file" : "not a regular file";
    close(fd);
    return r;
}

static int open_file(struct file *file, const char *path, const char **ret_why)
{
    int r = file->fd = open_regular(path, ret_why);
    if (r < 0)
        return r;
    if (is_stream(file->fd, path))
        return open_stream(file, ret_why);
    r = vcam_still_load(file->fd, &file->still, ret_why);
    close(file->fd);
    file->fd = -1;
    file->width = file->still.width;
    file->height = file->still.height;
    return r;
}

static void fill_offer(struct file *file)
{
    static const uint32_t fourccs[] = {VCAM_YUY2, VCAM_MJPEG};
    for (unsigned f = 0; f < sizeof(fourccs) / sizeof(fourccs[0]); f++)
        for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
            vcam_offer_add(&file->source.offer,
                           &(struct vcam_mode){fourccs[f], file->width & ~1u, file->height & ~1u,
                                               vcam_interval_of_fps(rates[i])});
}

/* The path's last part; where it is too long it ends with a whole UTF-8 character. */
static void set_name(char name[static 64], const char *path)
{
    const char *slash = strrchr(path, '/');
    if (snprintf(name, 64, "%s", slash ? slash + 1 : path) < 64)
        return;
    size_t length = 63;
    while (length > 0 && (name[length - 1] & 0xc0) == 0x80)
        length--;
    name[length > 0 ? length - 1 : 0] = '\0';
}

struct vcam_source *vcam_source_file_new(const char *path, char ret_error[VCAM_ERROR_LEN])
{
    struct file *file = calloc(1, sizeof(*file));
    const char *why = NULL;
    int r = -ENOMEM;
    if (file) {
        file->source.ops = &file_ops;
        file->fd = -1;
        r = open_file(file, path, &why);
    }
    if (r < 0) {
        snprintf(ret_error, VCAM_ERROR_LEN, "%s: %s", path, why ? why : strerror(-r));
        if (file)
            file_free(&file->source);
        errno = -r;
        return NULL;
    }
    set_name(file->source.name, path);
    fill_offer(file);
    return &file->source;
}
