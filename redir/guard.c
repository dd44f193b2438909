/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guard is forked, not started anew: between fork and _exit it calls the kernel alone. */
#include "redir/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_INTERFACES 32
#define ATTEMPTS       20 /* of a tenth of a second: our descriptor of the device closes first */

struct RedirGuard {
    pid_t pid;
    int line; /* a byte: dismissed; its end: the process that had it is gone */
};

/* Those which have a driver: one of the kernel's, or (usbfs) a program. Of interface numbers, which
   USB has up to 255 of, as many as usbredir can name. */
static guint32 driven_interfaces(int fd, gboolean by_program)
{
    guint32 driven = 0;

    for (guint i = 0; i < MAX_INTERFACES; i++) {
        struct usbdevfs_getdriver get = {.interface = i};
        if (ioctl(fd, USBDEVFS_GETDRIVER, &get) == 0 &&
            (strcmp(get.driver, "usbfs") == 0) == by_program)
            driven |= 1u << i;
    }
    return driven;
}

gboolean redir_guard_is_used(int fd)
{
    return driven_interfaces(fd, TRUE) != 0;
}

static gboolean give_back(const char *node, guint32 driven)
{
    gboolean done = TRUE;
    int fd = open(node, O_RDWR | O_CLOEXEC);

    for (guint i = 0; fd >= 0 && i < MAX_INTERFACES; i++) {
        struct usbdevfs_ioctl connect = {.ifno = (int)i, .ioctl_code = USBDEVFS_CONNECT};
        if (driven & 1u << i && ioctl(fd, USBDEVFS_IOCTL, &connect) < 0 && errno == EBUSY)
            done = FALSE;
    }
    if (fd >= 0)
        close(fd);
    return done;
}

G_GNUC_NORETURN static void watch(const char *node, int line, guint32 driven)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    char byte;
    ssize_t got;

    setsid();
    prctl(PR_SET_NAME, "camredir-guard");
    for (guint i = 0; i < G_N_ELEMENTS(ignored); i++)
        signal(ignored[i], SIG_IGN);
    if (dup2(line, 0) < 0)
        _exit(1);
    close_range(1, ~0u, 0);
    do
        got = read(0, &byte, 1);
    while (got < 0 && errno == EINTR);
    for (guint i = 0; got == 0 && i < ATTEMPTS && !give_back(node, driven); i++)
        usleep(100 * 1000);
    _exit(0);
}

RedirGuard *redir_guard_new(const char *node, int fd)
{
    guint32 driven = driven_interfaces(fd, FALSE);
    int ends[2];

    if (driven == 0)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        g_message("%s: a crash of ours would leave it without its driver: %s", node,
                  g_strerror(errno));
        return NULL;
    }
    pid_t pid = fork();
    if (pid == 0)
        watch(node, ends[0], driven);
    close(ends[0]);
    if (pid < 0) {
        close(ends[1]);
        return NULL;
    }
    RedirGuard *guard = g_new(RedirGuard, 1);
    *guard = (RedirGuard){pid, ends[1]};
    return guard;
}

void redir_guard_dismiss(RedirGuard *guard)
{
    if (guard == NULL)
        return;
    while (send(guard->line, "", 1, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
    close(guard->line);
    while (waitpid(guard->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    g_free(guard);
}
