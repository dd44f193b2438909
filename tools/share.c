/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir share: a source, a virtual camera made of what it offers, and a host that plugs it in.
 */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "redir/error.h"
#include "redir/host.h"
#include "redir/transports/socket.h"
#include "tools/preset.h"
#include "tools/profile.h"
#include "tools/source_loop.h"
#include "tools/spice_address.h"
#include "tools/spice_share.h"
#include "tools/status.h"
#include "tools/tools.h"
#include "tools/trace.h"
#include "vcam/log.h"
#include "vcam/sources/sources.h"

#define STATUS_PERIOD_MS 500

struct share_options {
    char *to, *as, *speed, *transfer, *formats, *sizes, *rates, *name, *serial, *trace, *preset;
    gboolean no_retry;
    struct spice_options spice;
};

struct share {
    struct vcam_source *source;
    struct source_loop *loop;
    struct vcam_device *device;
    struct trace *trace;
    struct status status;
    RedirHost *host;
    const char *address;
    char *link; /* how the connection is, for people */
    GMainLoop *main;
    int exit_status;
};

/* ---- The camera's side ---- */

/* What the source makes of a mode: a preset may ask for rates that it does not have. */
static gboolean source_mode(const struct vcam_source *source, const struct vcam_mode *mode,
                            struct vcam_mode *ret_mode)
{
    const struct vcam_size_offer *size =
        vcam_offer_find(&source->offer, mode->fourcc, mode->wWidth, mode->wHeight);
    if (!size)
        return FALSE;
    *ret_mode = *mode;
    ret_mode->dwFrameInterval = vcam_nearest_interval(size, mode->dwFrameInterval);
    return TRUE;
}

static void stream_start(void *user, const struct vcam_mode *mode)
{
    struct share *share = user;
    struct vcam_mode own;
    g_autofree char *text = status_mode(mode);
    if (!source_mode(share->source, mode, &own)) {
        g_warning("the guest streams %s, which %s cannot make: it gets no picture", text,
                  share->source->name);
        return;
    }
    g_message("camera on: the guest streams %s", text);
    int error = vcam_source_start(share->source, &own, g_get_monotonic_time());
    if (error)
        g_warning("%s does not start: %s", share->source->name, g_strerror(-error));
    source_loop_wake(share->loop);
}

static void stream_stop(void *user)
{
    struct share *share = user;
    vcam_source_stop(share->source);
    source_loop_wake(share->loop);
    g_message("camera off");
}

static int control_get(void *user, enum vcam_control_id id, int32_t *ret_value)
{
    struct share *share = user;
    return vcam_source_control_get(share->source, id, ret_value);
}

static int control_set(void *user, enum vcam_control_id id, int32_t value)
{
    struct share *share = user;
    return vcam_source_control_set(share->source, id, value);
}

static void frame_event(void *user, const struct vcam_frame *frame, enum vcam_frame_event event,
                        int64_t now_us)
{
    struct share *share = user;
    if (share->trace)
        trace_frame(share->trace, frame, event, now_us);
}

static void source_frame(void *user, struct vcam_frame *frame)
{
    struct share *share = user;
    vcam_device_push_frame(share->device, frame, g_get_monotonic_time());
}

static void source_event(void *user, enum vcam_source_event event, int detail)
{
    struct share *share = user;
    switch (event) {
    case VCAM_SOURCE_GONE:
        if (detail == -EBUSY)
            g_warning("%s is used by another program: close it, the picture follows by itself",
                      share->source->name);
        else
            g_warning("%s is gone (%s): plug it in again, the picture follows by itself",
                      share->source->name, g_strerror(detail < 0 ? -detail : detail));
        break;
    case VCAM_SOURCE_BACK:
        g_message("%s is back", share->source->name);
        break;
    case VCAM_SOURCE_CONTROLS:
        vcam_device_control_changed(share->device, detail);
        break;
    }
}

