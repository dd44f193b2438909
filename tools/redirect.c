/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir redirect: a USB device of this machine in a VM, as it is; camredir record, the same with
   a file that tells it all. */
#include <stdio.h>

#include "redir/error.h"
#include "redir/recording.h"
#include "redir/relay.h"
#include "redir/traffic.h"
#include "tools/destination.h"
#include "tools/running.h"
#include "tools/status.h"
#include "tools/tools.h"

struct redirect_options {
    char *filter, *udev_rule;
    struct destination destination;
};

struct redirect {
    struct running running;
    RedirGadget *relay;
    RedirHost *host;
    const char *address;
    RedirTraffic traffic;
    RedirRecorder *recorder; /* NULL: no recording */
    char *device;            /* for people: which one we hold, or NULL */
    char *why;               /* for people: why we last waited for it, or NULL */
    char *link;
    RedirTrafficSample sample;
};

/* ---- What is said meanwhile ---- */

/* Each reason once, however often the VM comes and goes. */
static void say_waiting(struct redirect *redirect, const char *why)
{
    if (g_strcmp0(why, redirect->why) == 0)
        return;
    g_message("%s; waiting for it", why);
    g_free(redirect->why);
    redirect->why = g_strdup(why);
}

static void say_taken(struct redirect *redirect, const RedirUsbDevice *device)
{
    g_clear_pointer(&redirect->why, g_free);
    redirect->device = redir_usb_describe(device);
    g_message("%s taken from this machine%s%s", redirect->device,
              device->driver ? " and its driver " : "", device->driver ? device->driver : "");
}

static void on_relay(gpointer user, RedirRelayState state, const RedirUsbDevice *device,
                     const char *why)
{
    struct redirect *redirect = user;
    g_clear_pointer(&redirect->device, g_free);
    if (state == REDIR_RELAY_HELD)
        say_taken(redirect, device);
    else if (state == REDIR_RELAY_WAITING)
        say_waiting(redirect, why);
}

static void on_link(gpointer user, RedirHostState state, const GError *error)
{
    struct redirect *redirect = user;
    g_free(redirect->link);
    redirect->link = status_link(state, redirect->address);
    if (state == REDIR_HOST_STOPPED)
        running_ended(&redirect->running, error);
}

static void on_opened(gpointer user)
{
    struct redirect *redirect = user;
    redir_traffic_restart(&redirect->traffic);
    if (redirect->recorder)
        redir_recorder_begin(redirect->recorder, g_get_monotonic_time());
}

static void on_packet(gpointer user, RedirDirection direction, const guint8 *bytes, gsize size,
                      const RedirPacketView *packet)
{
    struct redirect *redirect = user;
    gint64 now_us = g_get_monotonic_time();
    redir_traffic_count(&redirect->traffic, direction, size, packet, now_us);
    if (redirect->recorder)
        redir_recorder_packet(redirect->recorder, direction, bytes, size, now_us);
}

/* First what a narrow terminal must not cut off. */
static char *redirect_status(void *user)
{
    struct redirect *redirect = user;
    g_autofree char *rate =
        redir_traffic_rate(&redirect->traffic, &redirect->sample, g_get_monotonic_time());
    if (redirect->device)
        return g_strdup_printf("%s · %s · %s", rate, redirect->device, redirect->link);
    return g_strdup_printf(
        "%s · %s", redirect->why ? redirect->why : "the device is this machine's", redirect->link);
}

static void print_latency(const char *name, const RedirLatency *latency)
{
    if (latency->count)
        g_message("%s: %" G_GUINT64_FORMAT " answered, half of them within %.1f ms, 99 of 100 "
                  "within %.1f ms",
                  name, latency->count, redir_latency_quantile(latency, 0.5) / 1e3,
                  redir_latency_quantile(latency, 0.99) / 1e3);
}

