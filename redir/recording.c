/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records, out and in. */
#include "redir/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "redir/error.h"

enum { FROM_VM, TO_VM, BEGINS, N_KINDS };

#define RECORD_HEADER 16u
/* The longest packet to the VM: what libusbredirhost answers at most, with its header. */
#define MAX_RECORD (128u * 1024 * 1024 + 64)
#define WINDOW     (256u * 1024) /* read from a file at once */

G_STATIC_ASSERT(sizeof REDIR_RECORDING_MAGIC == 16);
G_STATIC_ASSERT((int)FROM_VM == (int)REDIR_FROM_VM && (int)TO_VM == (int)REDIR_TO_VM);

/* ---- writing ---- */

struct RedirRecorder {
    char *path;
    FILE *file; /* NULL: given up */
    gint64 start_us;
};

static void give_up(RedirRecorder *recorder)
{
    g_warning("%s: the recording ends here: %s", recorder->path, g_strerror(errno));
    fclose(recorder->file);
    recorder->file = NULL;
}

static void write_record(RedirRecorder *recorder, guint8 kind, const guint8 *bytes, gsize size,
                         gint64 now_us)
{
    if (recorder->file == NULL)
        return;
    if (recorder->start_us == 0)
        recorder->start_us = now_us;
    guint8 header[RECORD_HEADER] = {kind};
    guint32 length = GUINT32_TO_LE((guint32)size);
    guint64 at_us = GUINT64_TO_LE((guint64)(now_us - recorder->start_us));
    memcpy(header + 4, &length, sizeof length);
    memcpy(header + 8, &at_us, sizeof at_us);
    if (fwrite(header, sizeof header, 1, recorder->file) != 1 ||
        (size > 0 && fwrite(bytes, size, 1, recorder->file) != 1))
        give_up(recorder);
}

RedirRecorder *redir_recorder_new(const char *path, GError **error)
{
    FILE *file = fopen(path, "wbe");

    if (file == NULL) {
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
        return NULL;
    }
    RedirRecorder *recorder = g_new0(RedirRecorder, 1);
    recorder->path = g_strdup(path);
    recorder->file = file;
    if (fwrite(REDIR_RECORDING_MAGIC, sizeof REDIR_RECORDING_MAGIC, 1, file) != 1)
        give_up(recorder);
    return recorder;
}

gboolean redir_recorder_free(RedirRecorder *recorder)
{
    if (recorder == NULL)
        return TRUE;
    if (recorder->file != NULL && fflush(recorder->file) != 0)
        give_up(recorder);
    gboolean whole = recorder->file != NULL;
    if (whole)
        fclose(recorder->file);
    g_free(recorder->path);
    g_free(recorder);
    return whole;
}

void redir_recorder_begin(RedirRecorder *recorder, gint64 now_us)
{
    write_record(recorder, BEGINS, NULL, 0, now_us);
}

void redir_recorder_packet(RedirRecorder *recorder, RedirDirection direction, const guint8 *bytes,
                           gsize size, gint64 now_us)
{
    write_record(recorder, (guint8)direction, bytes, size, now_us);
}

/* ---- its bytes ---- */

static gboolean failed(const char *what, GError **error)
{
    g_set_error_literal(error, REDIR_ERROR, REDIR_ERROR_FAILED, what);
    return FALSE;
}

gboolean redir_recording_open(RedirRecording *ret_recording, const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0)
        failed(g_strerror(errno), error);
    else if (!S_ISREG(status.st_mode))
        failed("no file, as 'camredir record' makes one", error);
    else {
        *ret_recording = (RedirRecording){.fd = fd, .size = (guint64)status.st_size};
        return TRUE;
    }
    if (fd >= 0)
        close(fd);
    return FALSE;
}

/* Fewer than size: the file ends there. -1 with errno. */
static gssize read_file(const RedirRecording *recording, guint64 offset, guint8 *to, gsize size)
{
    gsize done = 0;

    while (done < size) {
        ssize_t got = pread(recording->fd, to + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno != EINTR)
            return -1;
        if (got == 0)
            break;
        done += got > 0 ? (gsize)got : 0;
    }
    return (gssize)done;
}

