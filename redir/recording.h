/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A redirected session as a file: every usbredir packet of both directions with its time. The
   format is in camredir-record(1).

   16 bytes REDIR_RECORDING_MAGIC, then records. A record is 16 bytes of header, little-endian: what
   it is (u8: 0 a packet from the VM, 1 one to the VM, 2 a stream begins), three bytes 0, the bytes
   that follow (u32), the time in microseconds since the first record (u64); then the packet, with
   its own header, as it went over the stream. */
#pragma once

#include "redir/packet_view.h"

#define REDIR_RECORDING_MAGIC "camredir-rec 1\n" /* and the 0 behind it */

/* ---- writing ---- */

typedef struct RedirRecorder RedirRecorder;

/* NULL with REDIR_ERROR_FAILED where the file cannot be created. */
RedirRecorder *redir_recorder_new(const char *path, GError **error);
/* FALSE: not all of it could be written, which was said when it happened. Accepts NULL. */
gboolean redir_recorder_free(RedirRecorder *recorder);
/* A stream begins: ids are short again. */
void redir_recorder_begin(RedirRecorder *recorder, gint64 now_us);
void redir_recorder_packet(RedirRecorder *recorder, RedirDirection direction, const guint8 *bytes,
                           gsize size, gint64 now_us);

/* ---- reading ---- */

/* Its bytes: in memory, or in a file, which somebody may make shorter at any time. */
typedef struct {
    const guint8 *bytes; /* NULL: in the file */
    int fd;
    guint64 size; /* of the file, when it was opened */
} RedirRecording;

/* Closed by close(). FALSE with REDIR_ERROR_FAILED. */
gboolean redir_recording_open(RedirRecording *ret_recording, const char *path, GError **error);
/* FALSE with REDIR_ERROR_FAILED: they are not there any more, or cannot be read. */
gboolean redir_recording_read(const RedirRecording *recording, guint64 offset, gpointer to,
                              gsize size, GError **error);

typedef struct {
    gboolean begins; /* a stream, and there is no packet */
    RedirDirection direction;
    gint64 at_us; /* since the first record */
    RedirPacketView packet;
    guint64 body_offset; /* of packet.body, in the recording */
} RedirRecord;

typedef struct {
    RedirRecording recording;
    guint64 offset; /* of the record that comes next, or is broken */
    gint64 last_us;
    RedirPacketIds ids;

    /* ours: a part of the file */
    GByteArray *window;
    guint64 window_offset;
} RedirRecordReader;

/* Where the recording's bytes are must outlive the reader. FALSE with REDIR_ERROR_PROTOCOL: no
   recording. Clear it in either case. */
gboolean redir_record_reader_init(RedirRecordReader *reader, const RedirRecording *recording,
                                  GError **error);
void redir_record_reader_clear(RedirRecordReader *reader);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RedirRecordReader, redir_record_reader_clear)
/* The packet is valid until the next call. FALSE without error: that was all. A record that is cut
   short is the end: so does a recording look whose program was killed. FALSE with
   REDIR_ERROR_PROTOCOL: where it is broken; with REDIR_ERROR_FAILED: it cannot be read. */
gboolean redir_record_next(RedirRecordReader *reader, RedirRecord *ret_record, GError **error);
