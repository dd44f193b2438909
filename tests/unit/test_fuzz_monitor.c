/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a machine has a disk that it writes to, by what QEMU's monitor says of its drives. */
#include "tools/fuzz/monitor.h"

#define EMPTY                                                                                      \
    "ide1-cd0: [not inserted]\r\n    Attached to:      /machine/unattached/device[23]\r\n"         \
    "    Removable device: not locked, tray closed\r\n\r\nfloppy0: [not inserted]\r\n"
#define ISO                                                                                        \
    "ide1-cd0 (#block175): /a/live.iso (raw, read-only)\r\n"                                       \
    "    Attached to:      /machine/unattached/device[23]\r\n    Cache mode:       writeback\r\n"
#define DISK                                                                                       \
    "virtio0 (#block144): /a/disk.qcow2 (qcow2)\r\n"                                               \
    "    Attached to:      /machine/peripheral-anon/device[0]/virtio-backend\r\n"

static void test_disks(void)
{
    static const struct {
        const char *drives;
        gboolean has_disk;
    } rows[] = {
        {"", FALSE},
        {"\r\n", FALSE},
        {EMPTY, FALSE},
        {ISO, FALSE},
        {EMPTY ISO, FALSE},
        {DISK, TRUE},
        {EMPTY "\r\n" DISK, TRUE},
        {ISO "\r\n" DISK, TRUE},
        {"#block130: json:{\"driver\": \"null-co\"} (null-co)\r\n", TRUE},
        {"pflash1 (#block531): /a/read-only/vars.fd (raw)", TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(fuzz_monitor_has_disk(rows[i].drives), ==, rows[i].has_disk);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/monitor/disks", test_disks);
    return g_test_run();
}
