/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A capture device of Linux as a source: open while the guest looks, and looked for while it is
   gone. */
#include <errno.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vcam/log.h"
#include "vcam/sources/v4l2_priv.h"

#define RETRY_US 1000000

struct v4l2 {
    struct vcam_source source;
    const struct vcam_v4l2_io *io;
    char path[VCAM_V4L2_PATH_LEN]; /* where it was last seen */
    struct vcam_v4l2_identity identity;
    /* While started: */
    struct vcam_mode mode;
    struct vcam_v4l2_capture *capture; /* NULL: stopped, or gone */
    bool is_gone;
    int64_t retry_us;
    uint64_t next_number;
    uint32_t next_sequence; /* that the driver gives it, where it loses none */
    bool sequence_known;
    struct vcam_log_limit damaged;
};

static struct v4l2 *v4l2_of(struct vcam_source *source)
{
    return (struct v4l2 *)source;
}

/* --- there and gone --- */

static int begin(struct v4l2 *v4l2)
{
    struct vcam_v4l2_node node;
    int r = vcam_v4l2_find(v4l2->io, v4l2->path, &v4l2->identity, &node);
    if (r < 0)
        return r;
    r = vcam_v4l2_capture_new(&node, &v4l2->mode, &v4l2->capture);
    if (r < 0) {
        vcam_v4l2_close(&node);
        return r;
    }
    v4l2->sequence_known = false;
    vcam_v4l2_subscribe_controls(vcam_v4l2_capture_node(v4l2->capture), &v4l2->source.controls);
    return 0;
}

static void end(struct v4l2 *v4l2)
{
    vcam_v4l2_capture_free(v4l2->capture);
    v4l2->capture = NULL;
}

static void report(struct v4l2 *v4l2, enum vcam_source_event event, int detail)
{
    if (v4l2->source.sink.event)
        v4l2->source.sink.event(v4l2->source.sink.user, event, detail);
}

static void lose(struct v4l2 *v4l2, int64_t now_us, int error)
{
    end(v4l2);
    v4l2->is_gone = true;
    v4l2->retry_us = now_us + RETRY_US;
    report(v4l2, VCAM_SOURCE_GONE, error);
}

static void look_for(struct v4l2 *v4l2, int64_t now_us)
{
    if (now_us < v4l2->retry_us)
        return;
    v4l2->retry_us = now_us + RETRY_US;
    if (begin(v4l2) < 0)
        return;
    v4l2->is_gone = false;
    report(v4l2, VCAM_SOURCE_BACK, 0);
}

/* --- what it sends --- */

/* The driver's count, from 0 at the guest's start and on over a break; a driver that does not count
   loses none. */
static uint64_t number_of(struct v4l2 *v4l2, uint32_t sequence)
{
    uint32_t lost = v4l2->sequence_known ? sequence - v4l2->next_sequence : 0;
    if (lost > INT32_MAX)
        lost = 0;
    uint64_t number = v4l2->next_number + lost;
    v4l2->sequence_known = true;
    v4l2->next_sequence = sequence + 1;
    v4l2->next_number = number + 1;
    return number;
}

/* polled: what poll() says of the device. */
static void take_frame(struct v4l2 *v4l2, int64_t now_us, short polled)
{
    struct vcam_frame *frame;
    uint32_t size = 0;
    int r = vcam_v4l2_capture_take(v4l2->capture, now_us, &frame, &size);
    if (r == 0) {
        frame->number = number_of(v4l2, frame->number);
        v4l2->source.sink.frame(v4l2->source.sink.user, frame);
    } else if (r == -EBADMSG) {
        vcam_log(&v4l2->damaged, now_us, "camera bug: %s: a damaged frame, %u bytes of %u at most",
                 v4l2->source.name, size, vcam_mode_max_frame_size(&v4l2->mode));
    } else if (r != -EAGAIN) {
        lose(v4l2, now_us, r);
    } else if (polled & (POLLERR | POLLHUP | POLLNVAL)) {
        lose(v4l2, now_us, -EIO); /* it never will have one */
    }
}

static void take_changes(struct v4l2 *v4l2)
{
    enum vcam_control_id id;
    for (unsigned i = 0; i < VCAM_CONTROL_COUNT && v4l2->capture; i++) {
        if (vcam_v4l2_next_change(vcam_v4l2_capture_node(v4l2->capture), &id) < 0)
            return;
        if (vcam_control_find(&v4l2->source.controls, id))
            report(v4l2, VCAM_SOURCE_CONTROLS, id);
    }
}

/* --- the source --- */

static int source_start(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us)
{
    struct v4l2 *v4l2 = v4l2_of(source);
    (void)now_us;
    v4l2->mode = *mode;
    v4l2->next_number = 0;
    return begin(v4l2);
}

static void source_stop(struct vcam_source *source)
{
    struct v4l2 *v4l2 = v4l2_of(source);
    end(v4l2);
    v4l2->is_gone = false;
}

static int64_t source_dispatch(struct vcam_source *source, int64_t now_us)
{
    struct v4l2 *v4l2 = v4l2_of(source);
    if (v4l2->is_gone)
        look_for(v4l2, now_us);
    if (v4l2->capture) {
        short polled = v4l2->io->poll(vcam_v4l2_capture_node(v4l2->capture)->fd, POLLIN | POLLPRI);
        if (polled & POLLPRI)
            take_changes(v4l2);
        if (polled & ~POLLPRI && v4l2->capture) /* the sink may have stopped us */
            take_frame(v4l2, now_us, polled);
    }
    return v4l2->is_gone ? v4l2->retry_us : VCAM_NEVER;
}

