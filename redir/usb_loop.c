/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GSource for libusb's file descriptors, and isochronous transfers without a time limit. */
#include "redir/usb_loop.h"

#include <dlfcn.h>
#include <sys/time.h>

#include "redir/error.h"

/* Stands before libusb's own, for libusbredirhost too, which gives each isochronous transfer one
   second. The bus paces them: none is ever late, unless this machine stood still, or is a VM whose
   QEMU gets too little of the processor to play the bus (it has 480 packets of a stream before it).
   Then libusb takes back all that are under way before it asks which of them are done. QEMU's xHCI
   waits up to two seconds at what was taken back, so within another second all that was asked for
   since is taken back as well, and so on without end. */
__attribute__((visibility("default"))) int libusb_submit_transfer(struct libusb_transfer *transfer)
{
    static int (*submit)(struct libusb_transfer * transfer);

    if (submit == NULL)
        *(void **)&submit = dlsym(RTLD_NEXT, "libusb_submit_transfer");
    if (transfer->type == LIBUSB_TRANSFER_TYPE_ISOCHRONOUS)
        transfer->timeout = 0;
    return submit(transfer);
}

struct RedirUsbLoop {
    libusb_context *context;
    GSource *source;
    GHashTable *tags; /* file descriptor: g_source_add_unix_fd()'s tag */
    void (*handled)(gpointer user);
    gpointer user;
};

static void on_added(int fd, short events, void *user)
{
    RedirUsbLoop *loop = user;

    g_hash_table_insert(loop->tags, GINT_TO_POINTER(fd),
                        g_source_add_unix_fd(loop->source, fd, (GIOCondition)events));
}

static void on_removed(int fd, void *user)
{
    RedirUsbLoop *loop = user;
    gpointer tag = g_hash_table_lookup(loop->tags, GINT_TO_POINTER(fd));

    if (tag == NULL)
        return;
    g_source_remove_unix_fd(loop->source, tag);
    g_hash_table_remove(loop->tags, GINT_TO_POINTER(fd));
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    (void)source;
    return callback(user);
}

static gboolean on_events(gpointer user)
{
    RedirUsbLoop *loop = user;
    struct timeval now = {0};

    libusb_handle_events_timeout_completed(loop->context, &now, NULL);
    loop->handled(loop->user);
    return G_SOURCE_CONTINUE;
}

/* libusb would write to standard error itself. */
static void on_log(libusb_context *context, enum libusb_log_level level, const char *text)
{
    (void)context, (void)level;
    g_debug("%s", text);
}

static void add_all(RedirUsbLoop *loop)
{
    const struct libusb_pollfd **fds = libusb_get_pollfds(loop->context);

    for (guint i = 0; fds != NULL && fds[i] != NULL; i++)
        on_added(fds[i]->fd, fds[i]->events, loop);
    libusb_free_pollfds(fds);
    libusb_set_pollfd_notifiers(loop->context, on_added, on_removed, loop);
}

RedirUsbLoop *redir_usb_loop_new(void (*handled)(gpointer user), gpointer user, GError **error)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    libusb_context *context;

    libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
    int result = libusb_init(&context);
    if (result != 0) {
        g_set_error(error, REDIR_ERROR, REDIR_ERROR_FAILED, "libusb does not start: %s",
                    libusb_strerror(result));
        return NULL;
    }
    libusb_set_log_cb(NULL, on_log, LIBUSB_LOG_CB_GLOBAL);
    RedirUsbLoop *loop = g_new0(RedirUsbLoop, 1);
    loop->context = context;
    loop->handled = handled;
    loop->user = user;
    loop->tags = g_hash_table_new(NULL, NULL);
    loop->source = g_source_new(&functions, sizeof *loop->source);
    g_source_set_callback(loop->source, on_events, loop, NULL);
    g_source_set_name(loop->source, "libusb");
    add_all(loop);
    g_source_attach(loop->source, NULL);
    return loop;
}

libusb_context *redir_usb_loop_context(const RedirUsbLoop *loop)
{
    return loop->context;
}

void redir_usb_loop_free(RedirUsbLoop *loop)
{
    if (loop == NULL)
        return;
    libusb_set_pollfd_notifiers(loop->context, NULL, NULL, NULL);
    g_source_destroy(loop->source);
    g_source_unref(loop->source);
    libusb_exit(loop->context);
    g_hash_table_unref(loop->tags);
    g_free(loop);
}
