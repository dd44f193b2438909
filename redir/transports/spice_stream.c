/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes to a channel no more at a time than is bounded: the library's own queue is not. */
#include <stdlib.h>

#include "redir/transports/spice_private.h"

#define SEND_LIMIT   (1024 * 1024) /* outstanding bytes from which on send() says "full" */
#define GATHER_LIMIT (32 * 1024)   /* bytes of small packets that go out as one message */
#define SMALL        4096

struct SpiceStream {
    gatomicrefcount references; /* one is the owner's, each write has another */
    SpiceChannel *channel;      /* NULL once the stream is over */
    void (*writable)(gpointer user);
    gpointer user;
    gsize outstanding;
    GByteArray *gathered; /* of these the small packets of this turn of the main loop */
    gboolean fell;        /* these did, and writable() has not been called since */
    GSource *soon;        /* what is to be done from the main loop */
};

typedef struct {
    SpiceStream *stream;
    guint8 *data;
    gsize size;
} Write;

static void stream_unref(SpiceStream *stream)
{
    if (!g_atomic_ref_count_dec(&stream->references))
        return;
    g_source_unref(stream->soon);
    g_byte_array_unref(stream->gathered);
    g_free(stream);
}

/* "Written or dropped": the library knows no more. May be called from inside of it. */
static void on_written(GObject *channel, GAsyncResult *result, gpointer user)
{
    Write *write = user;
    SpiceStream *stream = write->stream;

    spice_port_channel_write_finish(SPICE_PORT_CHANNEL(channel), result, NULL);
    stream->outstanding -= write->size;
    stream->fell = TRUE;
    g_source_set_ready_time(stream->soon, 0);
    free(write->data);
    g_free(write);
    stream_unref(stream);
}

/* One message, which of size 0 would close the channel. */
static void send_message(SpiceStream *stream, guint8 *data, gsize size)
{
    Write *write = g_new(Write, 1);

    *write = (Write){stream, data, size};
    g_atomic_ref_count_inc(&stream->references);
    spice_port_channel_write_async(SPICE_PORT_CHANNEL(stream->channel), data, size, NULL,
                                   on_written, write);
}

static void send_gathered(SpiceStream *stream)
{
    GByteArray *gathered = stream->gathered;
    gsize size = gathered->len;

    if (size == 0)
        return;
    stream->gathered = g_byte_array_sized_new(GATHER_LIMIT + SMALL);
    send_message(stream, g_byte_array_free(gathered, FALSE), size);
}

/* The server queues 128 messages, of whatever size: thousands of small packets a second go
   together. */
gboolean spice_stream_send(SpiceStream *stream, guint8 *data, gsize size)
{
    if (stream->outstanding >= SEND_LIMIT)
        return FALSE;
    stream->outstanding += size;
    if (size >= SMALL) {
        send_gathered(stream);
        send_message(stream, data, size);
        return TRUE;
    }
    g_byte_array_append(stream->gathered, data, size);
    free(data);
    if (stream->gathered->len >= GATHER_LIMIT)
        send_gathered(stream);
    g_source_set_ready_time(stream->soon, 0);
    return TRUE;
}

gsize spice_stream_outstanding(const SpiceStream *stream)
{
    return stream->outstanding;
}

static gboolean dispatch_soon(GSource *source, GSourceFunc callback, gpointer user)
{
    g_source_set_ready_time(source, -1);
    return callback(user);
}

static GSourceFuncs soon_funcs = {.dispatch = dispatch_soon};

static gboolean on_soon(gpointer user)
{
    SpiceStream *stream = user;

    send_gathered(stream);
    if (stream->fell) {
        stream->fell = FALSE;
        stream->writable(stream->user); /* which may end the stream */
    }
    return G_SOURCE_CONTINUE;
}

SpiceStream *spice_stream_new(SpiceChannel *channel, void (*writable)(gpointer user), gpointer user)
{
    SpiceStream *stream = g_new0(SpiceStream, 1);

    g_atomic_ref_count_init(&stream->references);
    stream->channel = channel;
    stream->writable = writable;
    stream->user = user;
    stream->gathered = g_byte_array_sized_new(GATHER_LIMIT + SMALL);
    stream->soon = g_source_new(&soon_funcs, sizeof(GSource));
    g_source_set_callback(stream->soon, on_soon, stream, NULL);
    g_source_attach(stream->soon, NULL);
    return stream;
}

void spice_stream_end(SpiceStream *stream)
{
    if (stream == NULL)
        return;
    stream->channel = NULL;
    g_source_destroy(stream->soon);
    stream_unref(stream);
}
