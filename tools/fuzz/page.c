/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Curves in SVG, drawn of at most so many points as a screen has columns. */
#include "tools/fuzz/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tools/fuzz/corpus.h"
#include "tools/fuzz/put.h"
#include "tools/fuzz/report.h"

#define WIDTH      640
#define HEIGHT     160
#define MAX_POINTS 640u

/* ---- Samples ---- */

void fuzz_samples_load(GArray *samples, const char *path)
{
    g_autofree char *text = fuzz_read_file(path, FUZZ_MOST_TEXT, NULL, NULL);

    if (!text)
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) words = g_strsplit(*line, ",", -1);
        double numbers[6] = {0};
        guint n = 0;
        for (char *end; n < 6 && words[n] && *words[n]; n++) {
            numbers[n] = g_ascii_strtod(words[n], &end);
            if (*end || !isfinite(numbers[n]))
                break;
        }
        const FuzzSample sample = {numbers[0], numbers[1], numbers[2],
                                   numbers[3], numbers[4], numbers[5]};
        if (n >= 5) /* once there was no code */
            g_array_append_val(samples, sample);
    }
}

gboolean fuzz_samples_append(const FuzzSample *sample, const char *path, GError **error)
{
    FILE *file = fopen(path, "ae");
    gboolean written =
        file && fprintf(file, "%.0f,%.0f,%.0f,%.0f,%.0f,%.0f\n", sample->seconds, sample->cases,
                        sample->behaviours, sample->kept, sample->findings, sample->code) > 0;

    if (file && fclose(file) == 0 && written)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: cannot be written", path);
    return FALSE;
}

/* ---- Curves ---- */

typedef struct {
    const char *title;
    gsize offset;
} Curve;

static const Curve curves[] = {
    {"Cases", G_STRUCT_OFFSET(FuzzSample, cases)},
    {"Behaviours", G_STRUCT_OFFSET(FuzzSample, behaviours)},
    {"Places of the kernel's code", G_STRUCT_OFFSET(FuzzSample, code)},
    {"Cases kept", G_STRUCT_OFFSET(FuzzSample, kept)},
    {"Findings", G_STRUCT_OFFSET(FuzzSample, findings)},
};

static double value_of(const GArray *samples, guint i, gsize offset)
{
    return G_STRUCT_MEMBER(double, &g_array_index(samples, FuzzSample, i), offset);
}

/* At least 1: it is what is divided by. */
static double most_of(const GArray *samples, gsize offset)
{
    double most = 1;
    for (guint i = 0; i < samples->len; i++)
        most = MAX(most, value_of(samples, i, offset));
    return most;
}

static void add_points(GString *page, const GArray *samples, gsize offset, double end, double most)
{
    guint step = samples->len / MAX_POINTS + 1;

    for (guint i = 0; i < samples->len; i++)
        if (i % step == 0 || i + 1 == samples->len)
            g_string_append_printf(
                page, "%d,%d ", (int)(WIDTH * value_of(samples, i, 0) / end),
                (int)(8 + HEIGHT - HEIGHT * value_of(samples, i, offset) / most));
}

static void draw(GString *page, const GArray *samples, const Curve *curve)
{
    double most = most_of(samples, curve->offset);
    double end = most_of(samples, G_STRUCT_OFFSET(FuzzSample, seconds));

    g_string_append_printf(page,
                           "<h3>%s</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" "
                           "aria-label=\"%s over time\">\n<polyline points=\"",
                           curve->title, WIDTH + 80, HEIGHT + 24, curve->title);
    add_points(page, samples, curve->offset, end, most);
    g_string_append_printf(page,
                           "\"/>\n<path d=\"M0 8V%dH%d\"/>\n<text x=\"%d\" y=\"14\">%.0f</text>\n"
                           "<text x=\"%d\" y=\"%d\">%.0f s</text>\n</svg>\n",
                           HEIGHT + 8, WIDTH, WIDTH + 4, most, WIDTH + 4, HEIGHT + 8, end);
}

