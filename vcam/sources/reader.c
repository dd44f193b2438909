/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window that slides over a file of JPEGs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vcam/sources/jpeg.h"
#include "vcam/sources/reader.h"

#define FIRST_WINDOW (256 << 10)
/* Beginnings that turn out to be none, in one call: bounds the time that a hostile file takes. */
#define MAX_TRIES 64
/* And bytes: a file that is all hole must not keep the main loop. */
#define MAX_READ (2 * VCAM_READER_MAX)

struct vcam_reader {
    int fd;
    off_t next; /* file offset behind the window */
    uint8_t *window;
    size_t at, used, capacity; /* unread bytes: at .. used */
};

struct vcam_reader *vcam_reader_new(int fd)
{
    struct vcam_reader *reader = calloc(1, sizeof(*reader));
    if (reader)
        reader->fd = fd;
    return reader;
}

void vcam_reader_free(struct vcam_reader *reader)
{
    if (!reader)
        return;
    free(reader->window);
    free(reader);
}

void vcam_reader_rewind(struct vcam_reader *reader)
{
    reader->next = 0;
    reader->at = reader->used = 0;
}

/* Room behind what is unread: by moving it to the front, else by growing. */
static int make_room(struct vcam_reader *reader)
{
    if (reader->at > 0) {
        memmove(reader->window, reader->window + reader->at, reader->used - reader->at);
        reader->used -= reader->at;
        reader->at = 0;
        return 0;
    }
    if (reader->used < reader->capacity)
        return 0;
    size_t capacity = reader->capacity ? reader->capacity * 2 : FIRST_WINDOW;
    if (capacity > VCAM_READER_MAX)
        return -EMSGSIZE;
    uint8_t *window = realloc(reader->window, capacity);
    if (!window)
        return -ENOMEM;
    reader->window = window;
    reader->capacity = capacity;
    return 0;
}

/* 0, -ENODATA at the end, -EMSGSIZE where the window is full, or another errno. */
static int read_more(struct vcam_reader *reader)
{
    int r = make_room(reader);
    if (r < 0)
        return r;
    ssize_t n = pread(reader->fd, reader->window + reader->used, reader->capacity - reader->used,
                      reader->next);
    if (n < 0)
        return -errno;
    if (n == 0)
        return -ENODATA;
    reader->used += n;
    reader->next += n;
    return 0;
}

/* Moves on to FF D8 FF; false where the window holds none (but perhaps the beginning of one). */
static bool find_soi(struct vcam_reader *reader)
{
    static const uint8_t soi[] = {0xff, 0xd8, 0xff};
    size_t left = reader->used - reader->at;
    const uint8_t *found = left ? memmem(reader->window + reader->at, left, soi, 3) : NULL;
    if (found)
        reader->at = found - reader->window;
    else if (left > 2)
        reader->at = reader->used - 2;
    return found;
}

int vcam_reader_next(struct vcam_reader *reader, const uint8_t **ret_jpeg, size_t *ret_size)
{
    off_t until = reader->next + MAX_READ;
    for (unsigned tries = 0; tries < MAX_TRIES && reader->next < until;) {
        int r = 0;
        int64_t length = 0;
        if (find_soi(reader))
            length = vcam_jpeg_length(reader->window + reader->at, reader->used - reader->at);
        if (length > 0) {
            *ret_jpeg = reader->window + reader->at;
            *ret_size = length;
            reader->at += length;
            return 0;
        }
        if (length == 0)
            r = read_more(reader);
        if (length < 0 || r == -EMSGSIZE) {
            reader->at += 2;
            tries++;
        } else if (r < 0) {
            return r;
        }
    }
    return -EAGAIN;
}
