/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir share: the command around a sharing: options, signals, the status line, and in the end
   an exit status. */
#include <glib-unix.h>
#include <signal.h>

#include "redir/error.h"
#include "redir/transports/socket.h"
#include "tools/preset.h"
#include "tools/profile.h"
#include "tools/sharing.h"
#include "tools/spice_address.h"
#include "tools/spice_share.h"
#include "tools/tools.h"

#define STATUS_PERIOD_MS 500

struct share_options {
    char *to, *as, *speed, *transfer, *formats, *sizes, *rates, *name, *serial, *trace, *preset;
    gboolean no_retry;
    struct spice_options spice;
};

struct share {
    struct sharing *sharing;
    GMainLoop *main;
    int exit_status;
};

/* ---- While it runs ---- */

static void on_link(void *user, RedirHostState state, const GError *error)
{
    struct share *share = user;
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
    sharing_stop(share->sharing);
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
    g_autofree char *line = sharing_status(share->sharing);
    log_set_status(line);
    return G_SOURCE_CONTINUE;
}

static void run(struct share *share)
{
    g_autoptr(GError) error = NULL;
    share->main = g_main_loop_new(NULL, FALSE);
    guint ids[] = {g_unix_signal_add(SIGINT, on_signal, share),
                   g_unix_signal_add(SIGTERM, on_signal, share),
                   hangup_is_ignored() ? 0 : g_unix_signal_add(SIGHUP, on_signal, share),
                   log_has_status() ? g_timeout_add(STATUS_PERIOD_MS, show_status, share) : 0};
    if (sharing_start(share->sharing, &error)) {
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
}

/* ---- Setting up; each returns an exit status and sets the error where that is not EXIT_DONE ----
 */

static int open_camera(const struct share_options *options, const char *spec, const char *address,
                       struct sharing_options *result, GError **error)
{
    const struct sharing_camera camera = {
        .spec = spec,
        .speed = options->speed,
        .transfer = options->transfer,
        .formats = options->formats,
        .sizes = options->sizes,
        .rates = options->rates,
        .name = options->name,
        .serial = options->serial,
        .address = address,
    };
    return sharing_open_camera(&camera, &result->source, &result->profile, error)
               ? EXIT_DONE
               : camera_exit_status(*error);
}

static int open_preset(const struct share_options *options, const char *spec,
                       struct sharing_options *result, GError **error)
{
    struct profile_wish wish = {0};
    if (!profile_wish_parse(&wish, options->speed, NULL, error))
        return EXIT_USAGE;
    return preset_open(options->preset, spec, options->speed ? &wish.speed : NULL, &result->source,
                       &result->profile, error);
}

static int open_transport(const struct share_options *options, RedirHostOptions *host,
                          GError **error)
{
    if (!spice_address_is(host->address))
        return EXIT_DONE;
    host->transport = spice_share_open(host->address, &options->spice, error);
    if (host->transport)
        return EXIT_DONE;
    return g_error_matches(*error, REDIR_ERROR, REDIR_ERROR_ADDRESS) ? EXIT_USAGE : EXIT_ADDRESS;
}

static int open_sharing(struct share *share, const struct share_options *options, const char *spec,
                        GError **error)
{
    const struct sharing_events events = {.link = on_link, .user = share};
    struct sharing_options sharing = {
        .trace = options->trace,
        .host = {.address = options->to ? options->to : options->as,
                 .role = options->to ? REDIR_CONNECT : REDIR_LISTEN,
                 .transport_new = redir_socket_transport_new,
                 .retry = !options->no_retry},
    };
    int status = options->preset
                     ? open_preset(options, spec, &sharing, error)
                     : open_camera(options, spec, sharing.host.address, &sharing, error);
    if (status)
        return status;
    status = open_transport(options, &sharing.host, error);
    if (status) {
        vcam_source_free(sharing.source);
        vcam_profile_free(sharing.profile);
        return status;
    }
    share->sharing = sharing_new(&sharing, &events, error);
    if (share->sharing)
        return EXIT_DONE;
    return (*error)->domain == G_FILE_ERROR ? EXIT_BROKEN : EXIT_USAGE;
}

static int share_camera(const struct share_options *options, const char *spec)
{
    g_autoptr(GError) error = NULL;
    struct share share = {.exit_status = EXIT_DONE};
    int status = open_sharing(&share, options, spec, &error);
    if (status) {
        g_warning("%s", error->message);
        return status;
    }
    run(&share);
    if (!sharing_free(share.sharing) && share.exit_status == EXIT_DONE)
        share.exit_status = EXIT_BROKEN;
    return share.exit_status;
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

/* What can be said before anything is opened. */
static gboolean check(const struct share_options *options)
{
    if (!options->to == !options->as) {
        g_printerr("camredir: share needs one of --to ADDRESS (QEMU listens there) and --as "
                   "ADDRESS (QEMU connects there)\n");
        return FALSE;
    }
    if (options->preset && (options->transfer || options->formats || options->sizes ||
                            options->rates || options->name || options->serial)) {
        g_printerr("camredir: a preset says by itself what --transfer, --format, --size, --fps, "
                   "--name and --serial would: leave them out\n");
        return FALSE;
    }
    if (options->as && spice_address_is(options->as)) {
        g_printerr("camredir: a SPICE server never connects to us: --to %s\n", options->as);
        return FALSE;
    }
    return TRUE;
}

int share_run(int argc, char **argv)
{
    struct share_options o = {0};
    /* A USB string's text is UTF-8 whatever the locale: as it comes, like a file's name. */
    const GOptionEntry entries[] = {
        {"to", 't', 0, G_OPTION_ARG_STRING, &o.to, "Connect to QEMU there", "ADDRESS"},
        {"as", 'a', 0, G_OPTION_ARG_STRING, &o.as, "Wait there for QEMU to connect", "ADDRESS"},
        {"speed", 0, 0, G_OPTION_ARG_STRING, &o.speed, "USB speed: full, high (default), super",
         "SPEED"},
        {"transfer", 0, 0, G_OPTION_ARG_STRING, &o.transfer, "bulk (default) or iso", "TYPE"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &o.formats, "Offer only these: YUY2,MJPEG", "LIST"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &o.sizes, "Offer only these: 640x480,1280x720", "LIST"},
        {"fps", 0, 0, G_OPTION_ARG_STRING, &o.rates, "Offer only these: 15,30", "LIST"},
        {"name", 0, 0, G_OPTION_ARG_FILENAME, &o.name, "The camera's name in the guest", "TEXT"},
        {"serial", 0, 0, G_OPTION_ARG_FILENAME, &o.serial, "Its serial number in the guest",
         "TEXT"},
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
                      entries, &argc, &argv, 1) &&
        check(&o))
        status = share_camera(&o, argc > 1 ? argv[1] : NULL);
    options_clear(&o);
    return status;
}
