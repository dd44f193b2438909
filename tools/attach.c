/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* camredir-spice.h: a sharing inside somebody else's SpiceSession. */
#include <string.h>

#include "redir/error.h"
#include "redir/transports/spice.h"
#include "tools/camredir-spice.h"
#include "tools/sharing.h"
#include "tools/spice_way.h"
#include "tools/status.h"

struct RedirSpiceAttachment {
    struct sharing *sharing;
    void (*ask)(RedirSpiceAttachment *attachment, gpointer user);
    void (*state)(RedirSpiceAttachment *attachment, RedirSpiceState state, const char *text,
                  gpointer user);
    gpointer user;
    gboolean remember;

    RedirHostState link;
    gboolean missing; /* the last look at the VM found no port or channel */
    enum vcam_permission permission;
    struct vcam_mode mode; /* of the stream; all 0 while there is none */
    RedirSpiceState told;
    char *told_text;
    gboolean detached;
};

/* ---- what the program is told ---- */

static RedirSpiceState state_now(const RedirSpiceAttachment *attachment)
{
    static const RedirSpiceState by_link[] = {
        [REDIR_HOST_WAITING] = REDIR_SPICE_STATE_WAITING,
        [REDIR_HOST_CONNECTING] = REDIR_SPICE_STATE_WAITING,
        [REDIR_HOST_CONNECTED] = REDIR_SPICE_STATE_CONNECTED,
        [REDIR_HOST_ATTACHED] = REDIR_SPICE_STATE_IN_GUEST,
        [REDIR_HOST_LEAVING] = REDIR_SPICE_STATE_WAITING,
        [REDIR_HOST_STOPPED] = REDIR_SPICE_STATE_FAILED,
    };
    static const RedirSpiceState by_permission[] = {
        [VCAM_ALLOWED] = REDIR_SPICE_STATE_STREAMING,
        [VCAM_AWAITED] = REDIR_SPICE_STATE_ASKING,
        [VCAM_REFUSED] = REDIR_SPICE_STATE_REFUSED,
    };
    if (attachment->missing)
        return REDIR_SPICE_STATE_MISSING;
    return attachment->mode.fourcc ? by_permission[attachment->permission]
                                   : by_link[attachment->link];
}

static void tell(RedirSpiceAttachment *attachment, const GError *error)
{
    static const char *const texts[] = {
        [REDIR_SPICE_STATE_WAITING] = "waiting for the VM",
        [REDIR_SPICE_STATE_CONNECTED] = "connected to the VM",
        [REDIR_SPICE_STATE_IN_GUEST] = "the guest has the camera, which is off",
        [REDIR_SPICE_STATE_FAILED] = "ended",
        [REDIR_SPICE_STATE_MISSING] = "the VM has no place for a camera",
    };
    RedirSpiceState state = state_now(attachment);
    g_autofree char *mode = attachment->mode.fourcc ? status_mode(&attachment->mode) : NULL;
    const char *text = mode ? mode : texts[state];
    if (error)
        text = error->message;
    if (state == attachment->told && (!error || g_strcmp0(text, attachment->told_text) == 0))
        return;
    attachment->told = state;
    g_free(attachment->told_text);
    attachment->told_text = g_strdup(text);
    if (attachment->state)
        attachment->state(attachment, state, text, attachment->user);
}

/* ---- what the sharing says ---- */

static gboolean on_free(gpointer user)
{
    RedirSpiceAttachment *attachment = user;
    sharing_free(attachment->sharing);
    g_free(attachment->told_text);
    g_free(attachment);
    return G_SOURCE_REMOVE;
}

static void on_link(void *user, RedirHostState state, const GError *error)
{
    RedirSpiceAttachment *attachment = user;
    attachment->link = state;
    if (state != REDIR_HOST_CONNECTING) /* which is the next look */
        attachment->missing = g_error_matches(error, REDIR_ERROR, REDIR_ERROR_UNREACHABLE);
    if (!attachment->detached)
        tell(attachment, error);
    else if (state == REDIR_HOST_STOPPED)
        g_idle_add(on_free, attachment);
}

static void on_stream(void *user, const struct vcam_mode *mode)
{
    RedirSpiceAttachment *attachment = user;
    attachment->mode = mode ? *mode : (struct vcam_mode){0};
    if (attachment->detached)
        return;
    if (!mode && attachment->ask && !attachment->remember) {
        attachment->permission = VCAM_AWAITED;
        sharing_set_permission(attachment->sharing, VCAM_AWAITED);
    }
    tell(attachment, NULL);
    if (mode && attachment->permission == VCAM_AWAITED && !attachment->detached)
        attachment->ask(attachment, attachment->user);
}

/* ---- the functions ---- */

static struct sharing *make_sharing(RedirSpiceAttachment *attachment, SpiceSession *session,
                                    const RedirSpiceOptions *options, GError **error)
{
    const struct sharing_events events = {on_link, on_stream, attachment};
    RedirSpiceChoice choice = {.port_name = options->port_name};
    const char *address = options->port_name ? options->port_name : REDIR_SPICE_PORT_NAME;
    const struct sharing_camera camera = {
        .spec = options->camera,
        .speed = options->speed,
        .transfer = options->transfer,
        .formats = options->format,
        .sizes = options->usb_size,
        .rates = options->fps,
        .name = options->name,
        .serial = options->serial,
        .address = address,
    };
    struct sharing_options sharing = {.trace = options->trace,
                                      .host = {.address = "SPICE", .retry = TRUE}};
    if (!spice_way_parse(options->way, &choice.way, error) ||
        !sharing_open_camera(&camera, &sharing.source, &sharing.forms, error))
        return NULL;
    sharing.host.transport =
        redir_spice_transport_new_inside(session, sharing.host.address, &choice);
    return sharing_new(&sharing, &events, error);
}

RedirSpiceAttachment *redir_spice_attach(SpiceSession *session, const RedirSpiceOptions *options,
                                         GError **error)
{
    RedirSpiceOptions own = {0};
    g_return_val_if_fail(session, NULL);
    if (options)
        memcpy(&own, options, MIN(options->size, sizeof own));
    RedirSpiceAttachment *attachment = g_new0(RedirSpiceAttachment, 1);
    attachment->sharing = make_sharing(attachment, session, &own, error);
    if (!attachment->sharing) {
        g_free(attachment);
        return NULL;
    }
    attachment->ask = own.ask;
    attachment->state = own.state;
    attachment->user = own.user;
    attachment->remember = own.remember;
    attachment->permission = own.ask ? VCAM_AWAITED : VCAM_ALLOWED;
    sharing_set_permission(attachment->sharing, attachment->permission);
    if (!sharing_start(attachment->sharing, error)) {
        on_free(attachment);
        return NULL;
    }
    return attachment;
}

void redir_spice_attachment_allow(RedirSpiceAttachment *attachment, gboolean allowed)
{
    g_return_if_fail(attachment && !attachment->detached);
    if (attachment->ask && !attachment->remember && !attachment->mode.fourcc)
        return;
    attachment->permission = allowed ? VCAM_ALLOWED : VCAM_REFUSED;
    sharing_set_permission(attachment->sharing, attachment->permission);
    tell(attachment, NULL);
}

void redir_spice_detach(RedirSpiceAttachment *attachment)
{
    if (!attachment)
        return;
    g_return_if_fail(!attachment->detached);
    attachment->detached = TRUE;
    if (attachment->link == REDIR_HOST_STOPPED)
        g_idle_add(on_free, attachment);
    else
        sharing_stop(attachment->sharing);
}
