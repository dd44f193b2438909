/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GSource that waits for the source's descriptor and for the time that it asked to be called at.
 */
#include "tools/source_loop.h"

#include <glib-unix.h>

struct source_loop {
    GSource base;
    struct vcam_source *source;
    int fd;
    short events;
    gpointer tag;
};

static void follow_descriptor(struct source_loop *loop)
{
    short events = 0;
    int fd = vcam_source_get_fd(loop->source, &events);
    if (fd == loop->fd && events == loop->events)
        return;
    if (loop->tag)
        g_source_remove_unix_fd(&loop->base, loop->tag);
    loop->tag = fd >= 0 ? g_source_add_unix_fd(&loop->base, fd, (GIOCondition)events) : NULL;
    loop->fd = fd;
    loop->events = events;
}

static gboolean dispatch(GSource *base, GSourceFunc callback, gpointer user)
{
    struct source_loop *loop = (struct source_loop *)base;
    (void)callback;
    (void)user;
    int64_t next_us = vcam_source_dispatch(loop->source, g_get_monotonic_time());
    g_source_set_ready_time(base, next_us == VCAM_NEVER ? -1 : next_us);
    follow_descriptor(loop);
    return G_SOURCE_CONTINUE;
}

struct source_loop *source_loop_new(struct vcam_source *source)
{
    static GSourceFuncs funcs = {.dispatch = dispatch};
    struct source_loop *loop = (struct source_loop *)g_source_new(&funcs, sizeof(*loop));
    loop->source = source;
    loop->fd = -1;
    g_source_set_name(&loop->base, source->ops->name);
    g_source_set_ready_time(&loop->base, -1);
    g_source_attach(&loop->base, NULL);
    return loop;
}

void source_loop_wake(struct source_loop *loop)
{
    /* The descriptor first: one that was closed must not be polled again. */
    follow_descriptor(loop);
    g_source_set_ready_time(&loop->base, 0);
}

void source_loop_free(struct source_loop *loop)
{
    if (!loop)
        return;
    g_source_destroy(&loop->base);
    g_source_unref(&loop->base);
}
