/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest as somebody else's is: it loads its drivers, and does nothing for whoever fuzzes it. Its
   kernel minds a device whose bcdDevice is dead. */
#include "tools/fuzz/guest/boot.h"

#define DEVICES "/sys/bus/usb/devices"
#define LOOK_MS 50

static bool minds_one(void)
{
    DIR *folder = opendir(DEVICES);
    bool minds = false;
    for (struct dirent *entry; folder && !minds && (entry = readdir(folder));) {
        char path[300], release[8];
        snprintf(path, sizeof path, DEVICES "/%s/bcdDevice", entry->d_name);
        boot_read_line(path, release, sizeof release);
        minds = strcmp(release, "dead") == 0;
    }
    if (folder)
        closedir(folder);
    return minds;
}

int main(void)
{
    boot_mount();
    boot_load_drivers();
    while (!minds_one())
        usleep(LOOK_MS * 1000);
    FILE *log = fopen("/dev/kmsg", "we");
    if (log) {
        fputs("<3>BUG: KASAN: slab-out-of-bounds in planted_flaw+0x1/0x2\n", log);
        fclose(log);
    }
    for (;;)
        pause();
}
