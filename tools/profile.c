/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives a camera its identity on the bus. */
#include "tools/profile.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

/* The Linux Foundation's webcam gadget: known everywhere, with no driver's quirks attached. */
#define ID_VENDOR  0x1d6b
#define ID_PRODUCT 0x0102

static const char *const speeds[] = {"full", "high", "super", NULL};
static const char *const ways[] = {"bulk", "buffered", "iso", "auto", NULL}; /* enum transfer_way */

static gboolean choose(const char *option, const char *value, const char *const *names, guint *ret,
                       GError **error)
{
    for (guint i = 0; names[i]; i++) {
        if (!value || strcmp(value, names[i]) == 0) {
            *ret = value ? i : *ret;
            return TRUE;
        }
    }
    g_autofree char *list = g_strjoinv(", ", (char **)names);
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: '%s' is none of %s", option,
                value, list);
    return FALSE;
}

/* USB 2.0, 9.6.7: what bLength has room for, in UTF-16. */
#define STRING_UNITS 126

static const char *find_fault(const char *text)
{
    if (!g_utf8_validate(text, -1, NULL))
        return "not UTF-8";
    if (!*text)
        return "empty: leave it out for the camera's own";
    for (const char *at = text; *at; at = g_utf8_next_char(at))
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return "a control character, which no guest shows";
    return NULL;
}

static glong count_units(const char *text)
{
    glong units = 0;
    g_free(g_utf8_to_utf16(text, -1, NULL, &units, NULL));
    return units;
}

/* text, which may be NULL, can be a USB string. */
static gboolean check_text(const char *option, const char *text, GError **error)
{
    const char *fault = text ? find_fault(text) : NULL;
    if (fault) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", option, fault);
        return FALSE;
    }
    glong units = text ? count_units(text) : 0;
    if (units <= STRING_UNITS)
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "%s: %ld characters of UTF-16, a USB string has room for %d", option, units,
                STRING_UNITS);
    return FALSE;
}

gboolean profile_wish_parse(struct profile_wish *wish, const char *speed, const char *transfer,
                            GError **error)
{
    guint s = VCAM_SPEED_HIGH, w = WAY_AUTO;
    if (!choose("--speed", speed, speeds, &s, error) ||
        !choose("--transfer", transfer, ways, &w, error) ||
        !check_text("--name", wish->name, error) || !check_text("--serial", wish->serial, error))
        return FALSE;
    wish->speed = s;
    wish->has_speed = speed != NULL;
    wish->way = w;
    wish->transfer = w == WAY_ISO ? VCAM_TRANSFER_ISO : VCAM_TRANSFER_BULK;
    return TRUE;
}

/* By bulk a guest's Linux has five requests under way, of 32 packets each, and no more goes over in
   one round trip; buffered or by iso what the link carries does, by iso with a picture missing or
   torn now and then. A full-speed controller asks for single packets: none of it is buffered.
   docs/link.md has the figures. */
enum transfer_way way_for(gint64 round_trip_us, enum vcam_speed speed, gboolean can_buffer)
{
    static const struct {
        guint packet_bytes;
        guint need; /* bytes a second: 1280x720 MJPEG at 30 fps, or all that fits */
        guint near_us;
    } bulk[] = {
        [VCAM_SPEED_FULL] = {64, 1000000, G_MAXUINT32},
        [VCAM_SPEED_HIGH] = {512, 2000000, 2000},
        [VCAM_SPEED_SUPER] = {1024, 2000000, 2000},
    };
    gint64 in_flight = 5 * 32 * bulk[speed].packet_bytes;

    if (can_buffer && round_trip_us > bulk[speed].near_us)
        return WAY_BUFFERED;
    return in_flight * G_USEC_PER_SEC < round_trip_us * bulk[speed].need ? WAY_ISO : WAY_BULK;
}

const char *way_name(enum transfer_way way)
{
    return ways[way];
}

/* Distinguishes two cameras in one guest, and stays the same for the same camera. */
static char *make_serial(const struct vcam_source *source, const char *address)
{
    if (source->serial[0])
        return g_strdup(source->serial);
    g_autofree char *identity = g_strdup_printf("%s\n%s", source->name, address);
    return g_strdup_printf("%08X", g_str_hash(identity));
}

struct vcam_profile *camera_profile(const struct vcam_source *source,
                                    const struct vcam_offer *offer, const struct profile_wish *wish,
                                    unsigned *ret_left_out, GError **error)
{
    g_autofree char *serial =
        wish->serial ? g_strdup(wish->serial) : make_serial(source, wish->address);
    const struct vcam_profile_options options = {
        .speed = wish->speed,
        .transfer = wish->transfer,
        .idVendor = ID_VENDOR,
        .idProduct = ID_PRODUCT,
        .bcdDevice = 0x0100,
        .manufacturer = "camredir",
        .product = wish->name ? wish->name : source->name,
        .serial = serial,
    };
    struct vcam_profile *profile =
        vcam_profile_new(offer, &source->controls, &options, ret_left_out);
    if (!profile)
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "%s: nothing that it offers fits --speed %s --transfer %s: choose a smaller "
                    "--size or --fps, MJPEG, or a faster link",
                    source->name, speeds[wish->speed],
                    ways[wish->transfer == VCAM_TRANSFER_ISO ? WAY_ISO : WAY_BULK]);
    return profile;
}