static void log_line(void *user, const char *line)
{
    (void)user;
    g_warning("%s", line);
}

/* ---- The connection's side ---- */

static const char *link_text(RedirHostState state)
{
    switch (state) {
    case REDIR_HOST_WAITING:
        return "waiting for the VM at";
    case REDIR_HOST_CONNECTING:
        return "connecting to";
    case REDIR_HOST_CONNECTED:
        return "connected to";
    case REDIR_HOST_ATTACHED:
        return "in the guest at";
    case REDIR_HOST_STOPPED:
        break;
    }
    return "left";
}

static void host_state(gpointer user, RedirHostState state, const GError *error)
{
    struct share *share = user;
    g_free(share->link);
    share->link = g_strdup_printf("%s %s", link_text(state), share->address);
    if (state != REDIR_HOST_STOPPED)
        return;
    if (error) {
        g_warning("%s", error->message);
        share->exit_status = EXIT_ADDRESS;
    }
    g_main_loop_quit(share->main);
}

static gboolean on_signal(gpointer user)
{
    struct share *share = user;
    redir_host_stop(share->host);
    return G_SOURCE_CONTINUE;
}

/* As nohup leaves it. */
static gboolean hangup_is_ignored(void)
{
    struct sigaction inherited;
    return sigaction(SIGHUP, NULL, &inherited) == 0 && inherited.sa_handler == SIG_IGN;
}

static gboolean show_status(gpointer user)
{
    struct share *share = user;
    struct vcam_device_state state;
    vcam_device_get_state(share->device, &state);
    g_autofree char *line = status_line(&share->status, share->source->name, share->link, &state,
                                        g_get_monotonic_time());
    log_set_status(line);
    return G_SOURCE_CONTINUE;
}

/* ---- Setting up ---- */

static struct vcam_profile *make_profile(struct share *share, const struct vcam_offer *offer,
                                         const struct profile_wish *wish)
{
    g_autoptr(GError) error = NULL;
    unsigned left_out = 0;
    struct vcam_profile *profile = camera_profile(share->source, offer, wish, &left_out, &error);
    if (!profile) {
        g_warning("%s", error->message);
        return NULL;
    }
    if (left_out)
        g_message("%u modes are not offered: too much for this link, or for one configuration",
                  left_out);
    return profile;
}

static int open_camera(struct share *share, const char *spec, const struct camera_limit *limit,
                       const struct profile_wish *wish, struct vcam_profile **ret_profile)
{
    g_autoptr(GError) error = NULL;
    struct vcam_offer offer;
    share->source = camera_open(spec, limit, &offer, &error);
    if (!share->source) {
        g_warning("%s", error->message);
        return EXIT_CAMERA;
    }
    *ret_profile = make_profile(share, &offer, wish);
    return *ret_profile ? EXIT_DONE : EXIT_CAMERA;
}

static int open_preset(struct share *share, const struct share_options *options, const char *spec,
                       const struct profile_wish *wish, struct vcam_profile **ret_profile)
{
    g_autoptr(GError) error = NULL;
    int status = preset_open(options->preset, spec, options->speed ? &wish->speed : NULL,
                             &share->source, ret_profile, &error);
    if (status)
        g_warning("%s", error->message);
    return status;
}