gboolean redir_recording_read(const RedirRecording *recording, guint64 offset, gpointer to,
                              gsize size, GError **error)
{
    gssize got = (gssize)size;

    if (recording->bytes == NULL)
        got = read_file(recording, offset, to, size);
    else if (size > 0)
        memcpy(to, recording->bytes + offset, size);
    if (got < 0)
        return failed(g_strerror(errno), error);
    return (gsize)got == size || failed("the recording has been cut short meanwhile", error);
}

/* ---- reading ---- */

/* That many bytes, until the next call; NULL without error: there are fewer. */
static const guint8 *fetch(RedirRecordReader *reader, gsize size, GError **error)
{
    const RedirRecording *recording = &reader->recording;
    guint64 rest = recording->size - reader->offset;

    if (size > rest)
        return NULL;
    if (recording->bytes != NULL)
        return recording->bytes + reader->offset;
    GByteArray *window = reader->window;
    if (reader->offset + size > reader->window_offset + window->len) {
        g_byte_array_set_size(window, (guint)MIN(MAX(size, WINDOW), rest));
        reader->window_offset = reader->offset;
        gssize got = read_file(recording, reader->offset, window->data, window->len);
        g_byte_array_set_size(window, (guint)MAX(got, 0));
        if (got < 0)
            failed(g_strerror(errno), error);
        if (got < (gssize)size)
            return NULL;
    }
    return window->data + (reader->offset - reader->window_offset);
}

gboolean redir_record_reader_init(RedirRecordReader *reader, const RedirRecording *recording,
                                  GError **error)
{
    const gsize magic = sizeof REDIR_RECORDING_MAGIC;
    GError *inner = NULL;

    *reader = (RedirRecordReader){.recording = *recording, .window = g_byte_array_new()};
    const guint8 *at = fetch(reader, magic, &inner);
    if (inner != NULL)
        g_propagate_error(error, inner);
    else if (at == NULL || memcmp(at, REDIR_RECORDING_MAGIC, magic) != 0)
        g_set_error_literal(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL,
                            "this is no recording by 'camredir record'");
    else {
        reader->offset = magic;
        return TRUE;
    }
    return FALSE;
}

void redir_record_reader_clear(RedirRecordReader *reader)
{
    g_clear_pointer(&reader->window, g_byte_array_unref);
}

static gboolean broken(const RedirRecordReader *reader, const char *what, GError **error)
{
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL,
                "the recording is broken at byte %" G_GUINT64_FORMAT ": %s", reader->offset, what);
    return FALSE;
}

static gboolean read_header(const RedirRecordReader *reader, const guint8 *at, gsize *ret_size,
                            gint64 *ret_at_us, GError **error)
{
    guint32 size;
    gint64 at_us;

    memcpy(&size, at + 4, sizeof size);
    memcpy(&at_us, at + 8, sizeof at_us);
    size = GUINT32_FROM_LE(size);
    at_us = GINT64_FROM_LE(at_us);
    if (at[0] >= N_KINDS || at[1] != 0 || at[2] != 0 || at[3] != 0)
        return broken(reader, "a record of an unknown kind", error);
    if (size > MAX_RECORD || (at[0] == BEGINS && size != 0))
        return broken(reader, "a record of an impossible length", error);
    if (at_us < reader->last_us)
        return broken(reader, "a time that runs backwards", error);
    *ret_size = RECORD_HEADER + size;
    *ret_at_us = at_us;
    return TRUE;
}

gboolean redir_record_next(RedirRecordReader *reader, RedirRecord *ret_record, GError **error)
{
    const guint8 *at = fetch(reader, RECORD_HEADER, error);
    gint64 at_us;
    gsize size;

    if (at == NULL || !read_header(reader, at, &size, &at_us, error))
        return FALSE;
    at = fetch(reader, size, error);
    if (at == NULL)
        return FALSE;
    *ret_record = (RedirRecord){.begins = at[0] == BEGINS, .at_us = at_us};
    RedirPacketView *packet = &ret_record->packet;
    if (ret_record->begins)
        reader->ids = (RedirPacketIds){0};
    else
        ret_record->direction = (RedirDirection)at[0];
    if (!ret_record->begins && !redir_packet_look(&reader->ids, ret_record->direction,
                                                  at + RECORD_HEADER, size - RECORD_HEADER, packet))
        return broken(reader, "what is recorded is no usbredir packet", error);
    ret_record->body_offset = reader->offset + size - packet->size;
    reader->last_us = at_us;
    reader->offset += size;
    return TRUE;
}
