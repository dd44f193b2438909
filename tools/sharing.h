/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A camera shared with a VM, without a program around it: source, device and connection tied
   together. 'camredir share' puts a command around it, attach.c somebody else's viewer. */
#pragma once

#include "redir/host.h"
#include "tools/profile.h"
#include "vcam/source.h"
#include "vcam/sources/sources.h"

struct sharing;

/* Which camera, and as what; a string that is NULL leaves the default. */
struct sharing_camera {
    const char *spec;                    /* as camera_open() takes it */
    const char *speed, *transfer;        /* as profile_wish_parse() */
    const char *formats, *sizes, *rates; /* as camera_limit_parse() */
    const char *name, *serial, *address; /* as struct profile_wish; address is no option */
};

/* In several forms, of which each connection takes one. */
struct sharing_forms {
    enum transfer_way way;
    struct vcam_profile *bulk; /* or the only one */
    struct vcam_profile *iso;  /* where way is auto, else NULL */
};

/* Opens the camera (without its light) and makes a profile of what it offers, or two. What has to
   be left out is told by g_message. FALSE with G_OPTION_ERROR_BAD_VALUE where a string cannot be
   understood, with another error where there is no such camera or nothing of it fits. */
gboolean sharing_open_camera(const struct sharing_camera *camera, struct vcam_source **ret_source,
                             struct sharing_forms *ret_forms, GError **error);
void sharing_forms_clear(struct sharing_forms *forms);

/* From the main loop or sharing_set_permission(); the sharing may not be freed in them. */
struct sharing_events {
    /* As RedirHostEvents.state. */
    void (*link)(void *user, RedirHostState state, const GError *error);
    /* The guest starts (mode) and stops (NULL) to look; optional. After a start the source runs
       already, as far as it is permitted. */
    void (*stream)(void *user, const struct vcam_mode *mode);
    void *user;
};

struct sharing_options {
    struct vcam_source *source; /* taken over, */
    struct sharing_forms forms; /* these too, even where it fails */
    const char *trace;          /* a path for trace_open(), or NULL */
    RedirHostOptions host;
};

/* Starts nothing. All that it says to people goes to g_message and g_warning, which only differ in
   who is expected to act. Errors as those of redir_host_new(), or the trace's (G_FILE_ERROR). */
struct sharing *sharing_new(const struct sharing_options *options,
                            const struct sharing_events *events, GError **error);
/* Ends at once; accepts NULL. FALSE: the trace is not whole. */
gboolean sharing_free(struct sharing *sharing);

/* As redir_host_start(), redir_host_stop(). The camera itself is off when stop returns. */
gboolean sharing_start(struct sharing *sharing, GError **error);
void sharing_stop(struct sharing *sharing);

/* Allowed as long as nobody says otherwise. May be called at any time, also from stream(). */
void sharing_set_permission(struct sharing *sharing, enum vcam_permission permission);

/* What WAY_AUTO has become, for the last VM that said hello. */
enum transfer_way sharing_way(const struct sharing *sharing);

/* The live line below the messages, for now (see status.h). */
char *sharing_status(struct sharing *sharing);
