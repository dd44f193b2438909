/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the kernel's hub threads get on. One that waits in a driver's time-outs, for a camera
   that has left, wakes again and again; one that hangs does not. Functions, not a library: as
   boot.h. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUBS_WORK "+usb_hub_wq" /* a worker's name ends with what it is at */
#define HUBS_MOST 16

struct hubs {
    struct hubs_thread {
        int pid;
        unsigned long slept; /* so often */
    } at[HUBS_MOST];
    unsigned n;
};

static inline bool hubs_read_line(const char *proc, int pid, const char *file, const char *begin,
                                  char *ret_line, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%d/%s", proc, pid, file);
    FILE *text = fopen(path, "re");
    bool found = false;
    while (text && !found && fgets(ret_line, (int)size, text))
        found = strncmp(ret_line, begin, strlen(begin)) == 0;
    if (text)
        fclose(text);
    return found;
}

static inline bool hubs_is_at_work(const char *proc, int pid)
{
    char name[64];
    return hubs_read_line(proc, pid, "comm", "kworker/", name, sizeof name) &&
           strstr(name, HUBS_WORK);
}

static inline struct hubs hubs_look(const char *proc)
{
    struct hubs hubs = {.n = 0};
    DIR *folder = opendir(proc);
    for (struct dirent *entry; folder && hubs.n < HUBS_MOST && (entry = readdir(folder));) {
        int pid = atoi(entry->d_name);
        char line[64];
        struct hubs_thread *thread = &hubs.at[hubs.n];
        if (pid <= 0 || !hubs_is_at_work(proc, pid) ||
            !hubs_read_line(proc, pid, "status", "voluntary_ctxt_switches:", line, sizeof line))
            continue;
        thread->pid = pid;
        thread->slept = strtoul(strchr(line, ':') + 1, NULL, 10);
        hubs.n++;
    }
    if (folder)
        closedir(folder);
    return hubs;
}

/* How many were at work before, if all have got on since; 0 where one has not. */
static inline unsigned hubs_that_get_on(const struct hubs *before, const struct hubs *now)
{
    for (unsigned i = 0; i < now->n; i++)
        for (unsigned k = 0; k < before->n; k++)
            if (before->at[k].pid == now->at[i].pid && before->at[k].slept == now->at[i].slept)
                return 0;
    return before->n;
}
