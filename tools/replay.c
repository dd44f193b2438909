/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir replay: a recorded session as a device in a VM. */
#include "redir/error.h"
#include "redir/replay.h"
#include "tools/destination.h"
#include "tools/running.h"
#include "tools/status.h"
#include "tools/tools.h"

struct replay {
    struct running running;
    const char *path, *address;
    RedirGadget *gadget;
    RedirHost *host;
    char *link;
    gboolean failed;
};

static void on_failed(gpointer user, const GError *error)
{
    struct replay *replay = user;
    g_warning("%s: %s", replay->path, error->message);
    replay->failed = TRUE;
    redir_host_stop(replay->host);
}

static void on_link(gpointer user, RedirHostState state, const GError *error)
{
    struct replay *replay = user;
    g_free(replay->link);
    replay->link = status_link(state, replay->address);
    if (state == REDIR_HOST_STOPPED)
        running_ended(&replay->running, error);
}

static void replay_start(void *user)
{
    struct replay *replay = user;
    g_autoptr(GError) error = NULL;
    if (!redir_host_start(replay->host, &error))
        running_ended(&replay->running, error);
}

static void replay_stop(void *user)
{
    redir_host_stop(((struct replay *)user)->host);
}

static char *replay_status(void *user)
{
    return g_strdup(((struct replay *)user)->link);
}

static enum vcam_speed speed_of(const RedirRecordedDevice *device)
{
    if (device->device.speed == usb_redir_speed_super)
        return VCAM_SPEED_SUPER;
    return device->device.speed == usb_redir_speed_high ? VCAM_SPEED_HIGH : VCAM_SPEED_FULL;
}

static int open_host(struct replay *replay, const struct destination *destination,
                     const RedirRecordedDevice *device, GError **error)
{
    const RedirHostEvents events = {on_link, replay};
    RedirHostOptions host = {.noun = "device"};
    int status = destination_open(destination, speed_of(device), &host, error);
    if (status)
        return status;
    replay->address = host.address;
    replay->link = status_begin(&host);
    replay->host = redir_host_new(replay->gadget, &host, &events, error);
    return replay->host ? EXIT_DONE : EXIT_USAGE;
}

static int replay_device(const struct destination *destination, const char *path,
                         const RedirRecordedDevice *device, GError **error)
{
    struct replay replay = {
        .running = {.start = replay_start,
                    .stop = replay_stop,
                    .status = replay_status,
                    .user = &replay},
        .path = path,
        .gadget = redir_replay_new(device, on_failed, &replay),
    };
    int status = open_host(&replay, destination, device, error);
    if (status == EXIT_DONE)
        status = running_run(&replay.running, 1);
    redir_host_free(replay.host);
    redir_replay_free(replay.gadget);
    g_free(replay.link);
    return replay.failed ? EXIT_CAMERA : status;
}

static int replay_file(const struct destination *destination, const char *path, GError **error)
{
    g_autoptr(RedirRecordedDevice) device = redir_recorded_device_open(path, error);
    if (!device) {
        g_prefix_error(error, "%s: ", path);
        return EXIT_CAMERA;
    }
    return replay_device(destination, path, device, error);
}

static int checked(const struct destination *destination, int n_operands, char **operands)
{
    g_autoptr(GError) error = NULL;
    int status = EXIT_USAGE;
    if (n_operands == 0)
        g_set_error_literal(&error, REDIR_ERROR, REDIR_ERROR_ADDRESS,
                            "say which file: 'camredir record' makes one");
    else if (destination_check(destination, &error))
        status = replay_file(destination, operands[0], &error);
    if (error)
        g_printerr("camredir: %s\n", error->message);
    return status;
}

int replay_run(int argc, char **argv)
{
    struct destination destination = {0};
    const GOptionEntry none[] = {{0}};
    g_autofree GOptionEntry *all = destination_entries(&destination, none);
    int status = EXIT_USAGE;
    if (options_parse("FILE --to|--as ADDRESS|--qmp PATH|--libvirt DOMAIN\n"
                      "Put a recorded device into a VM.",
                      "FILE is of 'camredir record'. The guest finds the device that was recorded: "
                      "it answers as it\ndid then, and streams what it streamed, over and over.",
                      all, &argc, &argv, 1))
        status = checked(&destination, argc - 1, argv + 1);
    destination_clear(&destination);
    return status;
}
