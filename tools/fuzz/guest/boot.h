/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every program that is a guest's init does first: file systems, drivers, and the
   virtio-serial ports by which the host is talked to. Functions, not a library: such a guest has
   one program. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The first line of a small file, without its newline; "" where there is none. */
static inline void boot_read_line(const char *path, char *ret_line, size_t size)
{
    ret_line[0] = 0;
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    if (fgets(ret_line, size, file))
        ret_line[strcspn(ret_line, "\n")] = 0;
    fclose(file);
}

static inline void boot_mount(void)
{
    static const struct {
        const char *type, *path;
    } mounts[] = {{"devtmpfs", "/dev"},
                  {"proc", "/proc"},
                  {"sysfs", "/sys"},
                  {"tmpfs", "/tmp"},
                  {"tmpfs", "/run"}};
    for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
        mkdir(mounts[i].path, 0755);
        if (mount(mounts[i].type, mounts[i].path, mounts[i].type, 0, NULL) < 0)
            perror(mounts[i].path);
    }
}

/* Modules that are loaded already are no error. */
static inline int boot_insert_module(const char *name, const char *parameters)
{
    char path[128];
    snprintf(path, sizeof path, "/modules/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = syscall(SYS_finit_module, fd, parameters, 0) < 0 && errno != EEXIST ? -errno : 0;
    close(fd);
    return result;
}

/* /modules/list has a line for each: its name, then the files to load, itself last. */
static inline int boot_load_module(const char *module, const char *parameters)
{
    char line[1024];
    FILE *list = fopen("/modules/list", "re");
    int result = -ENOENT;
    while (list && result == -ENOENT && fgets(line, sizeof line, list)) {
        char *rest = line, *word = strsep(&rest, " \n");
        if (strcmp(word, module) != 0)
            continue;
        for (result = 0; result == 0 && (word = strsep(&rest, " \n"));)
            if (*word)
                result = boot_insert_module(word, rest && *rest ? "" : parameters);
    }
    if (list)
        fclose(list);
    return result;
}

/* The kernel passes "load=MODULE,..." from its command line in the environment. */
static inline void boot_load_drivers(void)
{
    char *list = getenv("load") ? strdup(getenv("load")) : NULL;
    for (char *rest = list, *module; rest && (module = strsep(&rest, ","));) {
        int result = boot_load_module(module, "");
        if (result < 0)
            fprintf(stderr, "init: %s: %s\n", module, strerror(-result));
    }
    free(list);
}

/* A virtio-serial port is known by its name; the device's number depends on the machine. */
static inline bool boot_find_port(const char *name, char *ret_path, size_t size)
{
    DIR *folder = opendir("/sys/class/virtio-ports");
    bool found = false;
    for (struct dirent *entry; folder && !found && (entry = readdir(folder));) {
        char path[300], port[64];
        snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
        boot_read_line(path, port, sizeof port);
        found = strcmp(port, name) == 0;
        if (found)
            snprintf(ret_path, size, "/dev/%s", entry->d_name);
    }
    if (folder)
        closedir(folder);
    return found && access(ret_path, F_OK) == 0;
}

/* From then on it is /dev/NAME. */
static inline bool boot_link_port(const char *name)
{
    char path[300], link[64];
    snprintf(link, sizeof link, "/dev/%s", name);
    for (int tries = 0; tries < 500; tries++, usleep(10000))
        if (boot_find_port(name, path, sizeof path))
            return symlink(path, link) == 0;
    return false;
}
