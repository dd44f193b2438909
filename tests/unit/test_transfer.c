/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which transfer --speed and --transfer ask for, and which one a far VM gets. */
#include <gio/gio.h>

#include "tools/profile.h"

static void test_wish(void)
{
    static const struct {
        const char *transfer;
        gboolean good;
        enum transfer_way way;
        enum vcam_transfer transfer_type;
    } rows[] = {
        {NULL, TRUE, WAY_AUTO, VCAM_TRANSFER_BULK},
        {"auto", TRUE, WAY_AUTO, VCAM_TRANSFER_BULK},
        {"bulk", TRUE, WAY_BULK, VCAM_TRANSFER_BULK},
        {"buffered", TRUE, WAY_BUFFERED, VCAM_TRANSFER_BULK},
        {"iso", TRUE, WAY_ISO, VCAM_TRANSFER_ISO},
        {.transfer = ""},
        {.transfer = "isochronous"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct profile_wish wish = {0};
        g_autoptr(GError) error = NULL;
        gboolean good = profile_wish_parse(&wish, NULL, rows[i].transfer, &error);
        g_assert_cmpint(good, ==, rows[i].good);
        if (!good) {
            g_assert_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE);
            continue;
        }
        g_assert_cmpint(wish.way, ==, rows[i].way);
        g_assert_cmpint(wish.transfer, ==, rows[i].transfer_type);
        if (rows[i].transfer)
            g_assert_cmpstr(way_name(wish.way), ==, rows[i].transfer);
    }
}

/* By bulk 10, 80 and 160 KiB go over in one round trip. */
static void test_round_trips(void)
{
    static const struct {
        enum vcam_speed speed;
        gint64 round_trip_us;
        enum transfer_way best, without; /* a VM that buffers, one that does not */
    } rows[] = {
        {VCAM_SPEED_HIGH, 0, WAY_BULK, WAY_BULK}, /* not known: no TCP */
        {VCAM_SPEED_HIGH, 50, WAY_BULK, WAY_BULK},
        {VCAM_SPEED_HIGH, 2000, WAY_BULK, WAY_BULK},
        {VCAM_SPEED_HIGH, 2001, WAY_BUFFERED, WAY_BULK},
        {VCAM_SPEED_HIGH, 40960, WAY_BUFFERED, WAY_BULK},
        {VCAM_SPEED_HIGH, 40961, WAY_BUFFERED, WAY_ISO},
        {VCAM_SPEED_HIGH, 150000, WAY_BUFFERED, WAY_ISO},
        {VCAM_SPEED_SUPER, 2001, WAY_BUFFERED, WAY_BULK},
        {VCAM_SPEED_SUPER, 81920, WAY_BUFFERED, WAY_BULK},
        {VCAM_SPEED_SUPER, 81921, WAY_BUFFERED, WAY_ISO},
        {VCAM_SPEED_FULL, 10240, WAY_BULK, WAY_BULK},
        {VCAM_SPEED_FULL, 10241, WAY_ISO, WAY_ISO},
        {VCAM_SPEED_FULL, G_MAXUINT32, WAY_ISO, WAY_ISO}, /* as much as a kernel can say */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpint(way_for(rows[i].round_trip_us, rows[i].speed, TRUE), ==, rows[i].best);
        g_assert_cmpint(way_for(rows[i].round_trip_us, rows[i].speed, FALSE), ==, rows[i].without);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transfer/wish", test_wish);
    g_test_add_func("/transfer/round trips", test_round_trips);
    return g_test_run();
}
