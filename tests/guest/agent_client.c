/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of the talk with the agent in the guest (protocol.h). Frames are taken by a thread
   of their own, so that the time of their arrival does not depend on what a test does meanwhile. */
#include "tests/guest/agent_client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/guest/process.h"

#define LARGEST_PICTURE (64u << 20)

typedef struct {
    GString *data;
    char *end; /* "ok ..." or "failed ...", once it is there */
} Answer;

struct AgentClient {
    int agent_fd, frames_fd;
    guint last_number;
    GString *input;
    GHashTable *answers; /* number -> Answer */

    GThread *reader;
    GMutex lock;          /* for the two below */
    GHashTable *frames;   /* stream's number -> GArray of SeenFrame */
    GHashTable *pictures; /* stream's number -> GBytes */
};

static void answer_free(gpointer user)
{
    Answer *answer = user;
    g_string_free(answer->data, TRUE);
    g_free(answer->end);
    g_free(answer);
}

static Answer *answer_of(AgentClient *agent, guint number)
{
    Answer *answer = g_hash_table_lookup(agent->answers, GUINT_TO_POINTER(number));
    if (!answer) {
        answer = g_new0(Answer, 1);
        answer->data = g_string_new(NULL);
        g_hash_table_insert(agent->answers, GUINT_TO_POINTER(number), answer);
    }
    return answer;
}

/* ---- frames ---- */

static gboolean read_all(int fd, void *data, size_t size)
{
    for (char *next = data; size;) {
        ssize_t n = read(fd, next, size);
        if (n == 0 || (n < 0 && errno != EINTR))
            return FALSE;
        if (n > 0)
            next += n, size -= n;
    }
    return TRUE;
}

static GArray *frames_of(AgentClient *agent, guint stream)
{
    GArray *frames = g_hash_table_lookup(agent->frames, GUINT_TO_POINTER(stream));
    if (!frames) {
        frames = g_array_new(FALSE, TRUE, sizeof(SeenFrame));
        g_hash_table_insert(agent->frames, GUINT_TO_POINTER(stream), frames);
    }
    return frames;
}

static gboolean take_record(AgentClient *agent, const struct guest_record *record, gint64 now_us)
{
    GBytes *picture = NULL;
    if (record->type == GUEST_PICTURE) {
        guint8 *data = record->bytesused <= LARGEST_PICTURE ? g_malloc(record->bytesused) : NULL;
        if (!data || !read_all(agent->frames_fd, data, record->bytesused)) {
            g_free(data);
            return FALSE;
        }
        picture = g_bytes_new_take(data, record->bytesused);
    }
    g_mutex_lock(&agent->lock);
    GArray *frames = frames_of(agent, record->stream);
    if (record->type == GUEST_DEQUEUED) {
        SeenFrame frame = {.record = *record, .arrival_us = now_us};
        g_array_append_val(frames, frame);
    } else if (record->type == GUEST_HASHED && frames->len) {
        SeenFrame *frame = &g_array_index(frames, SeenFrame, frames->len - 1);
        frame->record.hash = record->hash;
        frame->hashed = TRUE;
    } else if (picture) {
        g_hash_table_insert(agent->pictures, GUINT_TO_POINTER(record->stream), picture);
    }
    g_mutex_unlock(&agent->lock);
    return TRUE;
}

static gpointer read_frames(gpointer user)
{
    AgentClient *agent = user;
    struct guest_record record;
    while (read_all(agent->frames_fd, &record, sizeof record))
        if (!take_record(agent, &record, g_get_monotonic_time()))
            break;
    return NULL;
}

AgentClient *agent_client_new(int agent_fd, int frames_fd)
{
    static guint count;
    AgentClient *agent = g_new0(AgentClient, 1);
    /* A guest that migrates takes with it what another client has asked. */
    agent->last_number = count++ * 10000;
    agent->agent_fd = agent_fd;
    agent->frames_fd = frames_fd;
    agent->input = g_string_new(NULL);
    agent->answers = g_hash_table_new_full(NULL, NULL, NULL, answer_free);
    agent->frames = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    agent->pictures = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_bytes_unref);
    g_mutex_init(&agent->lock);
    agent->reader = g_thread_new("frames", read_frames, agent);
    return agent;
}

void agent_client_free(AgentClient *agent)
{
    if (!agent)
        return;
    shutdown(agent->frames_fd, SHUT_RDWR);
    g_thread_join(agent->reader);
    close(agent->agent_fd);
    close(agent->frames_fd);
    g_string_free(agent->input, TRUE);
    g_hash_table_unref(agent->answers);
    g_hash_table_unref(agent->frames);
    g_hash_table_unref(agent->pictures);
    g_mutex_clear(&agent->lock);
    g_free(agent);
}

