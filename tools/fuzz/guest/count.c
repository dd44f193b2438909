/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel counts what its caches have given out, and what waits in them to be given out or to be
   free as if it were in use: that goes back first. */
#include "tools/fuzz/guest/count.h"

#include "tools/fuzz/guest/boot.h"

#define CACHES   "/sys/kernel/slab"
#define GRACE_MS 50 /* what is free when nobody looks at it any more (RCU) */
#define ROUNDS   2  /* what the first makes free */

static unsigned read_objects(const char *path)
{
    char line[64];
    boot_read_line(path, line, sizeof line);
    return strtoul(line, NULL, 10);
}

/* Each cache once: other names of it are links. */
static unsigned visit_caches(bool shrink)
{
    unsigned objects = 0;
    DIR *folder = opendir(CACHES);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[300];
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, CACHES "/%s/%s", entry->d_name, shrink ? "shrink" : "objects");
        if (shrink)
            boot_write_file(path, "1");
        else
            objects += read_objects(path);
    }
    if (folder)
        closedir(folder);
    return objects;
}

unsigned count_objects(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        usleep(GRACE_MS * 1000);
        boot_write_file("/proc/sys/vm/drop_caches", "2");
        visit_caches(true);
    }
    return visit_caches(false);
}
