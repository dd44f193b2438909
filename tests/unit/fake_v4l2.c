/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capture devices that are data: as much of videobuf2 and of a driver as a camera's user meets. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fake_v4l2.h"
#include "vcam/format.h"

#define FIRST_FD 1000
#define HANDLES  8
#define CONTROLS G_N_ELEMENTS(((struct fake_model *)0)->controls)

enum buffer_state { WITH_USER, QUEUED, DONE };

struct buffer {
    enum buffer_state state;
    uint8_t *mapping; /* the user's; NULL: not mapped */
    struct fake_arrival arrival;
};

struct handle; /* what open() makes */

struct node {
    const struct fake_model *model;
    struct fake_quirks quirks;
    bool present, occupied, broken;
    int forbidden;
    struct v4l2_pix_format pix;
    struct v4l2_fract time;
    int32_t values[CONTROLS];
    struct handle *owner; /* of the queue; NULL: no buffers */
    bool streaming;
    size_t length; /* of a buffer */
    unsigned n_buffers, n_done;
    struct buffer buffers[FAKE_BUFFERS];
    unsigned done[FAKE_BUFFERS]; /* in order of arrival */
};

static struct handle {
    struct node *node; /* NULL: closed */
    bool pulled;       /* the camera that it was opened on has gone */
    bool lingers;      /* closed, but a mapping keeps it and its buffers */
    bool subscribed[CONTROLS], changed[CONTROLS];
} handles[HANDLES];

static struct node nodes[FAKE_NODES];
static GHashTable *mappings; /* start -> length */
static int fail_after;

/* --- the machine --- */

void fake_reset(void)
{
    memset(handles, 0, sizeof(handles));
    memset(nodes, 0, sizeof(nodes));
    g_clear_pointer(&mappings, g_hash_table_unref);
    mappings = g_hash_table_new(NULL, NULL);
    fail_after = -1;
}

void fake_plug(unsigned number, const struct fake_model *model)
{
    nodes[number] = (struct node){.model = model, .present = true};
    for (unsigned i = 0; i < CONTROLS; i++)
        nodes[number].values[i] = model->controls[i].default_value;
}

void fake_pull(unsigned number)
{
    nodes[number].present = false;
    for (unsigned i = 0; i < HANDLES; i++)
        handles[i].pulled |= handles[i].node == &nodes[number];
}

void fake_forbid(unsigned number, int error)
{
    nodes[number].forbidden = error;
}

void fake_occupy(unsigned number, bool taken)
{
    nodes[number].occupied = taken;
}

struct fake_quirks *fake_quirks(unsigned number)
{
    return &nodes[number].quirks;
}

void fake_break(unsigned number)
{
    nodes[number].broken = true;
}

void fake_fail_after(int n)
{
    fail_after = n;
}

bool fake_deliver(unsigned number, const struct fake_arrival *arrival)
{
    struct node *node = &nodes[number];
    g_assert_true(node->streaming);
    for (unsigned i = 0; i < node->n_buffers; i++) {
        struct buffer *buffer = &node->buffers[i];
        if (buffer->state != QUEUED)
            continue;
        if (arrival->bytes)
            memcpy(buffer->mapping, arrival->bytes, arrival->bytesused);
        else
            memset(buffer->mapping, arrival->fill, MIN(arrival->bytesused, node->length));
        buffer->arrival = *arrival;
        buffer->state = DONE;
        node->done[node->n_done++] = i;
        return true;
    }
    return false;
}

static int control_index(const struct node *node, uint32_t id)
{
    for (unsigned i = 0; i < CONTROLS; i++)
        if (node->model->controls[i].id && node->model->controls[i].id == id)
            return i;
    return -1;
}

void fake_turn(unsigned number, uint32_t id, int32_t value)
{
    int index = control_index(&nodes[number], id);
    nodes[number].values[index] = value;
    for (unsigned i = 0; i < HANDLES; i++)
        if (handles[i].node == &nodes[number] && handles[i].subscribed[index])
            handles[i].changed[index] = true;
}

int32_t fake_control(unsigned number, uint32_t id)
{
    return nodes[number].values[control_index(&nodes[number], id)];
}

bool fake_streams(unsigned number)
{
    return nodes[number].streaming;
}

