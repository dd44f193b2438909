/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* 'camredir share' as a test runs it, its trace, and the comparison of what the guest received with
   what was sent. */
#include "tests/guest/share.h"

#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct Share {
    Process *process;
    char *trace, *log;
};

/* command: a NULL-terminated list of words, to which the rest is appended. */
static Share *start(const char *const *command, const char *name, const char *options,
                    const char *address, GError **error)
{
    static guint count;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *line = g_strconcat(options, " ", address, NULL);
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    Share *share = g_new0(Share, 1);
    share->log = g_strdup_printf("%s/%s.log", harness_logs(), name);
    share->trace = g_strdup_printf("%s/%s.%u.trace", harness_logs(), name, ++count);
    for (guint i = 0; command[i]; i++)
        g_ptr_array_add(argv, (gpointer)command[i]);
    for (guint i = 0; words[i]; i++)
        if (*words[i])
            g_ptr_array_add(argv, words[i]);
    const char *rest[] = {"--trace", share->trace, NULL};
    for (guint i = 0; i < G_N_ELEMENTS(rest); i++)
        g_ptr_array_add(argv, (gpointer)rest[i]);
    g_setenv("CAMREDIR_ABORT_ON_BUG", "1", TRUE);
    share->process = process_start((const char *const *)argv->pdata, share->log, error);
    if (!share->process)
        g_clear_pointer(&share, share_free);
    return share;
}

Share *share_start(const char *name, const char *options, const char *address, GError **error)
{
    static const char *const none[] = {NULL};
    return share_start_under(none, name, options, address, error);
}

Share *share_start_under(const char *const *before, const char *name, const char *options,
                         const char *address, GError **error)
{
    g_autofree char *program = harness_camredir();
    g_autoptr(GPtrArray) command = g_ptr_array_new();
    for (guint i = 0; before[i]; i++)
        g_ptr_array_add(command, (gpointer)before[i]);
    g_ptr_array_add(command, program);
    g_ptr_array_add(command, (gpointer) "share");
    g_ptr_array_add(command, NULL);
    return start((const char *const *)command->pdata, name, options, address, error);
}

Share *share_start_program(const char *program, const char *name, const char *options,
                           const char *address, GError **error)
{
    g_autofree char *camredir = harness_camredir();
    g_autofree char *folder = g_path_get_dirname(camredir);
    g_autofree char *path = g_build_filename(folder, program, NULL);
    const char *const command[] = {path, NULL};
    return start(command, name, options, address, error);
}

gboolean share_stop(Share *share, GError **error)
{
    int status = -1;
    gboolean good = TRUE;
    process_signal(share->process, SIGTERM);
    if (!process_wait(share->process, WAIT_MS, &status))
        good = fail(error, "camredir does not end");
    else if (status != 0)
        good = fail(error, "camredir ended with status %d", status);
    share_free(share);
    return good;
}

void share_free(Share *share)
{
    if (!share)
        return;
    process_free(share->process);
    g_free(share->trace);
    g_free(share->log);
    g_free(share);
}

Process *share_process(Share *share)
{
    return share->process;
}

const char *share_trace_path(const Share *share)
{
    return share->trace;
}

const char *share_log(const Share *share)
{
    return share->log;
}

static void take_sent(JsonObject *line, GArray *sent)
{
    SentFrame frame = {
        .hash = g_ascii_strtoull(json_object_get_string_member(line, "hash"), NULL, 16),
        .number = json_object_get_int_member(line, "frame"),
        .bytes = json_object_get_int_member(line, "bytes"),
        .width = json_object_get_int_member(line, "width"),
        .height = json_object_get_int_member(line, "height"),
        .interval = json_object_get_int_member(line, "interval"),
        .capture_us = json_object_get_int_member(line, "capture_us"),
        .ready_us = json_object_get_int_member(line, "ready_us"),
        .now_us = json_object_get_int_member(line, "now_us"),
    };
    g_strlcpy(frame.format, json_object_get_string_member(line, "format"), sizeof frame.format);
    g_array_append_val(sent, frame);
}

