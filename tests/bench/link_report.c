/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What make bench-link has measured, as a table for people and as JSON. */
#include <json-glib/json-glib.h>
#include <string.h>

#include "tests/bench/link.h"

LinkFigures *link_figures(const LinkResults *results, guint way, guint shape)
{
    return &results->figures[way * results->n_shapes + shape];
}

char *link_row_name(const LinkWay *way, const LinkShape *shape)
{
    return g_strdup_printf("%s: %u Mbit/s, %u ms, %u %%", way->name, shape->mbit,
                           shape->round_trip_ms, shape->loss_percent);
}

/* ---- the table ---- */

static void add_head(GString *table, const LinkResults *results)
{
    g_string_append_printf(
        table,
        "MJPEG 1280x720 at %u frames/s, %u bytes a frame: %.1f MB/s. QEMU with %s, %u "
        "processors.\n"
        "The link is netem between two network namespaces in a client VM, which also has the USB\n"
        "camera to redirect. A row: %u s from the first frame on, up to %u s where packets are\n"
        "lost and the link is long (plain TCP: from its fourth second on). Every frame was "
        "compared\n"
        "byte for byte with what was sent.\n",
        results->fps, results->frame_bytes, results->fps * results->frame_bytes / 1e6,
        results->accelerator, g_get_num_processors(), results->window_s, results->lossy_window_s);
}

static void add_shape(GString *table, const LinkShape *shape)
{
    g_autofree char *title = g_strdup_printf("%u Mbit/s, %u ms, %u %% lost", shape->mbit,
                                             shape->round_trip_ms, shape->loss_percent);
    g_string_append_printf(table, "\n%-28s %6s %8s %6s %6s %14s %8s\n", title, "fps", "damaged",
                           "gap s", "MB/s", "ms p50/p99", "first s");
}

static void add_row(GString *table, const LinkWay *way, const LinkFigures *f)
{
    if (f->why) {
        g_string_append_printf(table, "  %-26s %6.1f  %s\n", way->name, 0.0, f->why);
        return;
    }
    g_string_append_printf(table, "  %-26s %6.1f ", way->name, f->fps);
    if (!way->command) {
        g_string_append_printf(table, "%8s %6s %6.2f\n", "", "", f->mb_per_s);
        return;
    }
    g_autofree char *delay = g_strdup_printf("%.0f/%.0f", f->p50_ms, f->p99_ms);
    g_string_append_printf(table, "%8.0f %6.2f %6.2f %14s %8.1f\n", f->damaged, f->gap_s,
                           f->mb_per_s, delay, f->first_s);
}

char *link_table(const LinkResults *results)
{
    g_autoptr(GString) table = g_string_new(NULL);
    add_head(table, results);
    for (guint s = 0; s < results->n_shapes; s++) {
        gboolean titled = FALSE;
        for (guint w = 0; w < results->n_ways; w++) {
            const LinkFigures *f = link_figures(results, w, s);
            if (!f->measured)
                continue;
            if (!titled)
                add_shape(table, &results->shapes[s]);
            titled = TRUE;
            add_row(table, &results->ways[w], f);
        }
    }
    return g_string_free(g_steal_pointer(&table), FALSE);
}

/* ---- the page ---- */

#define BEGIN "<!-- measured: from here -->\n"
#define END   "<!-- measured: to here -->\n"

gboolean link_write_page(const char *path, const char *table, GError **error)
{
    g_autofree char *page = NULL;
    if (!g_file_get_contents(path, &page, NULL, error))
        return FALSE;
    char *begin = strstr(page, BEGIN), *end = strstr(page, END);
    if (!begin || !end || end < begin) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: no lines '%.*s' and '%.*s'", path,
                    (int)strlen(BEGIN) - 1, BEGIN, (int)strlen(END) - 1, END);
        return FALSE;
    }
    *begin = 0;
    g_autofree char *new = g_strconcat(page, BEGIN "```\n", table, "```\n", end, NULL);
    return g_file_set_contents(path, new, -1, error);
}

/* ---- JSON ---- */

