/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: uvcvideo reads descriptors as we do. One device of nothing but descriptors after the
   other; the formats, sizes, intervals and controls that the driver then offers must be those of
   our tree, but for a table of known disagreements. */
#include "tests/guest/guest_tests.h"

#include <linux/v4l2-controls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descriptors/json.h"
#include "tests/guest/descriptor_device.h"
#include "tests/unit/descriptors_camera.h"

#define PRESETS "descriptors/presets"

/* ---- what we expect of the driver ---- */

/* A kind that uvcvideo of Linux 6.1 does not know: nothing of it is offered. */
static const struct {
    enum desc_kind kind;
    const char *reason;
} unknown[] = {
    {DESC_KIND_uvc_vs_format_h264, "no format of UVC 1.5"},
    {DESC_KIND_uvc_vs_format_h264_simulcast, "no format of UVC 1.5"},
    {DESC_KIND_uvc_vs_format_vp8, "no format of UVC 1.5"},
    {DESC_KIND_uvc_vs_format_vp8_simulcast, "no format of UVC 1.5"},
    {DESC_KIND_uvc_vs_format_mpeg2ts, "counted, and then read over"},
    {DESC_KIND_uvc_vs_format_stream_based, "counted, and then read over"},
};

static const char *why_unknown(const struct desc_node *node)
{
    for (guint i = 0; i < G_N_ELEMENTS(unknown); i++)
        if (node->type->kind == unknown[i].kind)
            return unknown[i].reason;
    return NULL;
}

/* The controls that a bit of bmControls brings. */
static const struct {
    enum desc_kind kind;
    guint8 bit;
    guint32 ids[2];
} controls[] = {
    {DESC_KIND_uvc_camera_terminal, 1, {V4L2_CID_EXPOSURE_AUTO}},
    {DESC_KIND_uvc_camera_terminal, 2, {V4L2_CID_EXPOSURE_AUTO_PRIORITY}},
    {DESC_KIND_uvc_camera_terminal, 3, {V4L2_CID_EXPOSURE_ABSOLUTE}},
    {DESC_KIND_uvc_camera_terminal, 5, {V4L2_CID_FOCUS_ABSOLUTE}},
    {DESC_KIND_uvc_camera_terminal, 7, {V4L2_CID_IRIS_ABSOLUTE}},
    {DESC_KIND_uvc_camera_terminal, 8, {V4L2_CID_IRIS_RELATIVE}},
    {DESC_KIND_uvc_camera_terminal, 9, {V4L2_CID_ZOOM_ABSOLUTE}},
    {DESC_KIND_uvc_camera_terminal, 10, {V4L2_CID_ZOOM_CONTINUOUS}},
    {DESC_KIND_uvc_camera_terminal, 11, {V4L2_CID_PAN_ABSOLUTE, V4L2_CID_TILT_ABSOLUTE}},
    {DESC_KIND_uvc_camera_terminal, 12, {V4L2_CID_PAN_SPEED, V4L2_CID_TILT_SPEED}},
    {DESC_KIND_uvc_camera_terminal, 17, {V4L2_CID_FOCUS_AUTO}},
    {DESC_KIND_uvc_camera_terminal, 18, {V4L2_CID_PRIVACY}},
    {DESC_KIND_uvc_processing_unit, 0, {V4L2_CID_BRIGHTNESS}},
    {DESC_KIND_uvc_processing_unit, 1, {V4L2_CID_CONTRAST}},
    {DESC_KIND_uvc_processing_unit, 2, {V4L2_CID_HUE}},
    {DESC_KIND_uvc_processing_unit, 3, {V4L2_CID_SATURATION}},
    {DESC_KIND_uvc_processing_unit, 4, {V4L2_CID_SHARPNESS}},
    {DESC_KIND_uvc_processing_unit, 5, {V4L2_CID_GAMMA}},
    {DESC_KIND_uvc_processing_unit, 6, {V4L2_CID_WHITE_BALANCE_TEMPERATURE}},
    {DESC_KIND_uvc_processing_unit, 7, {V4L2_CID_BLUE_BALANCE, V4L2_CID_RED_BALANCE}},
    {DESC_KIND_uvc_processing_unit, 8, {V4L2_CID_BACKLIGHT_COMPENSATION}},
    {DESC_KIND_uvc_processing_unit, 9, {V4L2_CID_GAIN}},
    {DESC_KIND_uvc_processing_unit, 10, {V4L2_CID_POWER_LINE_FREQUENCY}},
    {DESC_KIND_uvc_processing_unit, 11, {V4L2_CID_HUE_AUTO}},
    {DESC_KIND_uvc_processing_unit, 12, {V4L2_CID_AUTO_WHITE_BALANCE}},
    {DESC_KIND_uvc_processing_unit, 13, {V4L2_CID_AUTO_WHITE_BALANCE}},
};