static void print_summary(const RedirTraffic *traffic)
{
    if (!traffic->packets[REDIR_TO_VM] && !traffic->packets[REDIR_FROM_VM])
        return;
    g_message("to the VM %" G_GUINT64_FORMAT " packets, %.1f MB; from it %" G_GUINT64_FORMAT
              " packets, %.1f MB",
              traffic->packets[REDIR_TO_VM], traffic->bytes[REDIR_TO_VM] / 1e6,
              traffic->packets[REDIR_FROM_VM], traffic->bytes[REDIR_FROM_VM] / 1e6);
    if (traffic->iso_packets)
        g_message("isochronous: %" G_GUINT64_FORMAT " packets, %" G_GUINT64_FORMAT
                  " with errors, %" G_GUINT64_FORMAT " left out because the VM read too slowly, "
                  "%" G_GUINT64_FORMAT " underruns",
                  traffic->iso_packets, traffic->iso_errors, traffic->iso_missing,
                  traffic->iso_restarts);
    print_latency("control requests", &traffic->control);
    print_latency("bulk requests", &traffic->bulk);
}

/* ---- Setting up ---- */

static void redirect_start(void *user)
{
    struct redirect *redirect = user;
    g_autoptr(GError) error = NULL;
    if (!redir_host_start(redirect->host, &error))
        running_ended(&redirect->running, error);
}

static void redirect_stop(void *user)
{
    redir_host_stop(((struct redirect *)user)->host);
}

static enum vcam_speed speed_of(const RedirUsbDevice *device)
{
    if (!device || device->megabits == 480)
        return VCAM_SPEED_HIGH;
    return device->megabits > 480 ? VCAM_SPEED_SUPER : VCAM_SPEED_FULL;
}

/* A device that is not there will come; one of several is for the user to say. */
static gboolean look_once(RedirUsbWish *wish, enum vcam_speed *ret_speed, char **ret_missing,
                          GError **error)
{
    g_autoptr(GPtrArray) devices = redir_usb_list();
    GError *inner = NULL;
    const RedirUsbDevice *device = redir_usb_find(devices, wish, &inner);
    if (inner) {
        g_propagate_error(error, inner);
        return FALSE;
    }
    *ret_speed = speed_of(device);
    *ret_missing = device ? NULL : redir_usb_missing(wish);
    return TRUE;
}

static int open_host(struct redirect *redirect, const struct redirect_options *options,
                     enum vcam_speed speed, GError **error)
{
    const RedirTapEvents tap = {on_opened, on_packet, redirect};
    const RedirHostEvents events = {on_link, redirect};
    RedirHostOptions host = {.noun = "device"};
    int status = destination_open(&options->destination, speed, &host, error);
    if (status)
        return status;
    if (!destination_tap(&host, &tap, error))
        return EXIT_USAGE;
    redirect->address = host.address;
    redirect->link = status_begin(&host);
    redirect->host = redir_host_new(redirect->relay, &host, &events, error);
    return EXIT_DONE;
}

static int open_all(struct redirect *redirect, const struct redirect_options *options,
                    const char *spec, const char *recording, GError **error)
{
    const RedirRelayEvents events = {on_relay, redirect};
    enum vcam_speed speed;
    g_autoptr(RedirUsbWish) wish = redir_usb_wish_new(spec, error);
    if (!wish)
        return EXIT_USAGE;
    g_autofree char *missing = NULL;
    if (!look_once(wish, &speed, &missing, error))
        return EXIT_CAMERA;
    if (recording && !(redirect->recorder = redir_recorder_new(recording, error)))
        return EXIT_BROKEN;
    const RedirRelayOptions relay = {g_steal_pointer(&wish), options->filter};
    redirect->relay = redir_relay_new(&relay, &events, error);
    if (!redirect->relay)
        return EXIT_USAGE;
    int status = open_host(redirect, options, speed, error);
    gboolean waits = options->destination.as || !options->destination.no_retry;
    if (status == EXIT_DONE && missing && waits)
        say_waiting(redirect, missing);
    return status;
}