static const struct {
    const char *name;
    gsize offset;
} shape_fields[] =
    {
        {"mbit_per_s", G_STRUCT_OFFSET(LinkShape, mbit)},
        {"loss_percent", G_STRUCT_OFFSET(LinkShape, loss_percent)},
        {"round_trip_ms", G_STRUCT_OFFSET(LinkShape, round_trip_ms)},
},
  figure_fields[] = {
      {"fps", G_STRUCT_OFFSET(LinkFigures, fps)},
      {"damaged", G_STRUCT_OFFSET(LinkFigures, damaged)},
      {"longest_gap_s", G_STRUCT_OFFSET(LinkFigures, gap_s)},
      {"mb_per_s", G_STRUCT_OFFSET(LinkFigures, mb_per_s)},
      {"latency_p50_ms", G_STRUCT_OFFSET(LinkFigures, p50_ms)},
      {"latency_p99_ms", G_STRUCT_OFFSET(LinkFigures, p99_ms)},
      {"first_frame_s", G_STRUCT_OFFSET(LinkFigures, first_s)},
};

static void add_number(JsonBuilder *json, const char *name, double value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_double_value(json, value);
}

static void build_row(JsonBuilder *json, const LinkWay *way, const LinkShape *shape,
                      const LinkFigures *figures)
{
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "way");
    json_builder_add_string_value(json, way->name);
    for (guint i = 0; i < G_N_ELEMENTS(shape_fields); i++)
        add_number(json, shape_fields[i].name,
                   G_STRUCT_MEMBER(guint, shape, shape_fields[i].offset));
    for (guint i = 0; i < G_N_ELEMENTS(figure_fields); i++)
        add_number(json, figure_fields[i].name,
                   G_STRUCT_MEMBER(double, figures, figure_fields[i].offset));
    if (figures->why) {
        json_builder_set_member_name(json, "no_picture");
        json_builder_add_string_value(json, figures->why);
    }
    json_builder_end_object(json);
}

char *link_json(const LinkResults *results)
{
    g_autoptr(JsonBuilder) json = json_builder_new();
    json_builder_begin_array(json);
    for (guint s = 0; s < results->n_shapes; s++)
        for (guint w = 0; w < results->n_ways; w++)
            if (link_figures(results, w, s)->measured)
                build_row(json, &results->ways[w], &results->shapes[s],
                          link_figures(results, w, s));
    json_builder_end_array(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    return json_to_string(root, TRUE);
}

static gboolean is_shape(JsonObject *row, const LinkShape *shape)
{
    gboolean same = TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(shape_fields); i++)
        same &= json_object_get_double_member_with_default(row, shape_fields[i].name, -1) ==
                G_STRUCT_MEMBER(guint, shape, shape_fields[i].offset);
    return same;
}

static void take_figures(JsonObject *row, LinkFigures *figures)
{
    g_free(figures->why);
    figures->measured = TRUE;
    figures->why = g_strdup(json_object_get_string_member_with_default(row, "no_picture", NULL));
    for (guint i = 0; i < G_N_ELEMENTS(figure_fields); i++)
        G_STRUCT_MEMBER(double, figures, figure_fields[i].offset) =
            json_object_get_double_member_with_default(row, figure_fields[i].name, 0);
}

static void take_row(JsonArray *array, guint index, JsonNode *node, gpointer user)
{
    LinkResults *results = user;
    JsonObject *row = json_node_get_object(node);
    const char *way = json_object_get_string_member_with_default(row, "way", "");
    (void)array, (void)index;
    for (guint w = 0; w < results->n_ways; w++)
        for (guint s = 0; s < results->n_shapes; s++)
            if (g_str_equal(results->ways[w].name, way) && is_shape(row, &results->shapes[s]))
                take_figures(row, link_figures(results, w, s));
}

gboolean link_read_json(LinkResults *results, const char *path, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    if (!json_parser_load_from_file(parser, path, error))
        return FALSE;
    json_array_foreach_element(json_node_get_array(json_parser_get_root(parser)), take_row,
                               results);
    return TRUE;
}