GArray *trace_read(const char *path, guint *ret_dropped)
{
    GArray *sent = g_array_new(FALSE, TRUE, sizeof(SentFrame));
    g_autofree char *text = NULL;
    guint dropped = 0;
    g_file_get_contents(path, &text, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    g_autoptr(JsonParser) parser = json_parser_new();
    for (guint i = 0; lines[i]; i++) {
        /* The last line may be cut off, where the program was killed. */
        if (!*lines[i] || !json_parser_load_from_data(parser, lines[i], -1, NULL))
            continue;
        JsonObject *line = json_node_get_object(json_parser_get_root(parser));
        const char *event = json_object_get_string_member(line, "event");
        if (strcmp(event, "sent") == 0)
            take_sent(line, sent);
        dropped += strcmp(event, "dropped") == 0;
    }
    if (ret_dropped)
        *ret_dropped = dropped;
    return sent;
}

/* ---- comparison ---- */

/* The frame sent with this hash, the last of them that was ready before the guest had it: a still
   picture is sent many times. hashes: hash -> index of its first frame in sent, plus 1. */
static gboolean find_sent(const GArray *sent, GHashTable *hashes, const SeenFrame *seen,
                          guint *ret_index)
{
    guint first = GPOINTER_TO_UINT(g_hash_table_lookup(hashes, &seen->record.hash));
    gboolean found = FALSE;
    for (guint i = first ? first - 1 : sent->len; i < sent->len; i++) {
        const SentFrame *frame = &g_array_index(sent, SentFrame, i);
        if (frame->ready_us > seen->arrival_us)
            break;
        if (frame->hash == seen->record.hash && frame->bytes == seen->record.bytesused) {
            *ret_index = i;
            found = TRUE;
        }
    }
    return found;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(GArray *sorted, double share)
{
    return sorted->len ? g_array_index(sorted, double, (guint)((sorted->len - 1) * share)) : 0;
}

static GHashTable *index_hashes(const GArray *sent)
{
    GHashTable *hashes = g_hash_table_new(g_int64_hash, g_int64_equal);
    for (guint i = sent->len; i-- > 0;)
        g_hash_table_insert(hashes, &g_array_index(sent, SentFrame, i).hash,
                            GUINT_TO_POINTER(i + 1));
    return hashes;
}

/* A frame that was not hashed is taken for the one that lies as far behind the last known one as
   the driver's sequence number says. */
static gboolean match(const SeenFrame *seen, const GArray *sent, GHashTable *hashes, gint64 *offset,
                      guint *ret_index)
{
    if (seen->hashed) {
        if (!find_sent(sent, hashes, seen, ret_index))
            return FALSE;
        *offset = (gint64)*ret_index - seen->record.sequence;
        return TRUE;
    }
    gint64 index = *offset + seen->record.sequence;
    if (index < 0 || index >= sent->len ||
        g_array_index(sent, SentFrame, index).bytes != seen->record.bytesused)
        return FALSE;
    *ret_index = index;
    return TRUE;
}

void compare_frames(const GArray *seen, const GArray *sent, Outcome *ret_outcome)
{
    Outcome outcome = {.frames = seen->len};
    guint matched = 0, first = G_MAXUINT, last = 0;
    g_autoptr(GHashTable) hashes = index_hashes(sent);
    g_autoptr(GArray) delays = g_array_new(FALSE, FALSE, sizeof(double));
    gint64 offset = 0;
    for (guint i = 0; i < seen->len; i++) {
        const SeenFrame *frame = &g_array_index(seen, SeenFrame, i);
        guint index = 0;
        outcome.flagged += frame->record.flagged;
        outcome.hashed += frame->hashed;
        if (match(frame, sent, hashes, &offset, &index)) {
            gint64 ready_us = g_array_index(sent, SentFrame, index).ready_us;
            double ms = (frame->arrival_us - ready_us) / 1000.0;
            g_array_append_val(delays, ms);
            first = MIN(first, index);
            last = MAX(last, index);
            matched++;
        } else {
            outcome.wrong += !frame->record.flagged;
        }
    }
    if (matched && last - first + 1 > matched)
        outcome.lost = last - first + 1 - matched;
    if (seen->len > 1)
        outcome.fps = (seen->len - 1) * 1e6 /
                      (g_array_index(seen, SeenFrame, seen->len - 1).arrival_us -
                       g_array_index(seen, SeenFrame, 0).arrival_us);
    g_array_sort(delays, compare_doubles);
    outcome.p50_ms = percentile(delays, 0.50);
    outcome.p99_ms = percentile(delays, 0.99);
    *ret_outcome = outcome;
}

char *outcome_text(const Outcome *outcome)
{
    return g_strdup_printf("%u frames, %u damaged, %u lost, %.2f fps, %.1f/%.1f ms",
                           outcome->frames, outcome->flagged + outcome->wrong, outcome->lost,
                           outcome->fps, outcome->p50_ms, outcome->p99_ms);
}