guint agent_count_frames(AgentClient *agent, guint stream)
{
    g_mutex_lock(&agent->lock);
    guint n = frames_of(agent, stream)->len;
    g_mutex_unlock(&agent->lock);
    return n;
}

GArray *agent_frames(AgentClient *agent, guint stream, guint n_expected)
{
    for (guint i = 0; i < 200 && agent_count_frames(agent, stream) < n_expected; i++)
        g_usleep(10000);
    g_usleep(20000); /* the last one's hash */
    g_mutex_lock(&agent->lock);
    GArray *frames = g_array_copy(frames_of(agent, stream));
    g_mutex_unlock(&agent->lock);
    return frames;
}

GBytes *agent_picture(AgentClient *agent, guint stream)
{
    for (guint i = 0; i < 500; i++) {
        g_mutex_lock(&agent->lock);
        GBytes *picture = g_hash_table_lookup(agent->pictures, GUINT_TO_POINTER(stream));
        if (picture)
            g_bytes_ref(picture);
        g_mutex_unlock(&agent->lock);
        if (picture)
            return picture;
        g_usleep(10000);
    }
    return NULL;
}

/* ---- commands ---- */

static void take_line(AgentClient *agent, const char *line)
{
    char *rest = NULL;
    guint number = g_ascii_strtoull(line, &rest, 10);
    if (*rest != ' ')
        return;
    Answer *answer = answer_of(agent, number);
    if (g_str_has_prefix(rest, " - ")) {
        g_string_append_printf(answer->data, "%s\n", rest + 3);
    } else {
        g_free(answer->end);
        answer->end = g_strdup(rest + 1);
    }
}

/* FALSE where QEMU is gone. */
static gboolean take_input(AgentClient *agent, gint64 timeout_ms)
{
    struct pollfd fd = {.fd = agent->agent_fd, .events = POLLIN};
    char text[4096];
    if (poll(&fd, 1, timeout_ms) <= 0)
        return TRUE;
    ssize_t n = read(agent->agent_fd, text, sizeof text);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    g_string_append_len(agent->input, text, n);
    for (char *end; (end = strchr(agent->input->str, '\n'));) {
        *end = 0;
        take_line(agent, agent->input->str);
        g_string_erase(agent->input, 0, end + 1 - agent->input->str);
    }
    return TRUE;
}

char *agent_wait(AgentClient *agent, guint number, gint64 timeout_ms, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + timeout_ms * 1000;
    Answer *answer = answer_of(agent, number);
    while (!answer->end) {
        gint64 left_ms = (deadline - g_get_monotonic_time()) / 1000;
        if (left_ms <= 0 || !take_input(agent, left_ms)) {
            fail(error, left_ms <= 0 ? "the guest does not answer" : "QEMU is gone");
            return NULL;
        }
    }
    char *text = NULL;
    if (g_str_has_prefix(answer->end, "ok "))
        text = g_strconcat(answer->data->str, g_strstrip(answer->end + 3), NULL);
    else
        fail(error, "in the guest: %s%s", answer->data->str,
             answer->end + MIN(7, strlen(answer->end)));
    g_hash_table_remove(agent->answers, GUINT_TO_POINTER(number));
    return text;
}

gboolean agent_wait_ready(AgentClient *agent, gint64 timeout_ms, GError **error)
{
    g_autofree char *text = agent_wait(agent, 0, timeout_ms, error);
    return text != NULL;
}

static guint send_line(AgentClient *agent, const char *format, va_list arguments)
{
    g_autofree char *command = g_strdup_vprintf(format, arguments);
    g_autofree char *line = g_strdup_printf("%u %s\n", ++agent->last_number, command);
    const char *next = line;
    for (size_t size = strlen(line); size;) {
        ssize_t n = write(agent->agent_fd, next, size);
        if (n < 0 && errno != EINTR)
            break; /* the wait for its answer says so */
        if (n > 0)
            next += n, size -= n;
    }
    return agent->last_number;
}

guint agent_send(AgentClient *agent, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    guint number = send_line(agent, format, arguments);
    va_end(arguments);
    return number;
}

char *agent_run(AgentClient *agent, gint64 timeout_ms, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    guint number = send_line(agent, format, arguments);
    va_end(arguments);
    return agent_wait(agent, number, timeout_ms, error);
}
