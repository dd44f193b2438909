/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --format, --size and --fps: comma-separated lists that narrow what a camera offers. */
#include "tools/limit.h"

#include <stdlib.h>
#include <string.h>

static gboolean bad_item(GError **error, const char *option, const char *item, const char *expected)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is not %s", option, item,
                expected);
    return FALSE;
}

static gboolean add_format(GArray *array, const char *item, GError **error)
{
    const struct vcam_format_info *info = vcam_format_by_name(item);
    if (!info)
        return bad_item(error, "--format", item, "a format; YUY2, MJPEG, NV12 and H264 are some");
    g_array_append_val(array, info->fourcc);
    return TRUE;
}

static gboolean add_size(GArray *array, const char *item, GError **error)
{
    char *end;
    guint64 width = g_ascii_strtoull(item, &end, 10);
    guint64 height =
        *end == 'x' && g_ascii_isdigit(end[1]) ? g_ascii_strtoull(end + 1, &end, 10) : 0;
    if (!g_ascii_isdigit(item[0]) || *end || width < 16 || height < 16 || width > 8192 ||
        height > 8192 || width % 2 || height % 2)
        return bad_item(error, "--size", item, "an even size from 16x16 to 8192x8192, as 1280x720");
    struct camera_size size = {width, height};
    g_array_append_val(array, size);
    return TRUE;
}

static gboolean add_fps(GArray *array, const char *item, GError **error)
{
    char *end;
    double fps = g_ascii_strtod(item, &end);
    if (end == item || *end || !(fps >= 0.1) || fps > 1000)
        return bad_item(error, "--fps", item, "a rate from 0.1 to 1000 frames a second");
    uint32_t interval = vcam_interval_of_fps(fps);
    g_array_append_val(array, interval);
    return TRUE;
}

static gboolean each_item(const char *list, GArray *array,
                          gboolean (*add)(GArray *, const char *, GError **), GError **error)
{
    if (!list || !list[0])
        return TRUE;
    g_auto(GStrv) items = g_strsplit(list, ",", -1);
    for (char **item = items; *item; item++)
        if (!add(array, g_strstrip(*item), error))
            return FALSE;
    return TRUE;
}

void camera_limit_init(struct camera_limit *limit)
{
    limit->fourccs = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    limit->sizes = g_array_new(FALSE, FALSE, sizeof(struct camera_size));
    limit->intervals = g_array_new(FALSE, FALSE, sizeof(uint32_t));
}

void camera_limit_clear(struct camera_limit *limit)
{
    g_array_unref(limit->fourccs);
    g_array_unref(limit->sizes);
    g_array_unref(limit->intervals);
}

gboolean camera_limit_parse(struct camera_limit *limit, const char *formats, const char *sizes,
                            const char *rates, GError **error)
{
    return each_item(formats, limit->fourccs, add_format, error) &&
           each_item(sizes, limit->sizes, add_size, error) &&
           each_item(rates, limit->intervals, add_fps, error);
}

static gboolean admits_format(const struct camera_limit *limit, uint32_t fourcc)
{
    for (guint i = 0; i < limit->fourccs->len; i++)
        if (g_array_index(limit->fourccs, uint32_t, i) == fourcc)
            return TRUE;
    return limit->fourccs->len == 0;
}

static gboolean admits_size(const struct camera_limit *limit, uint16_t wWidth, uint16_t wHeight)
{
    for (guint i = 0; i < limit->sizes->len; i++) {
        const struct camera_size *size = &g_array_index(limit->sizes, struct camera_size, i);
        if (size->wWidth == wWidth && size->wHeight == wHeight)
            return TRUE;
    }
    return limit->sizes->len == 0;
}

/* Cameras round their intervals differently (333333, 333667 for 29.97): one per cent is the same.
 */
static gboolean admits_interval(const struct camera_limit *limit, uint32_t interval)
{
    for (guint i = 0; i < limit->intervals->len; i++) {
        uint32_t wanted = g_array_index(limit->intervals, uint32_t, i);
        if (ABS((gint64)wanted - (gint64)interval) * 100 <= wanted)
            return TRUE;
    }
    return limit->intervals->len == 0;
}

static void narrow_size(const struct camera_limit *limit, uint32_t fourcc,
                        const struct vcam_size_offer *size, struct vcam_offer *ret_offer)
{
    for (guint i = 0; i < size->n_intervals; i++) {
        struct vcam_mode mode = {fourcc, size->wWidth, size->wHeight, size->dwFrameInterval[i]};
        if (admits_interval(limit, mode.dwFrameInterval))
            vcam_offer_add(ret_offer, &mode);
    }
}

void camera_limit_narrow(const struct camera_limit *limit, const struct vcam_offer *offer,
                         struct vcam_offer *ret_offer)
{
    memset(ret_offer, 0, sizeof(*ret_offer));
    for (guint f = 0; f < offer->n_formats; f++) {
        const struct vcam_format_offer *format = &offer->formats[f];
        for (guint s = 0; s < format->n_sizes; s++)
            if (admits_format(limit, format->fourcc) &&
                admits_size(limit, format->sizes[s].wWidth, format->sizes[s].wHeight))
                narrow_size(limit, format->fourcc, &format->sizes[s], ret_offer);
    }
}

/* The modes of one format and size: the intervals asked for, else those of the nearest thing that
   all has. */
static void choose_intervals(const struct camera_limit *limit, const struct vcam_offer *all,
                             struct vcam_mode mode, struct vcam_offer *ret_offer)
{
    const struct vcam_size_offer *known = &all->formats[0].sizes[0];
    guint count = limit->intervals->len ? limit->intervals->len : known->n_intervals;
    for (guint i = 0; i < count; i++) {
        mode.dwFrameInterval = limit->intervals->len ? g_array_index(limit->intervals, uint32_t, i)
                                                     : known->dwFrameInterval[i];
        vcam_offer_add(ret_offer, &mode);
    }
}

void camera_limit_choose(const struct camera_limit *limit, const struct vcam_offer *all,
                         struct vcam_offer *ret_offer)
{
    memset(ret_offer, 0, sizeof(*ret_offer));
    for (guint f = 0; f < all->n_formats; f++) {
        const struct vcam_format_offer *format = &all->formats[f];
        guint count = limit->sizes->len ? limit->sizes->len : format->n_sizes;
        for (guint s = 0; s < count && admits_format(limit, format->fourcc); s++) {
            struct camera_size size =
                limit->sizes->len
                    ? g_array_index(limit->sizes, struct camera_size, s)
                    : (struct camera_size){format->sizes[s].wWidth, format->sizes[s].wHeight};
            choose_intervals(limit, all,
                             (struct vcam_mode){format->fourcc, size.wWidth, size.wHeight, 0},
                             ret_offer);
        }
    }
}
