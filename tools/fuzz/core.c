/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who has a core holds a name in the kernel's table of abstract sockets: it goes when its process
   does, however that ends. */
#include "tools/fuzz/core.h"

#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct FuzzCore {
    int name; /* a socket */
    cpu_set_t before;
};

/* -1: somebody has it. */
static int hold_name(int core)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int n =
        snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "camredir-fuzz-core-%d", core);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static gboolean stay_on(int core)
{
    cpu_set_t only;

    CPU_ZERO(&only);
    CPU_SET(core, &only);
    return sched_setaffinity(0, sizeof only, &only) == 0;
}

FuzzCore *fuzz_core_take(void)
{
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        return NULL;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        int name = CPU_ISSET(i, &allowed) ? hold_name(i) : -1;
        if (name < 0)
            continue;
        if (stay_on(i)) {
            FuzzCore *core = g_new(FuzzCore, 1);
            *core = (FuzzCore){name, allowed};
            return core;
        }
        close(name);
    }
    return NULL;
}

void fuzz_core_release(FuzzCore *core)
{
    if (!core)
        return;
    if (sched_setaffinity(0, sizeof core->before, &core->before) < 0)
        g_debug("still on one core");
    close(core->name);
    g_free(core);
}
