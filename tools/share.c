/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir share: the command around a sharing: options, signals, the status line, and in the end
   an exit status. */
#include "redir/recording.h"
#include "tools/destination.h"
#include "tools/preset.h"
#include "tools/profile.h"
#include "tools/running.h"
#include "tools/sharing.h"
#include "tools/tools.h"

struct share_options {
    char *speed, *transfer, *formats, *sizes, *rates, *name, *serial, *trace, *preset, *record;
    struct destination destination;
};

struct share {
    struct sharing *cameras[MAX_CAMERAS];
    guint n_cameras;
    RedirHostOptions first;  /* how the first camera goes */
    RedirRecorder *recorder; /* NULL: no recording */
    struct running running;
};

static void share_start(void *user)
{
    struct share *share = user;
    for (guint i = 0; i < share->n_cameras; i++) {
        g_autoptr(GError) error = NULL;
        if (!sharing_start(share->cameras[i], &error))
            running_ended(&share->running, error);
    }
}

static void share_stop(void *user)
{
    struct share *share = user;
    for (guint i = 0; i < share->n_cameras; i++)
        sharing_stop(share->cameras[i]);
}

static char *share_status(void *user)
{
    struct share *share = user;
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < share->n_cameras; i++) {
        g_autofree char *text = sharing_status(share->cameras[i]);
        g_string_append_printf(line, "%s%s", i ? " | " : "", text);
    }
    return g_string_free(g_steal_pointer(&line), FALSE);
}

static void on_link(void *user, RedirHostState state, const GError *error)
{
    struct share *share = user;
    if (state == REDIR_HOST_STOPPED)
        running_ended(&share->running, error);
}

static void on_opened(gpointer user)
{
    redir_recorder_begin(((struct share *)user)->recorder, g_get_monotonic_time());
}

static void on_packet(gpointer user, RedirDirection direction, const guint8 *bytes, gsize size,
                      const RedirPacketView *packet)
{
    (void)packet;
    redir_recorder_packet(((struct share *)user)->recorder, direction, bytes, size,
                          g_get_monotonic_time());
}

/* ---- Setting up; each returns an exit status and sets the error where that is not EXIT_DONE ----
 */

/* Cameras of one name in one VM shall have different serial numbers: the port is not known yet. */
static char *identity(const struct share_options *options, const char *spec, guint number)
{
    const char *address = destination_address(&options->destination);
    if (number > 0)
        return g_strdup_printf("%s\n%u", address, number);
    return destination_is_plugged(&options->destination) ? g_strjoin("\n", address, spec, NULL)
                                                         : g_strdup(address);
}

static int open_camera(const struct share_options *options, const char *spec, guint number,
                       struct sharing_options *result, GError **error)
{
    g_autofree char *address = identity(options, spec, number);
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
    return sharing_open_camera(&camera, &result->source, &result->forms, error)
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
                       &result->forms.bulk, error);
}

static int open_destination(struct share *share, const struct share_options *options,
                            struct sharing_options *result, GError **error)
{
    enum vcam_speed speed = vcam_profile_options(result->forms.bulk)->speed;
    if (share->n_cameras > 0)
        return destination_open_beside(&options->destination, &share->first, share->n_cameras,
                                       speed, &result->host, error);
    int status = destination_open(&options->destination, speed, &result->host, error);
    share->first = result->host;
    if (status || !share->recorder)
        return status;
    const RedirTapEvents events = {on_opened, on_packet, share};
    return destination_tap(&result->host, &events, error) ? EXIT_DONE : EXIT_USAGE;
}

static int open_sharing(struct share *share, const struct share_options *options, const char *spec,
                        GError **error)
{
    guint number = share->n_cameras;
    const struct sharing_events events = {.link = on_link, .user = share};
    g_autofree char *next_trace =
        options->trace && number ? g_strdup_printf("%s.%u", options->trace, number) : NULL;
    struct sharing_options sharing = {.trace = next_trace ? next_trace : options->trace};
    int status = options->preset ? open_preset(options, spec, &sharing, error)
                                 : open_camera(options, spec, number, &sharing, error);
    if (status)
        return status;
    status = open_destination(share, options, &sharing, error);
    if (status) {
        vcam_source_free(sharing.source);
        sharing_forms_clear(&sharing.forms);
        return status;
    }
    share->cameras[number] = sharing_new(&sharing, &events, error);
    if (!share->cameras[number])
        return (*error)->domain == G_FILE_ERROR ? EXIT_BROKEN : EXIT_USAGE;
    share->n_cameras++;
    return EXIT_DONE;
}