unsigned fake_queued(unsigned number)
{
    unsigned n = 0;
    for (unsigned i = 0; i < nodes[number].n_buffers; i++)
        n += nodes[number].buffers[i].state == QUEUED;
    return n;
}

struct v4l2_fract fake_time(unsigned number)
{
    return nodes[number].time;
}

unsigned fake_open_count(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < HANDLES; i++)
        n += handles[i].node != NULL;
    return n;
}

unsigned fake_mapping_count(void)
{
    return g_hash_table_size(mappings);
}

bool fake_is_mapped(const uint8_t *data)
{
    return g_hash_table_contains(mappings, data);
}

static bool fails_now(void)
{
    return fail_after >= 0 && fail_after-- == 0;
}

/* --- formats --- */

static int query_capabilities(struct handle *handle, void *arg)
{
    const struct fake_model *model = handle->node->model;
    struct v4l2_capability *caps = arg;
    const uint32_t usual = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    memcpy(caps->card, model->card,
           MIN(strlen(model->card), sizeof(caps->card))); /* no NUL where it is full */
    memcpy(caps->driver, model->driver, MIN(strlen(model->driver), sizeof(caps->driver)));
    memcpy(caps->bus_info, model->bus, MIN(strlen(model->bus), sizeof(caps->bus_info)));
    caps->device_caps = model->device_caps ? model->device_caps : usual;
    caps->capabilities = caps->device_caps | usual | V4L2_CAP_DEVICE_CAPS;
    return 0;
}

static const struct fake_format *find_format(const struct node *node, uint32_t fourcc)
{
    const struct fake_format *formats = node->model->formats;
    for (unsigned i = 0; i < G_N_ELEMENTS(node->model->formats) && formats[i].fourcc; i++)
        if (formats[i].fourcc == fourcc)
            return &formats[i];
    return NULL;
}

static int enum_format(struct handle *handle, void *arg)
{
    struct v4l2_fmtdesc *item = arg;
    const struct fake_format *formats = handle->node->model->formats;
    unsigned index = handle->node->quirks.endless ? 0 : item->index;
    if (index >= G_N_ELEMENTS(handle->node->model->formats) || !formats[index].fourcc)
        return -EINVAL;
    item->pixelformat = formats[index].fourcc;
    return 0;
}

static int enum_size(struct handle *handle, void *arg)
{
    struct v4l2_frmsizeenum *item = arg;
    const struct fake_format *format = find_format(handle->node, item->pixel_format);
    unsigned index = handle->node->quirks.endless ? 0 : item->index;
    if (!format)
        return -EINVAL;
    if (index == 0 && format->size_range.max_width) {
        item->type = format->size_range.step_width == 1 ? V4L2_FRMSIZE_TYPE_CONTINUOUS
                                                        : V4L2_FRMSIZE_TYPE_STEPWISE;
        item->stepwise = format->size_range;
        return 0;
    }
    if (index >= G_N_ELEMENTS(format->sizes) || !format->sizes[index].width)
        return -EINVAL;
    item->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    item->discrete.width = format->sizes[index].width;
    item->discrete.height = format->sizes[index].height;
    return 0;
}

static int enum_interval(struct handle *handle, void *arg)
{
    struct v4l2_frmivalenum *item = arg;
    const struct fake_format *format = find_format(handle->node, item->pixel_format);
    unsigned index = handle->node->quirks.endless ? 0 : item->index;
    if (format && index == 0 && format->time_range.max.numerator) {
        item->type = V4L2_FRMIVAL_TYPE_STEPWISE;
        item->stepwise = format->time_range;
        return 0;
    }
    for (unsigned i = 0; format && i < G_N_ELEMENTS(format->sizes); i++) {
        const struct fake_size *size = &format->sizes[i];
        if (size->width != item->width || size->height != item->height)
            continue;
        if (index >= G_N_ELEMENTS(size->times) || !size->times[index].denominator)
            return -EINVAL;
        item->type = V4L2_FRMIVAL_TYPE_DISCRETE;
        item->discrete = size->times[index];
        return 0;
    }
    return -EINVAL;
}