/* Where V4L2's name of a format is not the first four bytes of its GUID. */
static const char *const fourccs[][2] = {
    {"YUY2", "YUYV"}, {"I420", "YU12"}, {"Y800", "GREY"}, {"H265", "HEVC"}};

static char *fourcc_of(const struct desc_node *node)
{
    const struct uvc_vs_format_uncompressed *plain = DESC_CAST(uvc_vs_format_uncompressed, node);
    const struct uvc_vs_format_frame_based *based = DESC_CAST(uvc_vs_format_frame_based, node);
    const guint8 *guid = plain ? plain->guidFormat : based ? based->guidFormat : NULL;

    if (!guid)
        return g_strdup(node->type->kind == DESC_KIND_uvc_vs_format_mjpeg ? "MJPG" : "?");
    for (guint i = 0; i < G_N_ELEMENTS(fourccs); i++)
        if (memcmp(guid, fourccs[i][0], 4) == 0)
            return g_strdup(fourccs[i][1]);
    return g_strndup((const char *)guid, 4);
}

static guint64 field(const struct desc_node *node, const char *name)
{
    for (guint i = 0; i < node->type->n_wire; i++)
        if (strcmp(node->type->rows[i].name, name) == 0)
            return desc_get(node, &node->type->rows[i], 0);
    return 0;
}

static gboolean same_size(const struct desc_node *a, const struct desc_node *b)
{
    return a->type->group == DESC_GROUP_VS_FRAME && b->type->group == DESC_GROUP_VS_FRAME &&
           field(a, "wWidth") == field(b, "wWidth") && field(a, "wHeight") == field(b, "wHeight");
}

/* Of a range the agent tells the shortest alone. */
static void append_intervals(GString *line, const struct desc_node *frame)
{
    const struct desc_row *row = &frame->type->rows[frame->type->n_wire - 1];
    gsize n = field(frame, "bFrameIntervalType") ? desc_elements(frame, row) : 1;
    for (gsize i = 0; i < n; i++)
        g_string_append_printf(line, " %" G_GUINT64_FORMAT, desc_get(frame, row, i));
}

/* "YUYV 640 480 333333 666666", as the agent says it. V4L2 has no frame but its size: all frames of
   one size in a format are one, with the intervals of all. */
static char *size_line(const char *fourcc, const struct desc_node *frame)
{
    GString *line = g_string_new(fourcc);
    g_string_append_printf(line, " %u %u", (guint)field(frame, "wWidth"),
                           (guint)field(frame, "wHeight"));
    for (struct desc_node *other = frame->parent->first; other; other = other->next)
        if (same_size(other, frame))
            append_intervals(line, other);
    return g_string_free(line, FALSE);
}

static void add_lines(GPtrArray *lines, const struct desc_node *format)
{
    const char *reason = why_unknown(format);
    g_autofree char *fourcc = fourcc_of(format);

    if (reason)
        printf("# not in the guest: byte %u, %s: %s\n", format->offset, format->type->text->tag,
               reason);
    for (struct desc_node *frame = format->first, *last = NULL; frame && !reason;
         last = frame, frame = frame->next)
        if (frame->type->group == DESC_GROUP_VS_FRAME && !(last && same_size(last, frame)))
            g_ptr_array_add(lines, size_line(fourcc, frame));
}

/* The device, without what it is at other speeds. */
static const struct desc_node *device_of(const struct desc_tree *tree)
{
    return desc_tree_root((struct desc_tree *)tree)->arrDescs.first;
}

