/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ties source, virtual camera and host together. */
#include "tools/sharing.h"

#include <errno.h>

#include "tools/profile.h"
#include "tools/source_loop.h"
#include "tools/status.h"
#include "tools/tools.h"
#include "tools/trace.h"
#include "vcam/log.h"

struct sharing {
    struct sharing_events events;
    struct vcam_source *source; /* the placeholder around what we were given */
    struct source_loop *loop;
    struct vcam_device *device;     /* what the VM gets: */
    struct vcam_device *bulk, *iso; /* one of these; iso may be NULL */
    enum transfer_way way, taken;   /* as wished, and last */
    RedirGadget *camera;            /* it, to be plugged in */
    struct trace *trace;
    RedirHost *host;
    guint telling;   /* calls of events that we are in */
    guint stop_idle; /* to stop when we are in none */
    enum vcam_permission permission;
    char *address, *link; /* how the connection is, for people */
    struct status status;
};

/* ---- the camera's side ---- */

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

static const char *const permission_lines[] = {
    [VCAM_ALLOWED] = "camera on: the guest streams",
    [VCAM_AWAITED] = "camera off until it is permitted: the guest asks for",
    [VCAM_REFUSED] = "camera off, refused: the guest asks for",
};

static void start_source(struct sharing *sharing, const struct vcam_mode *mode)
{
    struct vcam_mode own;
    g_autofree char *text = status_mode(mode);
    if (!source_mode(sharing->source, mode, &own)) {
        g_warning("the guest streams %s, which %s cannot make: it gets no picture", text,
                  sharing->source->name);
        return;
    }
    g_message("%s %s", permission_lines[sharing->permission], text);
    int error = vcam_source_start(sharing->source, &own, g_get_monotonic_time());
    if (error)
        g_warning("%s does not start: %s", sharing->source->name, g_strerror(-error));
    source_loop_wake(sharing->loop);
}

static void tell_stream(struct sharing *sharing, const struct vcam_mode *mode)
{
    sharing->telling++;
    if (sharing->events.stream)
        sharing->events.stream(sharing->events.user, mode);
    sharing->telling--;
}

static void stream_start(void *user, const struct vcam_mode *mode)
{
    struct sharing *sharing = user;
    start_source(sharing, mode);
    tell_stream(sharing, mode);
}

static void stream_stop(void *user)
{
    struct sharing *sharing = user;
    vcam_source_stop(sharing->source);
    source_loop_wake(sharing->loop);
    g_message("camera off");
    tell_stream(sharing, NULL);
}

static int control_get(void *user, enum vcam_control_id id, int32_t *ret_value)
{
    struct sharing *sharing = user;
    return vcam_source_control_get(sharing->source, id, ret_value);
}

static int control_set(void *user, enum vcam_control_id id, int32_t value)
{
    struct sharing *sharing = user;
    return vcam_source_control_set(sharing->source, id, value);
}

static void frame_event(void *user, const struct vcam_frame *frame, enum vcam_frame_event event,
                        int64_t now_us)
{
    struct sharing *sharing = user;
    if (sharing->trace)
        trace_frame(sharing->trace, frame, event, now_us);
}

static void source_frame(void *user, struct vcam_frame *frame)
{
    struct sharing *sharing = user;
    vcam_device_push_frame(sharing->device, frame, g_get_monotonic_time());
}

static void source_event(void *user, enum vcam_source_event event, int detail)
{
    struct sharing *sharing = user;
    switch (event) {
    case VCAM_SOURCE_GONE:
        if (detail == -EBUSY)
            g_warning("%s is used by another program: close it, the picture follows by itself",
                      sharing->source->name);
        else
            g_warning("%s is gone (%s): plug it in again, the picture follows by itself",
                      sharing->source->name, g_strerror(detail < 0 ? -detail : detail));
        break;
    case VCAM_SOURCE_BACK:
        g_message("%s is back", sharing->source->name);
        break;
    case VCAM_SOURCE_CONTROLS:
        vcam_device_control_changed(sharing->device, detail);
        break;
    }
}