static int serve(struct share *share, const struct share_options *options)
{
    g_autoptr(GError) error = NULL;
    RedirHostOptions host_options = {
        .address = share->address,
        .role = options->to ? REDIR_CONNECT : REDIR_LISTEN,
        .transport_new = redir_socket_transport_new,
        .retry = !options->no_retry,
    };
    if (spice_address_is(share->address)) {
        host_options.transport = spice_share_open(share->address, &options->spice, &error);
        if (!host_options.transport) {
            g_warning("%s", error->message);
            return g_error_matches(error, REDIR_ERROR, REDIR_ERROR_ADDRESS) ? EXIT_USAGE
                                                                            : EXIT_ADDRESS;
        }
    }
    const RedirHostEvents events = {host_state, share};
    share->host = redir_host_new(share->device, &host_options, &events, &error);
    if (!share->host) {
        g_warning("%s", error->message);
        return EXIT_USAGE;
    }
    share->main = g_main_loop_new(NULL, FALSE);
    guint ids[] = {g_unix_signal_add(SIGINT, on_signal, share),
                   g_unix_signal_add(SIGTERM, on_signal, share),
                   hangup_is_ignored() ? 0 : g_unix_signal_add(SIGHUP, on_signal, share),
                   log_has_status() ? g_timeout_add(STATUS_PERIOD_MS, show_status, share) : 0};
    if (redir_host_start(share->host, &error)) {
        g_main_loop_run(share->main);
    } else {
        g_warning("%s", error->message);
        share->exit_status = EXIT_ADDRESS;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++)
        if (ids[i])
            g_source_remove(ids[i]);
    log_set_status(NULL);
    g_main_loop_unref(share->main);
    return share->exit_status;
}

static int share_camera(struct share *share, const struct share_options *options, const char *spec,
                        const struct camera_limit *limit, const struct profile_wish *wish)
{
    g_autoptr(GError) error = NULL;
    const struct vcam_device_ops ops = {stream_start, stream_stop, control_get,
                                        control_set,  frame_event, share};
    struct vcam_profile *profile = NULL;
    if (options->trace && !(share->trace = trace_open(options->trace, &error))) {
        g_warning("%s", error->message);
        return EXIT_BROKEN;
    }
    int status = options->preset ? open_preset(share, options, spec, wish, &profile)
                                 : open_camera(share, spec, limit, wish, &profile);
    if (status)
        return status;
    share->device = vcam_device_new(profile, &ops);
    const struct vcam_source_sink sink = {source_frame, source_event, share};
    vcam_source_set_sink(share->source, &sink);
    share->loop = source_loop_new(share->source);
    return serve(share, options);
}

static void share_clear(struct share *share)
{
    redir_host_free(share->host);
    vcam_device_free(share->device);
    source_loop_free(share->loop);
    vcam_source_free(share->source);
    trace_close(share->trace);
    g_free(share->link);
}

static void options_clear(struct share_options *options)
{
    char **strings[] = {&options->to,
                        &options->as,
                        &options->speed,
                        &options->transfer,
                        &options->formats,
                        &options->sizes,
                        &options->rates,
                        &options->name,
                        &options->serial,
                        &options->trace,
                        &options->preset,
                        &options->spice.way,
                        &options->spice.port_name,
                        &options->spice.ca_file,
                        &options->spice.host_subject,
                        &options->spice.password_file};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(*strings[i]);
}

static int checked(const struct share_options *options, const char *spec)
{
    g_autoptr(GError) error = NULL;
    struct profile_wish wish = {.name = options->name,
                                .serial = options->serial,
                                .address = options->to ? options->to : options->as};
    if (!profile_wish_parse(&wish, options->speed, options->transfer))
        return EXIT_USAGE;
    if (!options->to == !options->as) {
        g_printerr("camredir: share needs one of --to ADDRESS (QEMU listens there) and --as "
                   "ADDRESS (QEMU connects there)\n");
        return EXIT_USAGE;
    }
    if (options->preset && (options->transfer || options->formats || options->sizes ||
                            options->rates || options->name || options->serial)) {
        g_printerr("camredir: a preset says by itself what --transfer, --format, --size, --fps, "
                   "--name and --serial would: leave them out\n");
        return EXIT_USAGE;
    }
    if (options->as && spice_address_is(options->as)) {
        g_printerr("camredir: a SPICE server never connects to us: --to %s\n", options->as);
        return EXIT_USAGE;
    }
    struct camera_limit limit;
    camera_limit_init(&limit);
    int status = EXIT_USAGE;
    if (camera_limit_parse(&limit, options->formats, options->sizes, options->rates, &error)) {
        struct share share = {.address = wish.address, .link = g_strdup("starting")};
        vcam_log_set(log_line, NULL);
        status = share_camera(&share, options, spec, &limit, &wish);
        share_clear(&share);
    } else {
        g_printerr("camredir: %s\n", error->message);
    }
    camera_limit_clear(&limit);
    return status;
}

