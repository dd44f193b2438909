/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The virtual camera as something to plug in: an endpoint for each stream, and time for the device.
 */
#include "redir/gadget.h"

typedef struct {
    RedirGadget base;
    struct vcam_device *device; /* NULL: not chosen yet */
    RedirCameraChoose choose;
    gpointer user;
    RedirEndpoint *endpoint; /* while the stream is open */
    guint tick_timer;
    guint64 bytes_in, bytes_out; /* of the streams before this one */
} Camera;

static gboolean on_tick(gpointer user)
{
    Camera *camera = user;

    if (camera->device != NULL)
        vcam_device_tick(camera->device, g_get_monotonic_time());
    return G_SOURCE_CONTINUE;
}

static RedirChoice choose_device(gpointer user, gint64 round_trip_us, gboolean can_buffer)
{
    Camera *camera = user;
    RedirChoice choice = camera->choose(camera->user, round_trip_us, can_buffer);

    camera->device = choice.device;
    return choice;
}

static void camera_open(RedirGadget *gadget, RedirTransport *transport,
                        const RedirEndpointOptions *options, const RedirEndpointEvents *events)
{
    Camera *camera = (Camera *)gadget;

    camera->endpoint = redir_endpoint_new(transport, choose_device, camera, options, events);
    camera->tick_timer = g_timeout_add_seconds(1, on_tick, camera);
}

static void camera_received(RedirGadget *gadget, const guint8 *data, gsize size)
{
    redir_endpoint_received(((Camera *)gadget)->endpoint, data, size);
}

static void camera_writable(RedirGadget *gadget)
{
    redir_endpoint_writable(((Camera *)gadget)->endpoint);
}

static void camera_disconnect(RedirGadget *gadget)
{
    redir_endpoint_disconnect(((Camera *)gadget)->endpoint);
}

static void camera_close(RedirGadget *gadget)
{
    Camera *camera = (Camera *)gadget;
    RedirEndpointStatistics statistics;

    g_clear_handle_id(&camera->tick_timer, g_source_remove);
    redir_endpoint_get_statistics(camera->endpoint, &statistics);
    camera->bytes_in += statistics.bytes_in;
    camera->bytes_out += statistics.bytes_out;
    g_clear_pointer(&camera->endpoint, redir_endpoint_free);
    if (camera->device != NULL)
        vcam_device_reset(camera->device, g_get_monotonic_time());
}

static void camera_get_statistics(const RedirGadget *gadget, RedirGadgetStatistics *ret_statistics)
{
    const Camera *camera = (const Camera *)gadget;
    RedirEndpointStatistics now = {0};

    if (camera->endpoint != NULL)
        redir_endpoint_get_statistics(camera->endpoint, &now);
    *ret_statistics = (RedirGadgetStatistics){
        .bytes_in = camera->bytes_in + now.bytes_in,
        .bytes_out = camera->bytes_out + now.bytes_out,
        .outstanding = now.outstanding,
    };
}

RedirGadget *redir_camera_new(RedirCameraChoose choose, gpointer user)
{
    static const RedirGadgetOps ops = {
        .open = camera_open,
        .received = camera_received,
        .writable = camera_writable,
        .disconnect = camera_disconnect,
        .close = camera_close,
        .get_statistics = camera_get_statistics,
    };
    Camera *camera = g_new0(Camera, 1);

    camera->base.ops = &ops;
    camera->choose = choose;
    camera->user = user;
    return &camera->base;
}

void redir_camera_free(RedirGadget *camera)
{
    if (camera != NULL && ((Camera *)camera)->endpoint != NULL)
        camera_close(camera);
    g_free(camera);
}
