/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What make bench-link has measured, as a picture: small panels side by side, one for each
   bandwidth and loss, over the round trip. */
#include <math.h>

#include "tests/bench/link.h"

#define PANEL_WIDTH  230
#define PANEL_HEIGHT 150
#define LEFT         60
#define TOP          90
#define GAP_X        30
#define GAP_Y        56

#define LEGEND_COLUMNS 5
#define LEGEND_WIDTH   155

/* One of the two things that are drawn. */
typedef struct {
    const char *title;
    double (*value)(const LinkFigures *figures);
    double low, high;
    gboolean logarithmic;
    gboolean with_plain; /* plain TCP has it too */
    double ticks[5];
    guint n_ticks;
} Axis;

static double fps_of(const LinkFigures *figures)
{
    return figures->fps;
}

static double delay_of(const LinkFigures *figures)
{
    return figures->p50_ms;
}

static const Axis axes[] = {
    {"frames/s", fps_of, 0, 32, FALSE, TRUE, {0, 10, 20, 30}, 4},
    {"ms, median", delay_of, 1, 10000, TRUE, FALSE, {1, 10, 100, 1000, 10000}, 5},
};

typedef struct {
    GString *svg;
    const LinkResults *results;
    const Axis *axis;
    guint mbit, loss_percent; /* of this panel */
    double x, y;              /* its upper left corner */
} Panel;

/* The different values of a field of all shapes, in their order. */
static GArray *values_of(const LinkResults *results, gsize field)
{
    GArray *values = g_array_new(FALSE, FALSE, sizeof(guint));
    for (guint s = 0; s < results->n_shapes; s++) {
        guint value = G_STRUCT_MEMBER(guint, &results->shapes[s], field), i = 0;
        while (i < values->len && g_array_index(values, guint, i) != value)
            i++;
        if (i == values->len)
            g_array_append_val(values, value);
    }
    return values;
}

static double y_of(const Panel *panel, double value)
{
    const Axis *axis = panel->axis;
    value = CLAMP(value, axis->low, axis->high);
    double share = axis->logarithmic ? log(value / axis->low) / log(axis->high / axis->low)
                                     : (value - axis->low) / (axis->high - axis->low);
    return panel->y + PANEL_HEIGHT * (1 - share);
}

/* Round trips are equally far apart, whatever they are. */
static double x_of(const Panel *panel, guint index, guint count)
{
    return panel->x + PANEL_WIDTH * (index + 0.5) / count;
}

static void draw_frame(const Panel *panel)
{
    g_autoptr(GArray) trips = values_of(panel->results, G_STRUCT_OFFSET(LinkShape, round_trip_ms));
    g_string_append_printf(
        panel->svg, "<text x='%.1f' y='%.1f' class='title'>%u Mbit/s, %u %% lost</text>\n",
        panel->x + PANEL_WIDTH / 2.0, panel->y - 6, panel->mbit, panel->loss_percent);
    for (guint i = 0; i < panel->axis->n_ticks; i++) {
        double y = y_of(panel, panel->axis->ticks[i]);
        g_string_append_printf(panel->svg,
                               "<path d='M%.1f %.1fh%d' class='grid'/>"
                               "<text x='%.1f' y='%.1f' class='tick'>%g</text>\n",
                               panel->x, y, PANEL_WIDTH, panel->x - 5, y + 4,
                               panel->axis->ticks[i]);
    }
    for (guint i = 0; i < trips->len; i++)
        g_string_append_printf(panel->svg, "<text x='%.1f' y='%.1f' class='trip'>%u ms</text>\n",
                               x_of(panel, i, trips->len), panel->y + PANEL_HEIGHT + 14,
                               g_array_index(trips, guint, i));
}

static gboolean find_shape(const Panel *panel, guint round_trip_ms, guint *ret_shape)
{
    for (guint s = 0; s < panel->results->n_shapes; s++) {
        const LinkShape *shape = &panel->results->shapes[s];
        if (shape->mbit == panel->mbit && shape->loss_percent == panel->loss_percent &&
            shape->round_trip_ms == round_trip_ms) {
            *ret_shape = s;
            return TRUE;
        }
    }
    return FALSE;
}

static void draw_point(const Panel *panel, const LinkWay *way, const LinkFigures *f, double x,
                       GString *line)
{
    double y = y_of(panel, panel->axis->value(f));
    g_string_append_printf(line, "%s%.1f %.1f", line->len ? "L" : "M", x, y);
    if (way->command)
        g_string_append_printf(panel->svg, "<circle cx='%.1f' cy='%.1f' r='3' fill='%s'/>\n", x, y,
                               way->colour);
    if (f->damaged)
        g_string_append_printf(panel->svg, "<circle cx='%.1f' cy='%.1f' r='6' class='damaged'/>\n",
                               x, y);
}