/* specs: of n cameras; NULL: the first of the machine. */
static int share_cameras(const struct share_options *options, char **specs, guint n)
{
    g_autoptr(GError) error = NULL;
    struct share share = {
        .running = {
            .start = share_start, .stop = share_stop, .status = share_status, .user = &share}};
    int status = EXIT_DONE;
    if (options->record && !(share.recorder = redir_recorder_new(options->record, &error)))
        status = EXIT_BROKEN;
    for (guint i = 0; i < n && status == EXIT_DONE; i++)
        status = open_sharing(&share, options, specs[i], &error);
    if (error)
        g_warning("%s", error->message);
    else
        status = running_run(&share.running, share.n_cameras);
    for (guint i = 0; i < share.n_cameras; i++)
        if (!sharing_free(share.cameras[i]) && status == EXIT_DONE)
            status = EXIT_BROKEN;
    if (!redir_recorder_free(share.recorder) && status == EXIT_DONE)
        status = EXIT_BROKEN;
    return status;
}

static void options_clear(struct share_options *options)
{
    char **strings[] = {&options->speed,  &options->transfer, &options->formats, &options->sizes,
                        &options->rates,  &options->name,     &options->serial,  &options->trace,
                        &options->preset, &options->record};
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

static gboolean check_several(const struct share_options *options)
{
    if (!destination_carries_several(&options->destination)) {
        g_printerr("camredir: several cameras go together only by SPICE, --qmp and --libvirt; "
                   "elsewhere run camredir once for each\n");
        return FALSE;
    }
    if (options->preset || options->name || options->serial || options->record) {
        g_printerr("camredir: --preset, --name, --serial and --record are for one camera alone\n");
        return FALSE;
    }
    return TRUE;
}

/* What can be said before anything is opened. */
static gboolean check(const struct share_options *options, guint n_cameras)
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
    return (n_cameras < 2 || check_several(options)) && check_file("--preset", options->preset) &&
           check_file("--trace", options->trace) && check_file("--record", options->record);
}

int share_run(int argc, char **argv)
{
    struct share_options o = {0};
    /* A USB string's text is UTF-8 whatever the locale: as it comes, like a file's name. */
    const GOptionEntry entries[] = {
        {"speed", 0, 0, G_OPTION_ARG_STRING, &o.speed, "USB speed: full, high (default), super",
         "SPEED"},
        {"transfer", 0, 0, G_OPTION_ARG_STRING, &o.transfer, "auto (default), bulk, buffered, iso",
         "TYPE"},
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
        {"record", 0, 0, G_OPTION_ARG_FILENAME, &o.record,
         "Write all that is said to the VM and by it, for 'camredir replay'", "FILE"},
        {0},
    };
    g_autofree GOptionEntry *all = destination_entries(&o.destination, entries);
    int status = EXIT_USAGE;
    if (options_parse(
            "[CAMERA...] --to|--as ADDRESS|--qmp PATH|--libvirt DOMAIN\n"
            "Put a camera into a virtual machine.",
            "CAMERA is /dev/videoN, a part of a name that 'camredir list' shows, file:PATH (JPEG, "
            "PNG,\nMJPEG stream) or pattern; without it, the first camera. ADDRESS is unix:PATH or "
            "tcp:HOST:PORT;\nafter --to also spice://HOST:PORT, spice://HOST?tls-port=N, "
            "spice+unix://PATH or a virt-viewer\nfile FILE.vv: there several cameras go together.",
            all, &argc, &argv, MAX_CAMERAS) &&
        check(&o, argc - 1))
        status = share_cameras(&o, argv + 1, MAX(argc - 1, 1));
    options_clear(&o);
    return status;
}
