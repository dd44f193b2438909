/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records, out and in. */
#include "redir/recording.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "redir/error.h"

enum { FROM_VM, TO_VM, BEGINS, N_KINDS };

#define RECORD_HEADER 16u
/* The longest packet to the VM: what libusbredirhost answers at most, with its header. */
#define MAX_RECORD (128u * 1024 * 1024 + 64)

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

/* ---- reading ---- */

gboolean redir_record_reader_init(RedirRecordReader *reader, const guint8 *bytes, gsize size,
                                  GError **error)
{
    const gsize magic = sizeof REDIR_RECORDING_MAGIC;

    if (size < magic || memcmp(bytes, REDIR_RECORDING_MAGIC, magic) != 0) {
        g_set_error_literal(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL,
                            "this is no recording by 'camredir record'");
        return FALSE;
    }
    *reader = (RedirRecordReader){.at = bytes + magic, .end = bytes + size, .offset = magic};
    return TRUE;
}

static gboolean broken(const RedirRecordReader *reader, const char *what, GError **error)
{
    g_set_error(error, REDIR_ERROR, REDIR_ERROR_PROTOCOL, "the recording is broken at byte %zu: %s",
                reader->offset, what);
    return FALSE;
}

gboolean redir_record_next(RedirRecordReader *reader, RedirRecord *ret_record, GError **error)
{
    gsize rest = (gsize)(reader->end - reader->at);
    guint32 size;
    gint64 at_us;

    if (rest < RECORD_HEADER)
        return FALSE;
    const guint8 *at = reader->at;
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
    if (rest - RECORD_HEADER < size)
        return FALSE;
    *ret_record = (RedirRecord){.begins = at[0] == BEGINS, .at_us = at_us};
    if (ret_record->begins)
        reader->ids = (RedirPacketIds){0};
    else
        ret_record->direction = (RedirDirection)at[0];
    if (!ret_record->begins && !redir_packet_look(&reader->ids, ret_record->direction,
                                                  at + RECORD_HEADER, size, &ret_record->packet))
        return broken(reader, "what is recorded is no usbredir packet", error);
    reader->last_us = at_us;
    reader->at += RECORD_HEADER + size;
    reader->offset += RECORD_HEADER + size;
    return TRUE;
}