int share_run(int argc, char **argv)
{
    struct share_options o = {0};
    const GOptionEntry entries[] = {
        {"to", 't', 0, G_OPTION_ARG_STRING, &o.to, "Connect to QEMU there", "ADDRESS"},
        {"as", 'a', 0, G_OPTION_ARG_STRING, &o.as, "Wait there for QEMU to connect", "ADDRESS"},
        {"speed", 0, 0, G_OPTION_ARG_STRING, &o.speed, "USB speed: full, high (default), super",
         "SPEED"},
        {"transfer", 0, 0, G_OPTION_ARG_STRING, &o.transfer, "bulk (default) or iso", "TYPE"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &o.formats, "Offer only these: YUY2,MJPEG", "LIST"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &o.sizes, "Offer only these: 640x480,1280x720", "LIST"},
        {"fps", 0, 0, G_OPTION_ARG_STRING, &o.rates, "Offer only these: 15,30", "LIST"},
        {"name", 0, 0, G_OPTION_ARG_STRING, &o.name, "The camera's name in the guest", "TEXT"},
        {"serial", 0, 0, G_OPTION_ARG_STRING, &o.serial, "Its serial number in the guest", "TEXT"},
        {"preset", 0, 0, G_OPTION_ARG_FILENAME, &o.preset,
         "Present the descriptors of that file (JSON or bytes)", "FILE"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME, &o.trace, "Write a JSON line for each frame event",
         "FILE"},
        {"way", 0, 0, G_OPTION_ARG_STRING, &o.spice.way,
         "SPICE: by port, usbredir, or auto (the port where there is one)", "WAY"},
        {"port-name", 0, 0, G_OPTION_ARG_STRING, &o.spice.port_name,
         "SPICE: the port (" REDIR_SPICE_PORT_NAME ")", "NAME"},
        {"ca-file", 0, 0, G_OPTION_ARG_FILENAME, &o.spice.ca_file,
         "SPICE: the CA that signed the server's certificate (PEM)", "FILE"},
        {"host-subject", 0, 0, G_OPTION_ARG_STRING, &o.spice.host_subject,
         "SPICE: the subject of the server's certificate, where it is not its host's name",
         "SUBJECT"},
        {"password-file", 0, 0, G_OPTION_ARG_FILENAME, &o.spice.password_file,
         "SPICE: read the password there (or set " SPICE_PASSWORD_VARIABLE ")", "FILE"},
        {"ask-password", 0, 0, G_OPTION_ARG_NONE, &o.spice.ask_password,
         "SPICE: ask for the password", NULL},
        {"no-retry", 0, 0, G_OPTION_ARG_NONE, &o.no_retry,
         "End when the connection cannot be made or is lost", NULL},
        {0},
    };
    int status = EXIT_USAGE;
    if (options_parse("[CAMERA] --to|--as ADDRESS - put a camera into a virtual machine",
                      "CAMERA is /dev/videoN, a part of a name that 'camredir list' shows, "
                      "file:PATH (JPEG, PNG,\nMJPEG stream) or pattern; without it, the first "
                      "camera. ADDRESS is unix:PATH or tcp:HOST:PORT; after --to also "
                      "spice://HOST:PORT,\nspice://HOST?tls-port=N, spice+unix://PATH or a "
                      "virt-viewer file FILE.vv.",
                      entries, &argc, &argv, 1))
        status = checked(&o, argc > 1 ? argv[1] : NULL);
    options_clear(&o);
    return status;
}