static void adjust_format(const struct node *node, struct v4l2_pix_format *pix)
{
    const struct fake_quirks *quirks = &node->quirks;
    unsigned bits =
        vcam_format_info(pix->pixelformat) ? vcam_format_info(pix->pixelformat)->bBitsPerPixel : 0;
    if (!find_format(node, pix->pixelformat))
        pix->pixelformat = node->model->formats[0].fourcc;
    pix->width = quirks->width ? quirks->width : pix->width;
    pix->pixelformat = quirks->fourcc ? quirks->fourcc : pix->pixelformat;
    pix->field = quirks->field ? quirks->field : V4L2_FIELD_NONE;
    pix->bytesperline = quirks->bytesperline ? quirks->bytesperline
                        : bits == 12         ? pix->width
                                             : pix->width * bits / 8;
    pix->sizeimage = MAX(pix->bytesperline, pix->width) * pix->height * 2;
}

static int try_format(struct handle *handle, void *arg)
{
    adjust_format(handle->node, &((struct v4l2_format *)arg)->fmt.pix);
    return 0;
}

static int set_format(struct handle *handle, void *arg)
{
    struct v4l2_pix_format *pix = &((struct v4l2_format *)arg)->fmt.pix;
    if (handle->node->occupied || handle->node->owner)
        return -EBUSY;
    adjust_format(handle->node, pix);
    handle->node->pix = *pix;
    return 0;
}

static int get_parameters(struct handle *handle, void *arg)
{
    struct v4l2_captureparm *capture = &((struct v4l2_streamparm *)arg)->parm.capture;
    if (handle->node->quirks.fixed_rate)
        return -ENOTTY;
    capture->capability = V4L2_CAP_TIMEPERFRAME;
    capture->timeperframe =
        handle->node->time.denominator ? handle->node->time : (struct v4l2_fract){1, 24};
    return 0;
}

static int set_parameters(struct handle *handle, void *arg)
{
    struct v4l2_captureparm *capture = &((struct v4l2_streamparm *)arg)->parm.capture;
    if (handle->node->quirks.time.denominator)
        capture->timeperframe = handle->node->quirks.time;
    handle->node->time = capture->timeperframe;
    return 0;
}

/* --- buffers --- */

static void drop_buffers(struct node *node)
{
    memset(node->buffers, 0, sizeof(node->buffers));
    node->n_buffers = node->n_done = 0;
    node->streaming = false;
    node->owner = NULL;
}

static int request_buffers(struct handle *handle, void *arg)
{
    struct v4l2_requestbuffers *buffers = arg;
    struct node *node = handle->node;
    if (node->occupied || (node->owner && node->owner != handle))
        return -EBUSY;
    g_assert_cmpuint(buffers->memory, ==, V4L2_MEMORY_MMAP);
    drop_buffers(node); /* mapped ones are their user's alone from now on */
    if (!buffers->count)
        return 0;
    buffers->count =
        node->quirks.buffers ? node->quirks.buffers : MIN(buffers->count, FAKE_BUFFERS);
    node->n_buffers = buffers->count;
    node->length = node->pix.sizeimage;
    node->owner = handle;
    return 0;
}

/* The user's, of the queue's owner. */
static struct buffer *user_buffer(struct handle *handle, const struct v4l2_buffer *buf)
{
    return handle->node->owner == handle && buf->index < handle->node->n_buffers
               ? &handle->node->buffers[buf->index]
               : NULL;
}

static int query_buffer(struct handle *handle, void *arg)
{
    struct v4l2_buffer *buf = arg;
    if (!user_buffer(handle, buf))
        return -EINVAL;
    buf->length = handle->node->length;
    buf->m.offset = buf->index << 12;
    return 0;
}

static int queue_buffer(struct handle *handle, void *arg)
{
    struct buffer *buffer = user_buffer(handle, arg);
    g_assert_nonnull(buffer);
    g_assert_nonnull(buffer->mapping);
    g_assert_cmpint(buffer->state, ==, WITH_USER);
    buffer->state = QUEUED;
    return 0;
}

static int dequeue_buffer(struct handle *handle, void *arg)
{
    struct v4l2_buffer *buf = arg;
    struct node *node = handle->node;
    if (node->owner != handle || !node->streaming)
        return -EINVAL;
    if (!node->n_done)
        return -EAGAIN;
    buf->index = node->done[0];
    memmove(node->done, node->done + 1, --node->n_done * sizeof(node->done[0]));
    struct buffer *buffer = &node->buffers[buf->index];
    buffer->state = WITH_USER;
    buf->bytesused = buffer->arrival.bytesused;
    buf->flags = buffer->arrival.flags;
    buf->sequence = buffer->arrival.sequence;
    buf->timestamp.tv_sec = buffer->arrival.time_us / 1000000;
    buf->timestamp.tv_usec = buffer->arrival.time_us % 1000000;
    return 0;
}