/* recording: a path, or NULL. */
static int redirect_device(const struct redirect_options *options, const char *spec,
                           const char *recording)
{
    g_autoptr(GError) error = NULL;
    struct redirect redirect = {
        .running = {.start = redirect_start,
                    .stop = redirect_stop,
                    .status = redirect_status,
                    .user = &redirect},
        .sample.at_us = g_get_monotonic_time(),
    };
    redir_traffic_init(&redirect.traffic);
    int status = open_all(&redirect, options, spec, recording, &error);
    if (status)
        g_warning("%s", error->message);
    else
        status = running_run(&redirect.running, 1);
    redir_host_free(redirect.host);
    redir_relay_free(redirect.relay);
    if (!error)
        print_summary(&redirect.traffic);
    if (!redir_recorder_free(redirect.recorder) && status == EXIT_DONE)
        status = EXIT_BROKEN;
    redir_traffic_clear(&redirect.traffic);
    g_free(redirect.device);
    g_free(redirect.why);
    g_free(redirect.link);
    return status;
}

static int print_udev_rule(const char *spec)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(RedirUsbWish) wish = redir_usb_wish_new(spec, &error);
    g_autoptr(GPtrArray) devices = redir_usb_list();
    const RedirUsbDevice *device = wish ? redir_usb_find(devices, wish, &error) : NULL;
    if (!device) {
        g_autofree char *missing = error ? NULL : redir_usb_missing(wish);
        g_printerr("camredir: %s\n", error ? error->message : missing);
        return wish ? EXIT_CAMERA : EXIT_USAGE;
    }
    printf("# %s\n"
           "# to /etc/udev/rules.d/70-camredir.rules; then: sudo udevadm control --reload && "
           "sudo udevadm trigger\n"
           "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"%04x\", ATTR{idProduct}==\"%04x\", "
           "MODE=\"0660\", GROUP=\"plugdev\", TAG+=\"uaccess\"\n",
           device->product, device->idVendor, device->idProduct);
    return close_output("redirect");
}

static int checked(const struct redirect_options *options, gboolean record, int n_operands,
                   char **operands)
{
    g_autoptr(GError) error = NULL;
    if (options->udev_rule)
        return print_udev_rule(options->udev_rule);
    if (n_operands == 0) {
        g_printerr("camredir: say which device: camera, VID:PID, BUS-DEV, its port or serial:TEXT; "
                   "'camredir list' shows them\n");
        return EXIT_USAGE;
    }
    if (record && (n_operands < 2 || !*operands[1])) {
        g_printerr("camredir: say where to: camredir record DEVICE FILE --to ADDRESS\n");
        return EXIT_USAGE;
    }
    if (!destination_check(&options->destination, &error)) {
        g_printerr("camredir: %s\n", error->message);
        return EXIT_USAGE;
    }
    return redirect_device(options, operands[0], record ? operands[1] : NULL);
}

static int run(gboolean record, int argc, char **argv)
{
    struct redirect_options o = {0};
    const GOptionEntry entries[] = {
        {"filter", 0, 0, G_OPTION_ARG_STRING, &o.filter,
         "Let only these devices through: CLASS,VENDOR,PRODUCT,VERSION,ALLOW|...", "RULES"},
        {"udev-rule", 0, 0, G_OPTION_ARG_STRING, &o.udev_rule,
         "Print the udev rule that lets this user open it", "DEVICE"},
        {0},
    };
    g_autofree GOptionEntry *all = destination_entries(&o.destination, entries);
    int status = EXIT_USAGE;
    if (options_parse(record ? "DEVICE FILE --to|--as ADDRESS|--qmp PATH|--libvirt DOMAIN\n"
                               "Put a USB device into a VM, and all that is said into a file."
                             : "DEVICE --to|--as ADDRESS|--qmp PATH|--libvirt DOMAIN\n"
                               "Put a USB device into a VM as it is.",
                      "DEVICE is camera (the first one), VID:PID, BUS-DEV as lsusb has them, its "
                      "port (1-1.4) or\nserial:TEXT. It is taken from this machine's drivers while "
                      "a VM has it, and given back.\nTo share a camera with this machine instead, "
                      "see camredir share.",
                      all, &argc, &argv, record ? 2 : 1))
        status = checked(&o, record, argc - 1, argv + 1);
    g_free(o.filter);
    g_free(o.udev_rule);
    destination_clear(&o.destination);
    return status;
}

int redirect_run(int argc, char **argv)
{
    return run(FALSE, argc, argv);
}

int record_run(int argc, char **argv)
{
    return run(TRUE, argc, argv);
}