/* An array a streaming interface of which the driver knows a format, in it a line a frame. */
static GPtrArray *expected_streams(const struct desc_tree *tree)
{
    GPtrArray *streams = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    const struct desc_node *top = device_of(tree);

    for (struct desc_node *node = desc_next(top, top); node; node = desc_next(node, top)) {
        if (node->type->kind != DESC_KIND_uvc_vs_input_header)
            continue;
        GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
        for (struct desc_node *format = node->first; format; format = format->next)
            if (format->type->group == DESC_GROUP_VS_FORMAT)
                add_lines(lines, format);
        if (lines->len)
            g_ptr_array_add(streams, lines);
        else
            g_ptr_array_unref(lines);
    }
    return streams;
}

static void add_controls(GHashTable *ids, const struct desc_node *node)
{
    const struct uvc_camera_terminal *camera = DESC_CAST(uvc_camera_terminal, node);
    const struct uvc_processing_unit *unit = DESC_CAST(uvc_processing_unit, node);
    const guint8 *bits = camera ? camera->bmControls : unit ? unit->bmControls : NULL;
    guint n_bits = 8 * (camera ? camera->n_bmControls : unit ? unit->n_bmControls : 0);

    for (guint i = 0; bits && i < G_N_ELEMENTS(controls); i++) {
        guint bit = controls[i].bit;
        if (controls[i].kind != node->type->kind || bit >= n_bits ||
            !(bits[bit / 8] & 1 << bit % 8))
            continue;
        for (guint k = 0; k < 2 && controls[i].ids[k]; k++)
            g_hash_table_add(ids, GUINT_TO_POINTER(controls[i].ids[k]));
    }
}

/* ---- what the guest says ---- */

/* Intervals come as fractions that the kernel made simple: 1/30 for 333333 and for 333330. */
static gboolean same_line(const char *ours, const char *theirs)
{
    g_auto(GStrv) a = g_strsplit(ours, " ", -1), b = g_strsplit(theirs, " ", -1);
    if (g_strv_length(a) != g_strv_length(b))
        return FALSE;
    for (guint i = 0; a[i]; i++) {
        guint64 x = g_ascii_strtoull(a[i], NULL, 10), y = g_ascii_strtoull(b[i], NULL, 10);
        guint64 apart = x > y ? x - y : y - x;
        if (i < 3 ? strcmp(a[i], b[i]) != 0 : apart * 1000 > x)
            return FALSE;
    }
    return TRUE;
}

/* TRUE where each line is on the other side too. */
static gboolean same_lines(const GPtrArray *ours, GStrv theirs, GError **error)
{
    guint n_theirs = g_strv_length(theirs);
    for (guint i = 0; i < MAX(ours->len, n_theirs); i++) {
        const char *our = i < ours->len ? ours->pdata[i] : "nothing";
        const char *their = i < n_theirs ? theirs[i] : "nothing";
        if (!same_line(our, their))
            return fail(error, "ours '%s', the guest's '%s'", our, their);
    }
    return TRUE;
}

static char *ask(Session *session, GError **error, const char *command)
{
    return agent_run(vm_agent(session->vm), WAIT_MS, error, "%s", command);
}

/* The agent's lines for each node that captures, waited for until there are n. */
static GPtrArray *wait_streams(Session *session, guint n, GPtrArray *ret_devices, GError **error)
{
    gint64 deadline = g_get_monotonic_time() + WAIT_MS * 1000;
    GPtrArray *streams = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);

    for (;;) {
        g_autofree char *list = ask(session, error, "sh ls /sys/class/video4linux");
        if (!list)
            break;
        g_auto(GStrv) names = g_strsplit_set(g_strstrip(list), "\n ", -1);
        g_ptr_array_set_size(streams, 0);
        g_ptr_array_set_size(ret_devices, 0);
        for (guint i = 0; names[i]; i++) {
            g_autofree char *command = g_strdup_printf("formats /dev/%s", names[i]);
            g_autofree char *text =
                g_str_has_prefix(names[i], "video") ? ask(session, NULL, command) : NULL;
            char *end = text ? strrchr(text, '\n') : NULL;
            if (!end)
                continue; /* metadata */
            *end = '\0';  /* the count */
            g_ptr_array_add(streams, g_strsplit(text, "\n", -1));
            g_ptr_array_add(ret_devices, g_strdup_printf("/dev/%s", names[i]));
        }
        if (streams->len >= n || g_get_monotonic_time() > deadline)
            break;
        g_usleep(100000);
    }
    return streams;
}