static int stream_on(struct handle *handle, void *arg)
{
    (void)arg;
    g_assert_true(handle->node->owner == handle);
    handle->node->streaming = true;
    return 0;
}

static int stream_off(struct handle *handle, void *arg)
{
    struct node *node = handle->node;
    (void)arg;
    if (node->owner != handle)
        return node->owner ? -EBUSY : 0;
    node->streaming = false;
    node->n_done = 0;
    for (unsigned i = 0; i < node->n_buffers; i++)
        node->buffers[i].state = WITH_USER;
    return 0;
}

/* --- controls --- */

static int query_control(struct handle *handle, void *arg)
{
    struct v4l2_queryctrl *query = arg;
    int index = control_index(handle->node, query->id);
    if (index < 0)
        return -EINVAL;
    *query = handle->node->model->controls[index];
    return 0;
}

static int query_menu(struct handle *handle, void *arg)
{
    struct v4l2_querymenu *item = arg;
    return item->index < 32 && handle->node->model->exposure_menu >> item->index & 1 ? 0 : -EINVAL;
}

static int get_control(struct handle *handle, void *arg)
{
    struct v4l2_control *control = arg;
    int index = control_index(handle->node, control->id);
    if (index < 0)
        return -EINVAL;
    control->value = handle->node->values[index];
    return 0;
}

static int set_control(struct handle *handle, void *arg)
{
    struct v4l2_control *control = arg;
    int index = control_index(handle->node, control->id);
    if (index < 0)
        return -EINVAL;
    const struct v4l2_queryctrl *query = &handle->node->model->controls[index];
    if (handle->node->quirks.control_error)
        return handle->node->quirks.control_error;
    if (control->value < query->minimum || control->value > query->maximum)
        return -ERANGE;
    handle->node->values[index] = control->value;
    return 0;
}

static int subscribe(struct handle *handle, void *arg)
{
    struct v4l2_event_subscription *subscription = arg;
    int index = control_index(handle->node, subscription->id);
    if (handle->node->quirks.no_events || subscription->type != V4L2_EVENT_CTRL || index < 0)
        return -EINVAL;
    handle->subscribed[index] = true;
    return 0;
}

static int dequeue_event(struct handle *handle, void *arg)
{
    struct v4l2_event *event = arg;
    for (unsigned i = 0; i < CONTROLS; i++) {
        if (!handle->changed[i])
            continue;
        handle->changed[i] = false;
        event->type = V4L2_EVENT_CTRL;
        event->id = handle->node->model->controls[i].id;
        event->u.ctrl.changes = V4L2_EVENT_CTRL_CH_VALUE;
        return 0;
    }
    return -ENOENT;
}

/* --- calls --- */

static const struct {
    unsigned long request;
    int (*func)(struct handle *handle, void *arg);
} calls[] = {
    {VIDIOC_QUERYCAP, query_capabilities}, {VIDIOC_ENUM_FMT, enum_format},
    {VIDIOC_ENUM_FRAMESIZES, enum_size},   {VIDIOC_ENUM_FRAMEINTERVALS, enum_interval},
    {VIDIOC_TRY_FMT, try_format},          {VIDIOC_S_FMT, set_format},
    {VIDIOC_G_PARM, get_parameters},       {VIDIOC_S_PARM, set_parameters},
    {VIDIOC_REQBUFS, request_buffers},     {VIDIOC_QUERYBUF, query_buffer},
    {VIDIOC_QBUF, queue_buffer},           {VIDIOC_DQBUF, dequeue_buffer},
    {VIDIOC_STREAMON, stream_on},          {VIDIOC_STREAMOFF, stream_off},
    {VIDIOC_QUERYCTRL, query_control},     {VIDIOC_QUERYMENU, query_menu},
    {VIDIOC_G_CTRL, get_control},          {VIDIOC_S_CTRL, set_control},
    {VIDIOC_SUBSCRIBE_EVENT, subscribe},   {VIDIOC_DQEVENT, dequeue_event},
};