void sharing_set_permission(struct sharing *sharing, enum vcam_permission permission)
{
    struct vcam_device_state state;
    if (permission == sharing->permission)
        return;
    sharing->permission = permission;
    vcam_device_get_state(sharing->device, &state);
    if (state.streaming) {
        g_autofree char *text = status_mode(&state.mode);
        g_message("%s %s", permission_lines[permission], text);
    }
    vcam_source_placeholder_permit(sharing->source, permission, g_get_monotonic_time());
    source_loop_wake(sharing->loop);
}

/* ---- the connection's side ---- */

static void host_state(gpointer user, RedirHostState state, const GError *error)
{
    struct sharing *sharing = user;
    g_free(sharing->link);
    sharing->link = status_link(state, sharing->address);
    sharing->telling++;
    sharing->events.link(sharing->events.user, state, error);
    sharing->telling--;
}

enum transfer_way sharing_way(const struct sharing *sharing)
{
    return sharing->taken;
}

char *sharing_status(struct sharing *sharing)
{
    struct vcam_device_state state;
    vcam_device_get_state(sharing->device, &state);
    return status_line(&sharing->status, sharing->source->name, sharing->link, &state,
                       g_get_monotonic_time());
}

static guint count_modes(struct vcam_device *device)
{
    const struct vcam_offer *offer = vcam_profile_offer(vcam_device_profile(device));
    guint n = 0;
    for (guint i = 0; i < offer->n_formats; i++)
        for (guint j = 0; j < offer->formats[i].n_sizes; j++)
            n += offer->formats[i].sizes[j].n_intervals;
    return n;
}

static void tell_left_out(const struct sharing *sharing)
{
    guint bulk = count_modes(sharing->bulk), iso = count_modes(sharing->iso);
    if (iso < bulk)
        g_message("%u of %u modes are not offered by iso: --transfer bulk has them all", bulk - iso,
                  bulk);
}

static enum vcam_speed speed_of(const struct sharing *sharing)
{
    return vcam_profile_options(vcam_device_profile(sharing->bulk))->speed;
}

static enum transfer_way choose_way(struct sharing *sharing, gint64 round_trip_us,
                                    gboolean can_buffer)
{
    if (sharing->way != WAY_AUTO)
        return sharing->way;
    enum transfer_way way = way_for(round_trip_us, speed_of(sharing), can_buffer);
    if (way == WAY_ISO && !sharing->iso)
        way = WAY_BULK;
    if (way != WAY_BULK || way != sharing->taken)
        g_message("transfer: %s, as a round trip is %.0f ms", way_name(way), round_trip_us / 1e3);
    if (way == WAY_ISO)
        tell_left_out(sharing);
    return sharing->taken = way;
}

/* A device cannot change while a guest has it: so with each connection anew. */
static RedirChoice choose_form(gpointer user, gint64 round_trip_us, gboolean can_buffer)
{
    struct sharing *sharing = user;
    enum transfer_way way = choose_way(sharing, round_trip_us, can_buffer);
    struct vcam_device *device = way == WAY_ISO && sharing->iso ? sharing->iso : sharing->bulk;
    if (way == WAY_BUFFERED && !can_buffer)
        g_message("transfer: bulk, as this VM buffers none");
    if (device != sharing->device)
        sharing->status = (struct status){0}; /* it counts for itself */
    sharing->device = device;
    return (RedirChoice){device, way == WAY_BUFFERED};
}

/* ---- setting up ---- */

/* What of it does not fit there a VM that is far would not get in time either. */
static struct vcam_profile *iso_profile(const struct vcam_source *source,
                                        const struct vcam_offer *offer,
                                        const struct profile_wish *wish)
{
    struct profile_wish iso = *wish;
    iso.transfer = VCAM_TRANSFER_ISO;
    return wish->way == WAY_AUTO ? camera_profile(source, offer, &iso, NULL, NULL) : NULL;
}

static gboolean open_limited(const struct sharing_camera *camera, const struct camera_limit *limit,
                             const struct profile_wish *wish, struct vcam_source **ret_source,
                             struct sharing_forms *ret_forms, GError **error)
{
    g_autofree struct vcam_offer *offer = g_new(struct vcam_offer, 1);
    unsigned left_out = 0;
    struct vcam_source *source = camera_open(camera->spec, limit, offer, error);
    if (!source)
        return FALSE;
    struct vcam_profile *profile = camera_profile(source, offer, wish, &left_out, error);
    if (!profile) {
        vcam_source_free(source);
        return FALSE;
    }
    if (left_out)
        g_message("%u modes are not offered: too much for this link, or for one configuration",
                  left_out);
    *ret_source = source;
    *ret_forms = (struct sharing_forms){wish->way, profile, iso_profile(source, offer, wish)};
    return TRUE;
}