static gboolean check_formats(const GPtrArray *ours, const GPtrArray *theirs, guint *ret_lines,
                              GError **error)
{
    if (ours->len != theirs->len)
        return fail(error, "%u streams, the guest has %u", ours->len, theirs->len);
    for (guint i = 0; i < ours->len; i++) {
        const GPtrArray *lines = ours->pdata[i];
        if (!same_lines(lines, theirs->pdata[i], error))
            return FALSE;
        *ret_lines += lines->len;
    }
    return TRUE;
}

static gboolean check_controls(Session *session, const struct desc_tree *tree, GPtrArray *devices,
                               guint *ret_n, GError **error)
{
    g_autoptr(GHashTable) ours = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) theirs = g_hash_table_new(NULL, NULL);
    const struct desc_node *top = device_of(tree);
    GHashTableIter iterator;
    gpointer id;

    for (struct desc_node *node = desc_next(top, top); node; node = desc_next(node, top))
        add_controls(ours, node);
    for (guint i = 0; i < devices->len; i++) {
        g_autofree char *command =
            g_strdup_printf("sh v4l2-ctl -d %s --list-ctrls", (char *)devices->pdata[i]);
        g_autofree char *text = ask(session, error, command);
        if (!text)
            return FALSE;
        for (const char *at = text; (at = strstr(at, " 0x00")); at++)
            g_hash_table_add(theirs, GUINT_TO_POINTER(strtoul(at + 1, NULL, 16)));
    }
    for (g_hash_table_iter_init(&iterator, ours); g_hash_table_iter_next(&iterator, &id, NULL);)
        if (!g_hash_table_remove(theirs, id))
            return fail(error, "the guest has no control %#x", GPOINTER_TO_UINT(id));
    g_hash_table_iter_init(&iterator, theirs);
    if (g_hash_table_iter_next(&iterator, &id, NULL))
        return fail(error, "the guest has a control %#x, we have not", GPOINTER_TO_UINT(id));
    *ret_n += g_hash_table_size(ours);
    return TRUE;
}

/* ---- one device after the other ---- */

typedef struct {
    guint devices, frames, controls;
} Totals;

static gboolean check_device(Session *session, const struct desc_tree *tree, Totals *totals,
                             GError **error)
{
    const char *path = vm_address(session->vm, VM_XHCI) + strlen("--to unix:");
    g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) ours = expected_streams(tree);
    DescriptorDevice *device = descriptor_device_plug(tree, path, error);
    if (!device)
        return FALSE;
    g_autoptr(GPtrArray) theirs = wait_streams(session, ours->len, devices, error);
    gboolean good = !(error && *error) && check_formats(ours, theirs, &totals->frames, error) &&
                    check_controls(session, tree, devices, &totals->controls, error);
    descriptor_device_unplug(device);
    g_autofree char *gone = ask(session, good ? error : NULL, "gone uvcvideo 10");
    totals->devices++;
    return good && gone;
}

static gboolean run_builder(const GuestTest *test, Session *session, GString *note, GError **error)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    Totals totals = {0};
    (void)test;
    camera_build(tree);
    gboolean good = desc_derive(tree) == 0 || fail(error, "not derived");
    good = good && check_device(session, tree, &totals, error);
    desc_tree_free(tree);
    g_string_append_printf(note, "%u frames, %u controls", totals.frames, totals.controls);
    return good;
}

static struct desc_tree *read_preset(const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL), *text = NULL;
    struct desc_json_error wrong;
    struct desc_tree *tree;
    gsize size;

    if (!g_file_get_contents(path, &text, &size, error))
        return NULL;
    if (desc_json_read(text, size, &tree, &wrong) == 0)
        return tree;
    fail(error, "%s: %s", path, wrong.text);
    return NULL;
}