static struct handle *handle_of(int fd)
{
    g_assert_cmpint(fd, >=, FIRST_FD);
    g_assert_cmpint(fd, <, FIRST_FD + HANDLES);
    g_assert_nonnull(handles[fd - FIRST_FD].node);
    return &handles[fd - FIRST_FD];
}

static struct node *node_of(const char *path)
{
    unsigned number;
    return sscanf(path, "/dev/video%u", &number) == 1 && number < FAKE_NODES &&
                   nodes[number].present
               ? &nodes[number]
               : NULL;
}

static int fake_open(const char *path)
{
    struct node *node = node_of(path);
    if (fails_now())
        return -EIO;
    if (!node)
        return -ENOENT;
    if (node->forbidden)
        return node->forbidden;
    for (unsigned i = 0; i < HANDLES; i++)
        if (!handles[i].node && !handles[i].lingers) {
            handles[i] = (struct handle){.node = node};
            return FIRST_FD + i;
        }
    g_assert_not_reached();
}

static void fake_close(int fd)
{
    struct handle *handle = handle_of(fd);
    for (unsigned i = 0; i < handle->node->n_buffers; i++)
        handle->lingers |= handle->node->owner == handle && handle->node->buffers[i].mapping;
    if (handle->node->owner == handle && !handle->lingers)
        drop_buffers(handle->node);
    handle->node = NULL;
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
    struct handle *handle = handle_of(fd);
    if (handle->pulled)
        return -ENODEV;
    if (fails_now())
        return -EIO;
    for (unsigned i = 0; i < G_N_ELEMENTS(calls); i++)
        if (calls[i].request == request)
            return calls[i].func(handle, arg);
    g_error("ioctl %#lx is not expected", request);
}

static void *fake_map(int fd, size_t length, uint32_t offset)
{
    struct node *node = handle_of(fd)->node;
    if (fails_now())
        return NULL;
    g_assert_true(node->owner == handle_of(fd));
    g_assert_cmpuint(length, ==, node->length);
    g_assert_cmpuint(offset >> 12, <, node->n_buffers);
    uint8_t *start = g_malloc(length); /* of just that size: for ASan */
    node->buffers[offset >> 12].mapping = start;
    g_hash_table_insert(mappings, start, GSIZE_TO_POINTER(length));
    return start;
}

static void fake_unmap(void *start, size_t length)
{
    g_assert_true(GPOINTER_TO_SIZE(g_hash_table_lookup(mappings, start)) == length);
    for (unsigned n = 0; n < FAKE_NODES; n++)
        for (unsigned i = 0; i < FAKE_BUFFERS; i++)
            if (nodes[n].buffers[i].mapping == start)
                nodes[n].buffers[i].mapping = NULL;
    g_hash_table_remove(mappings, start);
    g_free(start);
}

static short fake_poll(int fd, short events)
{
    struct handle *handle = handle_of(fd);
    short ready = handle->pulled         ? POLLERR | POLLHUP | POLLPRI
                  : handle->node->broken ? POLLERR
                  : handle->node->n_done ? POLLIN
                                         : 0;
    for (unsigned i = 0; i < CONTROLS; i++)
        ready |= handle->changed[i] ? POLLPRI : 0;
    return ready & (events | POLLERR | POLLHUP);
}

static size_t fake_nodes(unsigned *ret_numbers, size_t max)
{
    size_t n = 0;
    for (unsigned i = 0; i < FAKE_NODES && n < max; i++)
        if (nodes[i].present)
            ret_numbers[n++] = i;
    return n;
}

static void fake_attribute(const char *path, const char *name, char *ret_text, size_t size)
{
    const struct node *node = node_of(path);
    const char *text = !node                               ? NULL
                       : !strcmp(name, "index")            ? node->model->index
                       : !strcmp(name, "name")             ? node->model->card
                       : !strcmp(name, "device/../serial") ? node->model->serial
                                                           : NULL;
    g_strlcpy(ret_text, text ? text : "", size);
}

const struct vcam_v4l2_io fake_v4l2 = {
    .open = fake_open,
    .close = fake_close,
    .ioctl = fake_ioctl,
    .map = fake_map,
    .unmap = fake_unmap,
    .poll = fake_poll,
    .nodes = fake_nodes,
    .attribute = fake_attribute,
};
