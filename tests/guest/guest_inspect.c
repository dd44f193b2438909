/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guest tests: programs that other people wrote look at the camera from inside the guest. */
#include "tests/guest/guest_tests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS       "pattern --size 320x240,640x480 --fps 15,30"
#define BRIGHTNESS_ID 0x980900 /* V4L2_CID_BRIGHTNESS */

/* Runs it in the guest's shell; its output may say that it failed. */
static char *run_shell(Session *session, GError **error, const char *command)
{
    return agent_run(vm_agent(session->vm), 120000, error, "sh { %s ; } 2>&1; true", command);
}

static char *first_line_with(const char *text, const char *const *words)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++)
        for (guint k = 0; words[k]; k++)
            if (strcasestr(lines[i], words[k]))
                return g_strdup(g_strstrip(lines[i]));
    return NULL;
}

static void keep(const char *name, const char *text)
{
    g_autofree char *path = g_strdup_printf("%s/%s.txt", harness_logs(), name);
    g_file_set_contents(path, text, -1, NULL);
}

static gboolean run_lsusb(const GuestTest *test, Session *session, GString *note, GError **error)
{
    static const char *const complaints[] = {"warning",  "invalid", "can't",     "couldn't",
                                             "cannot",   "error ",  "unrecogni", "junk",
                                             "bad desc", "unknown", "too short", NULL};
    static const char *const expected[] = {"bInterfaceProtocol", NULL};
    if (!session_plug(session, "lsusb", test->data, VM_XHCI, error))
        return FALSE;
    g_autofree char *text = run_shell(session, error,
                                      "d=/sys/class/video4linux/video0/device/..; "
                                      "lsusb -v -s $(cat $d/busnum):$(cat $d/devnum)");
    if (!text)
        return FALSE;
    keep(strstr(test->data, "super") ? "lsusb-super" : "lsusb", text);
    g_autofree char *complaint = first_line_with(text, complaints);
    g_autofree char *content = first_line_with(text, expected);
    if (complaint || !content || !strstr(text, "VideoStreaming"))
        return fail(error, "lsusb: %s", complaint ? complaint : "nothing about the camera");
    g_string_append_printf(note, "%u bytes of description", (guint)strlen(text));
    return session_unplug(session, error);
}

/* A failure that no camera can cause: the tool expects EINVAL of STREAMON without buffers. uvcvideo
   gives the queue up at REQBUFS(0), and its STREAMON then says EBUSY before it looks at the buffers
   or talks to the camera. The agent sees the same from the same two calls. */
#define NO_BUFFERS_FAILURE "node->streamon(q.g_type()) != EINVAL"

static gboolean driver_says_busy(Session *session)
{
    g_autofree char *text =
        agent_run(vm_agent(session->vm), 10000, NULL, "streamon %s", session->device);
    return text && atoi(text) == EBUSY;
}

static gboolean run_compliance(const GuestTest *test, Session *session, GString *note,
                               GError **error)
{
    if (!session_plug(session, "compliance", test->data, VM_XHCI, error))
        return FALSE;
    g_autofree char *command =
        g_strdup_printf("v4l2-compliance --color never -s 10 -d %s", session->device);
    g_autofree char *text = run_shell(session, error, command);
    if (!text)
        return FALSE;
    keep("v4l2-compliance", text);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    guint passed = 0, excused = 0;
    gboolean says_busy = driver_says_busy(session);
    for (guint i = 0; lines[i]; i++) {
        passed += g_str_has_suffix(lines[i], ": OK");
        if (says_busy && strstr(lines[i], "fail: ") && strstr(lines[i], NO_BUFFERS_FAILURE))
            excused++;
        else if (strstr(lines[i], "fail: "))
            return fail(error, "v4l2-compliance: %s", g_strstrip(lines[i]));
    }
    if (!passed || !strstr(text, "Total for "))
        return fail(error, "v4l2-compliance did not run to its end");
    g_string_append_printf(note, "%u passed, %u the driver's own", passed, excused);
    return session_unplug(session, error);
}

/* The mean of the luma of a frame. */
static gboolean read_luma(Session *session, double *ret_mean, GError **error)
{
    StreamOrder order = {.fourcc = "YUYV",
                         .width = 320,
                         .height = 240,
                         .interval = 333333,
                         .frames = 8,
                         .hash_each = 1,
                         .save = 8};
    Outcome outcome;
    g_autoptr(GBytes) picture = NULL;
    if (!session_stream(session, &order, &outcome, &picture, error) ||
        !check_intact(session, &outcome, order.frames, error))
        return FALSE;
    if (!picture)
        return fail(error, "no picture came");
    gsize size;
    const guint8 *bytes = g_bytes_get_data(picture, &size);
    double sum = 0;
    for (gsize i = 0; i < size; i += 2)
        sum += bytes[i];
    *ret_mean = sum / (size / 2);
    return TRUE;
}

static gboolean set_brightness(Session *session, int value, GError **error)
{
    g_autofree char *text = agent_run(vm_agent(session->vm), WAIT_MS, error, "set %s %d %d",
                                      session->device, BRIGHTNESS_ID, value);
    if (text && atoi(text) != value)
        return fail(error, "brightness is %s after it was set to %d", text, value);
    return text != NULL;
}

static gboolean run_brightness(const GuestTest *test, Session *session, GString *note,
                               GError **error)
{
    double dark, bright;
    int value, minimum, maximum;
    if (!session_plug(session, "brightness", test->data, VM_XHCI, error))
        return FALSE;
    g_autofree char *range = agent_run(vm_agent(session->vm), WAIT_MS, error, "control %s %d",
                                       session->device, BRIGHTNESS_ID);
    if (!range)
        return FALSE;
    if (sscanf(range, "%d %d %d", &value, &minimum, &maximum) != 3 || minimum >= maximum)
        return fail(error, "brightness: %s", range);
    if (!set_brightness(session, minimum, error) || !read_luma(session, &dark, error) ||
        !set_brightness(session, maximum, error) || !read_luma(session, &bright, error))
        return FALSE;
    if (bright < dark + 20)
        return fail(error, "mean luma %.0f at brightness %d, %.0f at %d", dark, minimum, bright,
                    maximum);
    g_string_append_printf(note, "luma %.0f to %.0f", dark, bright);
    return session_unplug(session, error);
}

static const GuestTest tests[] = {
    {"lsusb -v has no complaint, high speed", run_lsusb, OPTIONS},
    {"lsusb -v has no complaint, high speed iso", run_lsusb, OPTIONS " --transfer iso"},
    {"lsusb -v has no complaint, super speed", run_lsusb, OPTIONS " --speed super"},
    {"v4l2-compliance finds no failure", run_compliance, OPTIONS},
    {"brightness set in the guest reaches the picture", run_brightness, OPTIONS},
};

const GuestTestTable inspect_tests = {tests, G_N_ELEMENTS(tests)};
