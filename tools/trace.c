/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the trace of --trace; the format is documented in camredir(1). */
#include "tools/trace.h"

#include <errno.h>
#include <gio/gio.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "vcam/hash.h"

struct trace {
    FILE *file;
    char *path;
    gboolean broken;
};

static const char *const event_names[] = {
    [VCAM_FRAME_BEGUN] = "begun",     [VCAM_FRAME_SENT] = "sent",
    [VCAM_FRAME_DROPPED] = "dropped", [VCAM_FRAME_CUT] = "cut",
    [VCAM_FRAME_REFUSED] = "refused",
};

struct trace *trace_open(const char *path, GError **error)
{
    FILE *file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
    if (!file) {
        int saved = errno;
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(saved),
                    "trace %s: %s: choose a file that can be written", path, g_strerror(saved));
        return NULL;
    }
    setvbuf(file, NULL, _IOLBF, 4096);
    struct trace *trace = g_new0(struct trace, 1);
    trace->file = file;
    trace->path = g_strdup(path);
    return trace;
}

static void break_off(struct trace *trace)
{
    trace->broken = TRUE;
    g_warning("trace %s: %s: the trace ends here, the camera goes on", trace->path,
              g_strerror(errno));
}

void trace_frame(struct trace *trace, const struct vcam_frame *frame, enum vcam_frame_event event,
                 gint64 now_us)
{
    if (trace->broken)
        return;
    const struct vcam_format_info *format = vcam_format_info(frame->mode.fourcc);
    char hash[32] = "";
    if (event == VCAM_FRAME_SENT)
        g_snprintf(hash, sizeof(hash), "\"hash\":\"%016" PRIx64 "\",",
                   vcam_hash(frame->data, frame->size));
    int written =
        fprintf(trace->file,
                "{\"event\":\"%s\",\"frame\":%" PRIu64 ",\"format\":\"%s\",\"width\":%u,"
                "\"height\":%u,\"interval\":%" PRIu32 ",\"bytes\":%zu,%s"
                "\"capture_us\":%" PRIi64 ",\"ready_us\":%" PRIi64 ",\"now_us\":%" PRIi64 "}\n",
                event_names[event], frame->number, format ? format->name : "?", frame->mode.wWidth,
                frame->mode.wHeight, frame->mode.dwFrameInterval, frame->size, hash,
                frame->capture_us, frame->ready_us, now_us);
    if (written < 0)
        break_off(trace);
}

gboolean trace_close(struct trace *trace)
{
    if (!trace)
        return TRUE;
    if ((trace->file == stdout ? fflush(stdout) : fclose(trace->file)) != 0 && !trace->broken)
        break_off(trace);
    gboolean whole = !trace->broken;
    g_free(trace->path);
    g_free(trace);
    return whole;
}
