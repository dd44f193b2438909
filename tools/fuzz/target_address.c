/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Somebody else's VM as a target: a usb-redir at an address, of which nothing is seen but what
   comes over the wire, in its own time. */
#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <poll.h>
#include <unistd.h>

#include "redir/address.h"
#include "tools/fuzz/device.h"
#include "tools/fuzz/quiet.h"
#include "tools/fuzz/target.h"

#define HELLO_MS    5000
#define FIRST_MS    5000 /* until a guest asks anything of a device that was plugged in */
#define QUIET_MS    1500 /* so long nothing is asked: the guest is done */
#define SETTLE_MS   300
#define LONGEST_MS  60000 /* a guest that asks on and on has been seen enough */
#define RECOVERY_MS 60000 /* a guest that waits for what is gone takes 5 s for each request */
#define ISO_MS      5

typedef struct {
    FuzzTarget base;
    RedirAddress *address;
    FuzzDevice *device;
    gint64 cases_us, settle_us;
    FuzzTime times[2];
} AddressTarget;

/* Answers for so long, or until done, or, if quiet, until nothing was asked for QUIET_MS. FALSE:
   the other side is gone. */
static gboolean serve(AddressTarget *target, gint64 ms, gboolean (*done)(FuzzDeviceState),
                      gboolean quiet)
{
    FuzzDevice *device = target->device;
    FuzzDeviceState state = fuzz_device_state(device);
    gint64 now = fuzz_now_ms(), end = now + ms;
    FuzzQuiet watch = fuzz_quiet_begin(now);

    for (; !(done && done(state)) && now < end; now = fuzz_now_ms()) {
        struct pollfd come = {.fd = fuzz_device_fd(device), .events = POLLIN};
        gint64 silent = fuzz_quiet_ms(&watch, state.requests, now);
        gint64 left = quiet ? (state.requests ? QUIET_MS : FIRST_MS) - silent : end - now;
        if (left <= 0)
            break;
        int n = poll(&come, 1, state.isochronous ? ISO_MS : (int)left);
        if ((n < 0 && errno != EINTR) || (n > 0 && !fuzz_device_receive(device)) ||
            (state.isochronous && !fuzz_device_stream(device)))
            return FALSE;
        state = fuzz_device_state(device);
    }
    return TRUE;
}

static gboolean is_ready(FuzzDeviceState state)
{
    return state.ready;
}

static gboolean is_done(FuzzDeviceState state)
{
    return state.ended || state.gone;
}

static gboolean was_configured(FuzzDeviceState state)
{
    return state.reach >= FUZZ_CONFIGURED;
}

/* The guest gets time to see that it is gone. */
static gboolean unplug(AddressTarget *target)
{
    gint64 begun = g_get_monotonic_time();
    gboolean good = fuzz_device_unplug(target->device) && serve(target, SETTLE_MS, NULL, FALSE) &&
                    serve(target, HELLO_MS, is_ready, FALSE);

    target->settle_us += g_get_monotonic_time() - begun;
    return good;
}

/* TRUE also where the connection is lost: that is another verdict. */
static gboolean still_works(AddressTarget *target)
{
    g_autoptr(FuzzCase) simplest = fuzz_case_simplest(fuzz_device_state(target->device).speed);

    if (!fuzz_device_plug(target->device, simplest, FALSE) ||
        !serve(target, RECOVERY_MS, was_configured, FALSE))
        return TRUE;
    gboolean works = was_configured(fuzz_device_state(target->device));
    return unplug(target) && works;
}

static int connect_to(const RedirAddress *address, GError **error)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketConnectable) where =
        address->scheme == REDIR_SCHEME_UNIX
            ? G_SOCKET_CONNECTABLE(g_unix_socket_address_new(address->path))
            : g_network_address_new(address->host, address->port);
    g_autoptr(GSocketConnection) connection = g_socket_client_connect(client, where, NULL, error);

    if (connection)
        return dup(g_socket_get_fd(g_socket_connection_get_socket(connection)));
    g_prefix_error(error, "%s: %s: ", address->text,
                   error && g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK)
                       ? "its port has another client, and somebody else waits for it"
                       : "its VM must run, with a usb-redir that listens there");
    return -1;
}