/* A real camera: its device descriptor and its configuration. */
static struct desc_tree *read_vector(const char *folder, const char *name, GError **error)
{
    g_autofree char *stem = g_strndup(name, strlen(name) - strlen(".device.bin"));
    g_autofree char *device_path = g_build_filename(folder, name, NULL);
    g_autofree char *config_path = g_strdup_printf("%s/%s.config.bin", folder, stem);
    g_autofree char *device = NULL, *config = NULL;
    gsize device_size, config_size;
    struct desc_tree *tree;

    if (!g_file_get_contents(device_path, &device, &device_size, error) ||
        !g_file_get_contents(config_path, &config, &config_size, error))
        return NULL;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_byte_array_append(bytes, (guint8 *)device, (guint)device_size);
    g_byte_array_append(bytes, (guint8 *)config, (guint)config_size);
    if (desc_parse(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &tree) == 0)
        return tree;
    fail(error, "%s: not parsed", stem);
    return NULL;
}

typedef struct {
    gboolean optional; /* it need not be there */
    const char *folder, *suffix;
    struct desc_tree *(*read)(const char *folder, const char *name, GError **error);
} Cameras;

/* All of a folder; the first that goes wrong ends it, with its name. */
static gboolean run_folder(const GuestTest *test, Session *session, GString *note, GError **error)
{
    const Cameras *cameras = test->data;
    g_autoptr(GDir) dir = g_dir_open(cameras->folder, 0, NULL);
    Totals totals = {0};
    const char *name;

    if (!dir && !cameras->optional)
        return fail(error, "there is no %s", cameras->folder);
    if (!dir)
        g_string_append_printf(note, "# SKIP there is no %s; ", cameras->folder);
    while (dir && (name = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(name, cameras->suffix))
            continue;
        struct desc_tree *tree = cameras->read(cameras->folder, name, error);
        gboolean good = tree && check_device(session, tree, &totals, error);
        desc_tree_free(tree);
        if (!good) {
            g_prefix_error(error, "%s: ", name);
            return FALSE;
        }
    }
    g_string_append_printf(note, "%u devices, %u frames, %u controls", totals.devices,
                           totals.frames, totals.controls);
    return TRUE;
}

/* ---- presets with pictures ---- */

/* What of a line of a node ("YUYV 640 480 333333 666666") a stream is asked with. */
typedef struct {
    char fourcc[8];
    guint width, height, interval;
} Mode;

/* A small size, so that a busy machine keeps up: the first of its format that is no larger than
   640x480, or else its last. */
static GArray *modes_of(GStrv lines)
{
    GArray *modes = g_array_new(FALSE, FALSE, sizeof(Mode));
    for (guint i = 0; lines[i]; i++) {
        Mode mode, *last = modes->len ? &g_array_index(modes, Mode, modes->len - 1) : NULL;
        if (sscanf(lines[i], "%7s %u %u %u", mode.fourcc, &mode.width, &mode.height,
                   &mode.interval) != 4)
            continue;
        if (!last || strcmp(last->fourcc, mode.fourcc) != 0)
            g_array_append_val(modes, mode);
        else if (last->width * last->height > 640 * 480)
            *last = mode;
    }
    return modes;
}

/* The driver asks the camera, and says what it answered. */
static gboolean check_refused(Session *session, const Mode *mode, GError **error)
{
    g_autofree char *command = g_strdup_printf(
        "sh v4l2-ctl -d %s --set-fmt-video=width=%u,height=%u,pixelformat=%s --get-fmt-video",
        session->device, mode->width, mode->height, mode->fourcc);
    g_autofree char *text = ask(session, error, command);
    g_autofree char *unwanted = g_strdup_printf("'%s'", mode->fourcc);
    if (!text)
        return FALSE;
    if (!strstr(text, "Pixel Format") || strstr(text, unwanted))
        return fail(error, "%s, which nobody makes, can be chosen: %s", mode->fourcc, text);
    return TRUE;
}