/* Where there is no picture there is no delay. */
static gboolean has_value(const Panel *panel, const LinkFigures *figures)
{
    return figures->measured && (!panel->axis->logarithmic || figures->fps > 0);
}

static const char *dashes(const LinkWay *way)
{
    return way->command ? "" : " stroke-dasharray='5 4'";
}

static void draw_way(const Panel *panel, guint w)
{
    const LinkWay *way = &panel->results->ways[w];
    g_autoptr(GArray) trips = values_of(panel->results, G_STRUCT_OFFSET(LinkShape, round_trip_ms));
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < trips->len; i++) {
        guint s;
        if (find_shape(panel, g_array_index(trips, guint, i), &s) &&
            has_value(panel, link_figures(panel->results, w, s)))
            draw_point(panel, way, link_figures(panel->results, w, s), x_of(panel, i, trips->len),
                       line);
    }
    if (line->len)
        g_string_append_printf(panel->svg, "<path d='%s' stroke='%s' class='line'%s/>\n", line->str,
                               way->colour, dashes(way));
}

/* Of entry i, in rows of LEGEND_COLUMNS. */
static double legend_x(guint i)
{
    return LEFT + i % LEGEND_COLUMNS * LEGEND_WIDTH;
}

static double legend_y(guint i)
{
    return 20 + i / LEGEND_COLUMNS * 18;
}

static void draw_legend(GString *svg, const LinkResults *results)
{
    guint i = 0;
    for (; i < results->n_ways; i++) {
        const LinkWay *way = &results->ways[i];
        g_string_append_printf(svg,
                               "<path d='M%.1f %.1fh22' stroke='%s' class='line'%s/>"
                               "<text x='%.1f' y='%.1f'>%s</text>\n",
                               legend_x(i), legend_y(i), way->colour, dashes(way), legend_x(i) + 27,
                               legend_y(i) + 4, way->name);
    }
    g_string_append_printf(svg,
                           "<circle cx='%.1f' cy='%.1f' r='6' class='damaged'/>"
                           "<text x='%.1f' y='%.1f'>with damaged frames</text>\n",
                           legend_x(i) + 11, legend_y(i), legend_x(i) + 27, legend_y(i) + 4);
}

/* A row of panels for each loss. */
static void draw_axis(GString *svg, const LinkResults *results, const Axis *axis, double top)
{
    g_autoptr(GArray) rates = values_of(results, G_STRUCT_OFFSET(LinkShape, mbit));
    g_autoptr(GArray) losses = values_of(results, G_STRUCT_OFFSET(LinkShape, loss_percent));
    for (guint r = 0; r < losses->len; r++) {
        double y = top + r * (PANEL_HEIGHT + GAP_Y);
        g_string_append_printf(svg,
                               "<text transform='translate(16 %.1f) rotate(-90)' "
                               "class='title'>%s</text>\n",
                               y + PANEL_HEIGHT / 2.0, axis->title);
        for (guint c = 0; c < rates->len; c++) {
            const Panel panel = {svg,
                                 results,
                                 axis,
                                 g_array_index(rates, guint, c),
                                 g_array_index(losses, guint, r),
                                 LEFT + c * (PANEL_WIDTH + GAP_X),
                                 y};
            draw_frame(&panel);
            for (guint w = 0; w < results->n_ways; w++)
                if (results->ways[w].command || axis->with_plain)
                    draw_way(&panel, w);
        }
    }
}

char *link_svg(const LinkResults *results)
{
    g_autoptr(GArray) rates = values_of(results, G_STRUCT_OFFSET(LinkShape, mbit));
    g_autoptr(GArray) losses = values_of(results, G_STRUCT_OFFSET(LinkShape, loss_percent));
    guint block = losses->len * (PANEL_HEIGHT + GAP_Y);
    GString *svg = g_string_new(NULL);
    g_string_append_printf(
        svg,
        "<svg xmlns='http://www.w3.org/2000/svg' width='%u' height='%u' "
        "font-family='sans-serif' font-size='12'>\n"
        "<style>.title,.trip{text-anchor:middle}.tick{text-anchor:end}.trip,.tick{font-size:11px;"
        "fill:#555}.grid{stroke:#ddd;fill:none}.line{fill:none;stroke-width:2}"
        ".damaged{fill:none;stroke:#d00;stroke-width:2}</style>\n"
        "<rect width='100%%' height='100%%' fill='white'/>\n",
        LEFT + rates->len * (PANEL_WIDTH + GAP_X), TOP + (guint)G_N_ELEMENTS(axes) * block);
    draw_legend(svg, results);
    for (guint a = 0; a < G_N_ELEMENTS(axes); a++)
        draw_axis(svg, results, &axes[a], TOP + a * block);
    g_string_append(svg, "</svg>\n");
    return g_string_free(svg, FALSE);
}
