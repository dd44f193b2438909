/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of the guest kernel's code was run for the cameras, where the kernel is built with KCOV: a
   set of addresses, and what the kernel has traced since it was last looked at. Functions, as
   boot.h. */
#pragma once

#include <fcntl.h>
#include <linux/kcov.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#define COVER_SLOTS (1u << 18) /* all of a large kernel's USB, several times */
#define COVER_TRACE (1u << 18) /* addresses of one case */
#define COVER_BUSES 32

/* ---- a set ---- */

/* Addresses by their lower half: the upper one is all ones, and 0 is no code. */
struct cover_set {
    uint32_t n;
    uint32_t slots[COVER_SLOTS];
};

/* TRUE: it was not there. A set that is full takes no more. */
static inline bool cover_add(struct cover_set *set, uint32_t pc)
{
    uint32_t at = pc * 0x9e3779b1u >> 14;
    while (set->slots[at] != 0 && set->slots[at] != pc)
        at = (at + 1) % COVER_SLOTS;
    if (set->slots[at] == pc || pc == 0 || set->n >= COVER_SLOTS / 4 * 3)
        return false;
    set->slots[at] = pc;
    set->n++;
    return true;
}

/* A trace as the kernel writes it: how many, then so many. tell is given what is new in the set;
   how many those are comes back. The trace is empty then. */
static inline uint32_t cover_take(struct cover_set *set, uint64_t *trace, void (*tell)(uint32_t pc))
{
    uint64_t n = __atomic_exchange_n(&trace[0], 0, __ATOMIC_ACQ_REL);
    uint32_t n_new = 0;
    for (uint64_t i = 1; i <= n && i < COVER_TRACE; i++)
        if (cover_add(set, trace[i])) {
            tell(trace[i]);
            n_new++;
        }
    return n_new;
}

/* ---- KCOV ---- */

struct cover_trace {
    int fd; /* -1: no KCOV */
    uint64_t *pcs;
};

struct cover {
    struct cover_trace own;    /* of the thread that uses the cameras, while it does */
    struct cover_trace kernel; /* of what the kernel does for its buses */
    struct cover_set told;
};

static inline struct cover_trace cover_open(void)
{
    struct cover_trace trace = {.fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC)};
    void *pcs = MAP_FAILED;
    if (trace.fd >= 0 && ioctl(trace.fd, KCOV_INIT_TRACE, COVER_TRACE) == 0)
        pcs = mmap(NULL, COVER_TRACE * sizeof *trace.pcs, PROT_READ | PROT_WRITE, MAP_SHARED,
                   trace.fd, 0);
    if (pcs != MAP_FAILED)
        trace.pcs = pcs;
    else if (trace.fd >= 0)
        close(trace.fd);
    return pcs == MAP_FAILED ? (struct cover_trace){.fd = -1} : trace;
}

/* A thread that has the kernel's threads traced cannot be traced itself: so it does nothing else.
 */
static inline void *cover_kernel(void *user)
{
    struct cover *cover = user;
    struct kcov_remote_arg *arg = calloc(1, sizeof *arg + COVER_BUSES * sizeof arg->handles[0]);
    if (!arg)
        return NULL;
    arg->trace_mode = KCOV_TRACE_PC;
    arg->area_size = COVER_TRACE;
    arg->common_handle = kcov_remote_handle(KCOV_SUBSYSTEM_COMMON, 1);
    arg->num_handles = COVER_BUSES;
    for (unsigned bus = 1; bus <= COVER_BUSES; bus++)
        arg->handles[bus - 1] = kcov_remote_handle(KCOV_SUBSYSTEM_USB, bus);
    if (ioctl(cover->kernel.fd, KCOV_REMOTE_ENABLE, arg) < 0)
        perror("KCOV_REMOTE_ENABLE");
    free(arg);
    for (;;)
        pause();
}

/* FALSE: this kernel is built without KCOV. */
static inline bool cover_start(struct cover *cover)
{
    pthread_t thread;
    mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
    cover->own = cover_open();
    cover->kernel = cover_open();
    return cover->own.pcs && cover->kernel.pcs &&
           pthread_create(&thread, NULL, cover_kernel, cover) == 0;
}

/* Around what the calling thread has the kernel do with cameras. */
static inline void cover_trace_me(struct cover *cover, bool on)
{
    if (cover->own.pcs)
        ioctl(cover->own.fd, on ? KCOV_ENABLE : KCOV_DISABLE, KCOV_TRACE_PC);
}

/* What is new since the last call; how many come back. */
static inline uint32_t cover_tell(struct cover *cover, void (*tell)(uint32_t pc))
{
    if (!cover->kernel.pcs)
        return 0;
    return cover_take(&cover->told, cover->kernel.pcs, tell) +
           cover_take(&cover->told, cover->own.pcs, tell);
}