/* Every format of the node that is plugged in, frames compared with those sent. */
static gboolean check_node(Session *session, GStrv lines, guint *ret_streams, guint *ret_refused,
                           GError **error)
{
    g_autoptr(GArray) modes = modes_of(lines);
    for (guint i = 0; i < modes->len; i++) {
        const Mode *mode = &g_array_index(modes, Mode, i);
        gboolean coded = strcmp(mode->fourcc, "H264") == 0 || strcmp(mode->fourcc, "HEVC") == 0;
        gboolean good = coded ? check_refused(session, mode, error)
                              : check_stream(session, mode->fourcc, mode->width, mode->height,
                                             1e7 / mode->interval, 10, NULL, error);
        if (!good) {
            g_prefix_error(error, "%s %s %ux%u: ", session->device, mode->fourcc, mode->width,
                           mode->height);
            return FALSE;
        }
        ++*(coded ? ret_refused : ret_streams);
    }
    return TRUE;
}

/* While one streams, the other cannot be started, and the first goes on. */
static gboolean check_turns(Session *session, GPtrArray *devices, GError **error)
{
    const StreamOrder order = {"YUYV", 320, 240, 333333, .frames = 45, .hash_each = 1};
    Outcome outcome;
    g_strlcpy(session->device, devices->pdata[0], sizeof(session->device));
    guint stream = session_begin(session, &order);
    if (!session_wait_frames(session, stream, 5, WAIT_MS, error))
        return FALSE;
    g_autofree char *other =
        agent_run(vm_agent(session->vm), WAIT_MS, NULL, "stream %s YUYV 320 240 333333 5 0 1 0",
                  (char *)devices->pdata[1]);
    if (other)
        return fail(error, "both stream at once: %s", other);
    return session_end(session, stream, &order, &outcome, NULL, error) &&
           check_intact(session, &outcome, 45, error);
}

static gboolean run_preset_stream(const GuestTest *test, Session *session, GString *note,
                                  GError **error)
{
    g_autofree char *options =
        g_strdup_printf("pattern --preset " PRESETS "/%s", (char *)test->data);
    g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func(g_free);
    guint n_nodes = g_str_equal(test->data, "two_streams.json") ? 2 : 1, streams = 0, refused = 0;

    if (!session_plug(session, "preset", options, VM_XHCI, error))
        return FALSE;
    session->iso = !g_str_equal(test->data, "superspeed.json");
    g_autoptr(GPtrArray) nodes = wait_streams(session, n_nodes, devices, error);
    if (nodes->len != n_nodes)
        return fail(error, "%u streaming interfaces, the guest has %u", n_nodes, nodes->len);
    for (guint i = 0; i < n_nodes; i++) {
        g_strlcpy(session->device, devices->pdata[i], sizeof(session->device));
        if (!check_node(session, nodes->pdata[i], &streams, &refused, error))
            return FALSE;
    }
    g_string_append_printf(note, "%u formats streamed, %u refused", streams, refused);
    return (n_nodes < 2 || check_turns(session, devices, error)) && session_unplug(session, error);
}

static const Cameras presets = {FALSE, PRESETS, ".json", read_preset};
static const Cameras vectors = {TRUE, "../shared/vectors", ".device.bin", read_vector};

static const GuestTest tests[] = {
    {"uvcvideo reads a built camera as we do", run_builder, NULL},
    {"uvcvideo reads the presets as we do", run_folder, &presets},
    {"uvcvideo reads real cameras as we do", run_folder, &vectors},
    {"preset webcam streams", run_preset_stream, "webcam.json"},
    {"preset h264 streams", run_preset_stream, "h264.json"},
    {"preset uvc15 streams", run_preset_stream, "uvc15.json"},
    {"preset superspeed streams", run_preset_stream, "superspeed.json"},
    {"preset two_streams streams", run_preset_stream, "two_streams.json"},
    {"preset qemu_usb_video_high streams", run_preset_stream, "qemu_usb_video_high.json"},
    {"preset qemu_usb_video_full streams", run_preset_stream, "qemu_usb_video_full.json"},
};

const GuestTestTable descriptor_tests = {tests, G_N_ELEMENTS(tests)};
