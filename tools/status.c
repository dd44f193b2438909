/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns the device's counters into the rates that people want to see. */
#include "tools/status.h"

#include <inttypes.h>

char *status_mode(const struct vcam_mode *mode)
{
    const struct vcam_format_info *format = vcam_format_info(mode->fourcc);
    return g_strdup_printf("%s %ux%u %.4g fps", format ? format->name : "?", mode->wWidth,
                           mode->wHeight, vcam_mode_fps(mode));
}

char *status_line(struct status *status, const char *camera, const char *link,
                  const struct vcam_device_state *state, gint64 now_us)
{
    double seconds = (now_us - status->sampled_us) / 1e6;
    double fps = (state->frames_sent - status->frames_sent) / seconds;
    double rate = (state->bytes_sent - status->bytes_sent) / seconds / 1e6;
    *status = (struct status){now_us, state->frames_sent, state->bytes_sent};
    if (!state->streaming)
        return g_strdup_printf("%s · %s · camera off", camera, link);
    g_autofree char *mode = status_mode(&state->mode);
    return g_strdup_printf(
        "%s · %s · CAMERA ON %s · %.1f fps, %" PRIu64 " sent, %" PRIu64 " dropped, %.1f MB/s",
        camera, link, mode, fps, state->frames_sent, state->frames_dropped, rate);
}

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
    case REDIR_HOST_LEAVING:
        return "taking the camera out of";
    case REDIR_HOST_STOPPED:
        break;
    }
    return "left";
}

char *status_link(RedirHostState state, const char *address)
{
    return g_strdup_printf("%s %s", link_text(state), address);
}

char *status_begin(const RedirHostOptions *host)
{
    return status_link(host->role == REDIR_LISTEN ? REDIR_HOST_WAITING : REDIR_HOST_CONNECTING,
                       host->address);
}
