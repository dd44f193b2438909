/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which transfer --speed and --transfer ask for, and which one a far VM gets. */
#include <gio/gio.h>

#include "tools/profile.h"

static void test_wish(void)
{
    static const struct {
        const char *transfer;
        gboolean good, either;
        enum vcam_transfer wanted;
    } rows[] = {
        {NULL, TRUE, TRUE, VCAM_TRANSFER_BULK},    {"auto", TRUE, TRUE, VCAM_TRANSFER_BULK},
        {"bulk", TRUE, FALSE, VCAM_TRANSFER_BULK}, {"iso", TRUE, FALSE, VCAM_TRANSFER_ISO},
        {"", FALSE, FALSE, VCAM_TRANSFER_BULK},    {"isochronous", FALSE, FALSE, 0},
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
        g_assert_cmpint(wish.either, ==, rows[i].either);
        g_assert_cmpint(wish.transfer, ==, rows[i].wanted);
    }
}

/* By bulk 10, 80 and 160 KiB go over in one round trip. */
static void test_round_trips(void)
{
    static const struct {
        enum vcam_speed speed;
        gint64 round_trip_us;
        enum vcam_transfer best;
    } rows[] = {
        {VCAM_SPEED_HIGH, 0, VCAM_TRANSFER_BULK}, /* not known: no TCP */
        {VCAM_SPEED_HIGH, 50, VCAM_TRANSFER_BULK},
        {VCAM_SPEED_HIGH, 10000, VCAM_TRANSFER_BULK},
        {VCAM_SPEED_HIGH, 40960, VCAM_TRANSFER_BULK},
        {VCAM_SPEED_HIGH, 40961, VCAM_TRANSFER_ISO},
        {VCAM_SPEED_HIGH, 150000, VCAM_TRANSFER_ISO},
        {VCAM_SPEED_SUPER, 50000, VCAM_TRANSFER_BULK},
        {VCAM_SPEED_SUPER, 81920, VCAM_TRANSFER_BULK},
        {VCAM_SPEED_SUPER, 81921, VCAM_TRANSFER_ISO},
        {VCAM_SPEED_FULL, 10240, VCAM_TRANSFER_BULK},
        {VCAM_SPEED_FULL, 10241, VCAM_TRANSFER_ISO},
        {VCAM_SPEED_FULL, G_MAXUINT32, VCAM_TRANSFER_ISO}, /* as much as a kernel can say */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(transfer_for(rows[i].round_trip_us, rows[i].speed), ==, rows[i].best);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/transfer/wish", test_wish);
    g_test_add_func("/transfer/round trips", test_round_trips);
    return g_test_run();
}
