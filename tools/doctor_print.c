/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The checklist: for people, with a tick or a cross, and for programs. */
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "tools/doctor.h"

#define MB 1e6

static const struct {
    const char *name, *sign, *plain, *colour;
} states[] = {
    [DOCTOR_GOOD] = {"good", "✓", "+", "\033[32m"},
    [DOCTOR_NOTE] = {"note", "·", "-", ""},
    [DOCTOR_BAD] = {"bad", "✗", "X", "\033[31m"},
    [DOCTOR_UNKNOWN] = {"unknown", "?", "?", "\033[33m"},
};

/* ---- for people ---- */

static void print_remedy(const char *remedy)
{
    g_auto(GStrv) lines = g_strsplit(remedy ? remedy : "", "\n", -1);
    for (guint i = 0; lines[i]; i++)
        printf("      %s\n", lines[i]);
}

static void print_mode(const struct doctor_mode *m)
{
    const char *name = vcam_format_info(m->mode.fourcc)->name;
    g_autofree char *size = g_strdup_printf("%ux%u", m->mode.wWidth, m->mode.wHeight);
    printf("      %-10s %-6s %3.4g: %s, needs %s%.1f MB/s\n", size, name, vcam_mode_fps(&m->mode),
           m->runs ? "yes" : "no",
           vcam_format_info(m->mode.fourcc)->payload == VCAM_UNCOMPRESSED ? "" : "about ",
           m->needs / MB);
}

void doctor_print(const GArray *findings, const GArray *modes, gboolean colour)
{
    gboolean utf8 = g_get_charset(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const struct doctor_finding *f = &g_array_index(findings, struct doctor_finding, i);
        const char *sign = utf8 ? states[f->state].sign : states[f->state].plain;
        gboolean paint = colour && *states[f->state].colour;
        printf("%s%s%s %s: %s\n", paint ? states[f->state].colour : "", sign,
               paint ? "\033[0m" : "", f->title, f->text);
        if (f->remedy)
            print_remedy(f->remedy);
    }
    for (guint i = 0; i < modes->len; i++)
        print_mode(&g_array_index(modes, struct doctor_mode, i));
}

/* ---- for programs ---- */

static void set_string(JsonObject *object, const char *name, const char *text)
{
    if (text)
        json_object_set_string_member(object, name, text);
    else
        json_object_set_null_member(object, name);
}

static JsonArray *json_findings(const GArray *findings)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < findings->len; i++) {
        const struct doctor_finding *f = &g_array_index(findings, struct doctor_finding, i);
        JsonObject *object = json_object_new();
        set_string(object, "check", f->check);
        set_string(object, "state", states[f->state].name);
        set_string(object, "text", f->text);
        set_string(object, "remedy", f->remedy);
        json_array_add_object_element(array, object);
    }
    return array;
}

static JsonArray *json_modes(const GArray *modes)
{
    JsonArray *array = json_array_new();
    for (guint i = 0; i < modes->len; i++) {
        const struct doctor_mode *m = &g_array_index(modes, struct doctor_mode, i);
        JsonObject *object = json_object_new();
        set_string(object, "format", vcam_format_info(m->mode.fourcc)->name);
        json_object_set_int_member(object, "width", m->mode.wWidth);
        json_object_set_int_member(object, "height", m->mode.wHeight);
        json_object_set_int_member(object, "interval", m->mode.dwFrameInterval);
        json_object_set_int_member(object, "needs", (gint64)m->needs);
        json_object_set_boolean_member(object, "runs", m->runs);
        json_array_add_object_element(array, object);
    }
    return array;
}

void doctor_print_json(const GArray *findings, const GArray *modes)
{
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    JsonObject *object = json_object_new();
    json_object_set_array_member(object, "checks", json_findings(findings));
    json_object_set_array_member(object, "formats", json_modes(modes));
    json_node_take_object(root, object);
    g_autofree char *text = json_to_string(root, TRUE);
    puts(text);
}