static int source_get_fd(struct vcam_source *source, short *ret_events)
{
    struct v4l2 *v4l2 = v4l2_of(source);
    if (!v4l2->capture)
        return -1;
    *ret_events = POLLIN | POLLPRI;
    return vcam_v4l2_capture_node(v4l2->capture)->fd;
}

/* The open device, or one that is opened for this alone. */
static int borrow_node(struct v4l2 *v4l2, struct vcam_v4l2_node *ret_node)
{
    if (!v4l2->capture)
        return vcam_v4l2_find(v4l2->io, v4l2->path, &v4l2->identity, ret_node);
    *ret_node = *vcam_v4l2_capture_node(v4l2->capture);
    return 0;
}

static void return_node(struct v4l2 *v4l2, struct vcam_v4l2_node *node)
{
    if (!v4l2->capture)
        vcam_v4l2_close(node);
}

static int source_control_get(struct vcam_source *source, enum vcam_control_id id,
                              int32_t *ret_value)
{
    struct v4l2 *v4l2 = v4l2_of(source);
    struct vcam_v4l2_node node;
    int r = borrow_node(v4l2, &node);
    if (r < 0)
        return r;
    r = vcam_v4l2_get_control(&node, id, ret_value);
    return_node(v4l2, &node);
    return r;
}

static int source_control_set(struct vcam_source *source, enum vcam_control_id id, int32_t value)
{
    struct v4l2 *v4l2 = v4l2_of(source);
    struct vcam_v4l2_node node;
    int r = borrow_node(v4l2, &node);
    if (r < 0)
        return r;
    r = vcam_v4l2_set_control(&node, id, value);
    return_node(v4l2, &node);
    return r;
}

static void source_free(struct vcam_source *source)
{
    free(source);
}

static const struct vcam_source_ops v4l2_ops = {
    .name = "v4l2",
    .start = source_start,
    .stop = source_stop,
    .dispatch = source_dispatch,
    .get_fd = source_get_fd,
    .control_get = source_control_get,
    .control_set = source_control_set,
    .free = source_free,
};

/* --- construction --- */

static const struct {
    int error;
    const char *text; /* with the path */
} open_errors[] = {
    {-ENOENT, "%s does not exist: 'camredir list' shows the cameras that do"},
    {-EACCES, "no permission for %s: join its group with 'sudo usermod -aG video $USER', then log "
              "in again"},
    {-EPERM, "%s is closed to this process: see what confines it (container, sandbox)"},
    {-ENODEV, "%s is gone: plug the camera in again"},
    {-EBUSY, "%s is used by another program: close that first"},
    {-ENOTTY, "%s is not a camera: 'camredir list' shows the cameras that there are"},
};

/* Puts the error into errno and the line into ret_error. */
static void tell_open_error(const char *path, int error, char ret_error[VCAM_ERROR_LEN])
{
    for (unsigned i = 0; i < sizeof(open_errors) / sizeof(open_errors[0]); i++)
        if (open_errors[i].error == error) {
            snprintf(ret_error, VCAM_ERROR_LEN, open_errors[i].text, path);
            errno = -error;
            return;
        }
    snprintf(ret_error, VCAM_ERROR_LEN, "cannot open %s: %s", path, strerror(-error));
    errno = -error;
}

static int read_device(struct v4l2 *v4l2, char ret_error[VCAM_ERROR_LEN])
{
    struct vcam_source *source = &v4l2->source;
    struct vcam_v4l2_node node;
    int r = vcam_v4l2_open(v4l2->io, v4l2->path, &node, &v4l2->identity);
    if (r < 0) {
        tell_open_error(v4l2->path, r, ret_error);
        return r;
    }
    v4l2->identity.serial_is_own = vcam_v4l2_serial_is_unique(v4l2->io, &v4l2->identity);
    vcam_v4l2_name(&v4l2->identity, source->name);
    snprintf(source->serial, sizeof(source->serial), "%s", v4l2->identity.serial);
    unsigned others = vcam_v4l2_read_offer(&node, &source->offer);
    vcam_v4l2_read_controls(&node, &source->controls);
    vcam_v4l2_close(&node);
    if (source->offer.n_formats)
        return 0;
    snprintf(ret_error, VCAM_ERROR_LEN,
             "%.80s (%s) has no format of a USB camera (but %u others): choose one that 'camredir "
             "list' shows formats of",
             v4l2->path, source->name, others);
    return -ENOTSUP;
}

struct vcam_source *vcam_source_v4l2_new_on(const struct vcam_v4l2_io *io, const char *path,
                                            char ret_error[VCAM_ERROR_LEN])
{
    if (strlen(path) >= VCAM_V4L2_PATH_LEN) {
        tell_open_error(path, -ENAMETOOLONG, ret_error);
        return NULL;
    }
    struct v4l2 *v4l2 = calloc(1, sizeof(*v4l2));
    if (!v4l2) {
        tell_open_error(path, -ENOMEM, ret_error);
        return NULL;
    }
    v4l2->source.ops = &v4l2_ops;
    v4l2->io = io;
    memcpy(v4l2->path, path, strlen(path));
    int r = read_device(v4l2, ret_error);
    if (r == 0)
        return &v4l2->source;
    free(v4l2);
    errno = -r;
    return NULL;
}

struct vcam_source *vcam_source_v4l2_new(const char *path, char ret_error[VCAM_ERROR_LEN])
{
    return vcam_source_v4l2_new_on(&vcam_v4l2_kernel, path, ret_error);
}