gboolean sharing_open_camera(const struct sharing_camera *camera, struct vcam_source **ret_source,
                             struct sharing_forms *ret_forms, GError **error)
{
    struct profile_wish wish = {
        .name = camera->name, .serial = camera->serial, .address = camera->address};
    struct camera_limit limit;
    camera_limit_init(&limit);
    gboolean good =
        profile_wish_parse(&wish, camera->speed, camera->transfer, error) &&
        camera_limit_parse(&limit, camera->formats, camera->sizes, camera->rates, error) &&
        open_limited(camera, &limit, &wish, ret_source, ret_forms, error);
    camera_limit_clear(&limit);
    return good;
}

void sharing_forms_clear(struct sharing_forms *forms)
{
    vcam_profile_free(forms->bulk);
    vcam_profile_free(forms->iso);
}

static void log_line(void *user, const char *line)
{
    (void)user;
    g_warning("%s", line);
}

static void make_camera(struct sharing *sharing, const struct sharing_options *options)
{
    const struct vcam_device_ops ops = {stream_start, stream_stop, control_get,
                                        control_set,  frame_event, sharing};
    const struct vcam_source_sink sink = {source_frame, source_event, sharing};
    sharing->source = vcam_source_placeholder_new(options->source);
    const struct sharing_forms *forms = &options->forms;
    sharing->way = forms->way;
    sharing->bulk = sharing->device = vcam_device_new(forms->bulk, &ops);
    sharing->iso = forms->iso ? vcam_device_new(forms->iso, &ops) : NULL;
    if (!sharing->source || !sharing->bulk || (forms->iso && !sharing->iso))
        g_error("out of memory");
    sharing->camera = redir_camera_new(choose_form, sharing);
    vcam_source_set_sink(sharing->source, &sink);
    sharing->loop = source_loop_new(sharing->source);
}

struct sharing *sharing_new(const struct sharing_options *options,
                            const struct sharing_events *events, GError **error)
{
    struct sharing *sharing = g_new0(struct sharing, 1);
    const RedirHostEvents host_events = {host_state, sharing};
    RedirHostOptions host = options->host;
    vcam_log_set(log_line, NULL);
    sharing->events = *events;
    sharing->address = g_strdup(options->host.address);
    sharing->link = status_begin(&options->host);
    make_camera(sharing, options);
    host.asks_distance = sharing->way == WAY_AUTO && speed_of(sharing) != VCAM_SPEED_FULL;
    sharing->host = redir_host_new(sharing->camera, &host, &host_events, error);
    if (sharing->host && (!options->trace || (sharing->trace = trace_open(options->trace, error))))
        return sharing;
    sharing_free(sharing);
    return NULL;
}

gboolean sharing_start(struct sharing *sharing, GError **error)
{
    return redir_host_start(sharing->host, error);
}

static gboolean on_stop(gpointer user)
{
    struct sharing *sharing = user;
    sharing->stop_idle = 0;
    redir_host_stop(sharing->host);
    return G_SOURCE_REMOVE;
}

/* The host cannot be stopped while it is at work, as it is when it tells us something. */
void sharing_stop(struct sharing *sharing)
{
    vcam_source_stop(sharing->source);
    source_loop_wake(sharing->loop);
    if (!sharing->telling)
        redir_host_stop(sharing->host);
    else if (!sharing->stop_idle)
        sharing->stop_idle = g_idle_add(on_stop, sharing);
}

gboolean sharing_free(struct sharing *sharing)
{
    if (!sharing)
        return TRUE;
    g_clear_handle_id(&sharing->stop_idle, g_source_remove);
    redir_host_free(sharing->host);
    redir_camera_free(sharing->camera);
    vcam_device_free(sharing->bulk);
    vcam_device_free(sharing->iso);
    source_loop_free(sharing->loop);
    vcam_source_free(sharing->source);
    gboolean traced = trace_close(sharing->trace);
    g_free(sharing->address);
    g_free(sharing->link);
    g_free(sharing);
    return traced;
}