/* ---- Findings ---- */

static char *title_of(const char *dir, const char *name)
{
    g_autofree char *folder = g_build_filename(dir, "findings", name, NULL);
    g_autofree char *headline = fuzz_report_headline(folder);

    return g_markup_escape_text(headline ? headline : name, -1);
}

static void say_findings(GString *page, const char *dir)
{
    g_autofree char *path = g_build_filename(dir, "findings", NULL);
    g_autoptr(GPtrArray) names = fuzz_list_folder(path, NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *title = title_of(dir, names->pdata[i]);
        g_string_append_printf(page, "%s<li><a href=\"findings/%s/report.md\">%s</a></li>\n%s",
                               i ? "" : "<h2>What was found</h2>\n<ul>\n", (char *)names->pdata[i],
                               title, i + 1 == names->len ? "</ul>\n" : "");
    }
    if (names->len == 0)
        g_string_append(page, "<p>Nothing was found.</p>\n");
}

/* ---- A campaign ---- */

/* As its first job wrote it down. */
static char *target_of(const char *dir, const char *name)
{
    g_autofree char *job = g_strdup_printf("%s-1", name);
    g_autofree char *path = g_build_filename(dir, job, "fuzzer_stats", NULL);
    g_autofree char *text = fuzz_read_file(path, FUZZ_MOST_TEXT, NULL, NULL);
    g_autofree char *target = text ? fuzz_stats_value(text, "target") : NULL;

    return g_markup_escape_text(target ? target : "not known", -1);
}

static void say_campaign(GString *page, const char *dir, const char *name, const GArray *samples)
{
    g_autofree char *target = target_of(dir, name), *shown = g_markup_escape_text(name, -1);
    const FuzzSample *last = &g_array_index(samples, FuzzSample, samples->len - 1);

    g_string_append_printf(page,
                           "<h2>%s</h2>\n<p>Target: %s. %.0f cases in %.0f seconds (%.1f a "
                           "second), %.0f behaviours, %.0f cases kept, %.0f findings.</p>\n",
                           shown, target, last->cases, last->seconds,
                           last->cases / MAX(last->seconds, 1), last->behaviours, last->kept,
                           last->findings);
    for (gsize i = 0; i < G_N_ELEMENTS(curves); i++)
        if (curves[i].offset != G_STRUCT_OFFSET(FuzzSample, code) || last->code > 0)
            draw(page, samples, &curves[i]);
}

static void say_campaigns(GString *page, const char *dir)
{
    g_autoptr(GPtrArray) names = fuzz_list_folder(dir, NULL);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(dir, names->pdata[i], NULL);
        g_autoptr(GArray) samples = g_array_new(FALSE, FALSE, sizeof(FuzzSample));
        if (!g_str_has_suffix(names->pdata[i], FUZZ_SAMPLES))
            continue;
        g_autofree char *name =
            g_strndup(names->pdata[i], strlen(names->pdata[i]) - strlen(FUZZ_SAMPLES));
        fuzz_samples_load(samples, path);
        if (samples->len)
            say_campaign(page, dir, name, samples);
    }
}

/* ---- The page ---- */

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
    "<title>camredir fuzz</title>\n<style>\n"
    "body { font: 16px sans-serif; max-width: 50em; margin: 2em auto; padding: 0 1em }\n"
    "svg { width: 100% } text { font: 12px sans-serif }\n"
    "polyline { fill: none; stroke: #06c; stroke-width: 2 }\n"
    "path { fill: none; stroke: #888 }\n"
    "</style>\n</head>\n<body>\n<h1>camredir fuzz</h1>\n";

gboolean fuzz_page_write(const char *dir, GError **error)
{
    g_autoptr(GString) page = g_string_new(head);

    say_findings(page, dir);
    say_campaigns(page, dir);
    g_string_append(page, "</body>\n</html>\n");
    return fuzz_put_file(dir, "index.html", page->str, page->len, error);
}
