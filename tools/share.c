/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir share: the command around a sharing: options, signals, the status line, and in the end
   an exit status. */
#include <glib-unix.h>
#include <signal.h>

#include "tools/destination.h"
#include "tools/preset.h"
#include "tools/profile.h"
#include "tools/sharing.h"
#include "tools/tools.h"

#define STATUS_PERIOD_MS 500

struct share_options {
    char *speed, *transfer, *formats, *sizes, *rates, *name, *serial, *trace, *preset;
    struct destination destination;
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

/* Cameras of one name in one VM shall have different serial numbers: the port is not known yet. */
static char *identity(const struct share_options *options, const char *spec)
{
    const char *address = destination_address(&options->destination);
    return options->destination.qmp ? g_strjoin("\n", address, spec, NULL) : g_strdup(address);
}

static int open_camera(const struct share_options *options, const char *spec,
                       struct sharing_options *result, GError **error)
{
    g_autofree char *address = identity(options, spec);
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

static int open_sharing(struct share *share, const struct share_options *options, const char *spec,
                        GError **error)
{
    const struct sharing_events events = {.link = on_link, .user = share};
    struct sharing_options sharing = {.trace = options->trace};
    int status = options->preset ? open_preset(options, spec, &sharing, error)
                                 : open_camera(options, spec, &sharing, error);
    if (status)
        return status;
    status = destination_open(&options->destination, vcam_profile_options(sharing.profile)->speed,
                              &sharing.host, error);
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
    char **strings[] = {&options->speed,  &options->transfer, &options->formats,
                        &options->sizes,  &options->rates,    &options->name,
                        &options->serial, &options->trace,    &options->preset};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        g_free(*strings[i]);
    destination_clear(&options->destination);
}

static gboolean check_file(const char *option, const char *path)
{
    if (path && !*path)
        g_printerr("camredir: %s: the file's name is empty\n", option);
    return !path || *path;
}

/* What can be said before anything is opened. */
static gboolean check(const struct share_options *options)
{
    g_autoptr(GError) error = NULL;
    if (!destination_check(&options->destination, &error)) {
        g_printerr("camredir: %s\n", error->message);
        return FALSE;
    }
    if (options->preset && (options->transfer || options->formats || options->sizes ||
                            options->rates || options->name || options->serial)) {
        g_printerr("camredir: a preset says by itself what --transfer, --format, --size, --fps, "
                   "--name and --serial would: leave them out\n");
        return FALSE;
    }
    return check_file("--preset", options->preset) && check_file("--trace", options->trace);
}

int share_run(int argc, char **argv)
{
    struct share_options o = {0};
    /* A USB string's text is UTF-8 whatever the locale: as it comes, like a file's name. */
    const GOptionEntry entries[] = {
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
        {0},
    };
    g_autofree GOptionEntry *all = destination_entries(&o.destination, entries);
    int status = EXIT_USAGE;
    if (options_parse("[CAMERA] --to|--as ADDRESS|--qmp PATH - put a camera into a virtual machine",
                      "CAMERA is /dev/videoN, a part of a name that 'camredir list' shows, "
                      "file:PATH (JPEG, PNG,\nMJPEG stream) or pattern; without it, the first "
                      "camera. ADDRESS is unix:PATH or tcp:HOST:PORT; after --to also "
                      "spice://HOST:PORT,\nspice://HOST?tls-port=N, spice+unix://PATH or a "
                      "virt-viewer file FILE.vv.",
                      all, &argc, &argv, 1) &&
        check(&o))
        status = share_camera(&o, argc > 1 ? argv[1] : NULL);
    options_clear(&o);
    return status;
}