/* A second client is not refused: it waits until the first has gone. */
static gboolean hear_hello(AddressTarget *target, GError **error)
{
    gboolean there = serve(target, HELLO_MS, is_ready, FALSE);

    if (fuzz_device_state(target->device).ready)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                there ? "%s: no usb-redir answers; is its VM running, and has its port no other "
                        "client?"
                      : "%s: what answers there is no usb-redir, or takes nobody",
                target->address->text);
    return FALSE;
}

/* One that takes nothing would have any case look as if it broke it. */
static gboolean takes_devices(AddressTarget *target, GError **error)
{
    if (still_works(target))
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                "%s: its guest takes no USB device; it may have to be started again",
                target->address->text);
    return FALSE;
}

static void set_verdict(FuzzOutcome *outcome, FuzzVerdict verdict, const char *title)
{
    outcome->verdict = verdict;
    outcome->title = g_strdup(title);
}

static gboolean fresh(FuzzTarget *base, GError **error)
{
    AddressTarget *target = (AddressTarget *)base;

    g_clear_pointer(&target->device, fuzz_device_free);
    int fd = connect_to(target->address, error);
    if (fd < 0)
        return FALSE;
    target->device = fuzz_device_new(fd);
    return hear_hello(target, error) && takes_devices(target, error);
}

static gboolean run(FuzzTarget *base, const FuzzCase *fuzz_case, FuzzOutcome *ret_outcome,
                    GError **error)
{
    AddressTarget *target = (AddressTarget *)base;
    gint64 begun = g_get_monotonic_time();

    if (!target->device && !fresh(base, error))
        return FALSE;
    gboolean there = fuzz_device_plug(target->device, fuzz_case, !base->plain) &&
                     serve(target, LONGEST_MS, is_done, TRUE);
    FuzzDeviceState state = fuzz_device_state(target->device);
    fuzz_device_features(target->device, ret_outcome->features);
    ret_outcome->reached = fuzz_reach_name(state.reach);
    there = there && unplug(target);
    if (!there)
        set_verdict(ret_outcome, FUZZ_DIED, "the VM closed the connection");
    else if (!state.ended && !still_works(target))
        set_verdict(ret_outcome, FUZZ_HANG, "the guest takes no device any more");
    ret_outcome->taken_us = g_get_monotonic_time() - begun;
    target->cases_us += ret_outcome->taken_us;
    return TRUE;
}

static const FuzzTime *times(const FuzzTarget *base, guint *ret_n)
{
    AddressTarget *target = (AddressTarget *)base;

    target->times[0] = (FuzzTime){"guest", target->cases_us - target->settle_us};
    target->times[1] = (FuzzTime){"unplugging", target->settle_us};
    *ret_n = G_N_ELEMENTS(target->times);
    return target->times;
}

static void free_target(FuzzTarget *base)
{
    AddressTarget *target = (AddressTarget *)base;

    fuzz_device_free(target->device);
    redir_address_free(target->address);
    g_free(base->name);
    g_free(target);
}

static const FuzzTargetOps address_ops = {
    .fresh = fresh, .run = run, .times = times, .free = free_target};

FuzzTarget *fuzz_target_address_new(const char *address, GError **error)
{
    RedirAddress *parsed = redir_address_parse(address, error);

    if (!parsed)
        return NULL;
    AddressTarget *target = g_new0(AddressTarget, 1);
    target->base.ops = &address_ops;
    target->base.name = g_strdup(address);
    target->base.borrowed = TRUE;
    target->address = parsed;
    return &target->base;
}
