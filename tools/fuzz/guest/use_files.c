/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel tells of a camera to those who do not open it. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/media.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/fuzz/guest/boot.h"
#include "tools/fuzz/guest/use.h"

#define MOST_ENTITIES 64
#define MOST_PADS     256
#define MOST_TEXT     65536

/* ---- the graph ---- */

static void read_links(struct node *node, const struct media_entity_desc *entity)
{
    static struct media_pad_desc pads[UINT16_MAX + 1];
    static struct media_link_desc links[UINT16_MAX + 1];
    struct media_links_enum all = {.entity = entity->id, .pads = pads, .links = links};
    ask(node, MEDIA_IOC_ENUM_LINKS, &all);
}

static void read_topology(struct node *node)
{
    static struct media_v2_entity entities[MOST_ENTITIES];
    static struct media_v2_interface interfaces[MOST_ENTITIES];
    static struct media_v2_pad pads[MOST_PADS];
    static struct media_v2_link links[MOST_PADS];
    struct media_v2_topology all = {.num_entities = MOST_ENTITIES,
                                    .num_interfaces = MOST_ENTITIES,
                                    .num_pads = MOST_PADS,
                                    .num_links = MOST_PADS,
                                    .ptr_entities = (uintptr_t)entities,
                                    .ptr_interfaces = (uintptr_t)interfaces,
                                    .ptr_pads = (uintptr_t)pads,
                                    .ptr_links = (uintptr_t)links};
    ask(node, MEDIA_IOC_G_TOPOLOGY, &all);
}

void use_media(struct node *node)
{
    struct media_device_info info;
    struct media_entity_desc entity = {.id = MEDIA_ENT_ID_FLAG_NEXT};
    ask(node, MEDIA_IOC_DEVICE_INFO, &info);
    for (int i = 0; i < MOST_ENTITIES && ask(node, MEDIA_IOC_ENUM_ENTITIES, &entity) == 0; i++) {
        read_links(node, &entity);
        entity.id |= MEDIA_ENT_ID_FLAG_NEXT;
    }
    read_topology(node);
}

/* ---- files ---- */

static void read_file(const char *path)
{
    static char text[MOST_TEXT];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, text, sizeof text) < 0)
        lseek(fd, 0, SEEK_SET); /* that it is refused is an answer, too */
    if (fd >= 0)
        close(fd);
}

static int number_in(const char *folder, const char *name)
{
    char path[96], text[16];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    boot_read_line(path, text, sizeof text);
    return atoi(text);
}

void use_files(const struct node *node)
{
    static const char *const names[] = {"../descriptors",
                                        "../bos_descriptors",
                                        "../configuration",
                                        "../product",
                                        "../serial",
                                        "../bMaxPower",
                                        "../ep_00/uevent",
                                        "interface",
                                        "modalias",
                                        "iad_bFunctionProtocol",
                                        "uevent"};
    char folder[64], path[128];
    snprintf(folder, sizeof folder, "/sys/class/video4linux/%s/device", node->name);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        read_file(path);
    }
    int bus = number_in(folder, "../busnum"), device = number_in(folder, "../devnum");
    snprintf(path, sizeof path, "/dev/bus/usb/%03d/%03d", bus, device);
    read_file(path);
}

void use_statistics(void)
{
    char path[300];
    DIR *folder = opendir("/sys/kernel/debug/usb/uvcvideo");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        snprintf(path, sizeof path, "/sys/kernel/debug/usb/uvcvideo/%s/stats", entry->d_name);
        read_file(path);
    }
    if (folder)
        closedir(folder);
}
