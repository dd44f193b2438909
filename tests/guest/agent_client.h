/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host's end of the talk with the agent in the guest (protocol.h). */
#pragma once

#include <glib.h>

#include "tests/guest/protocol.h"

typedef struct AgentClient AgentClient;

/* A frame that the guest dequeued. */
typedef struct {
    struct guest_record record;
    gint64 arrival_us; /* this host's CLOCK_MONOTONIC, when the guest had told us */
    gboolean hashed;   /* record.hash is set */
} SeenFrame;

/* Takes two connected stream sockets. */
AgentClient *agent_client_new(int agent_fd, int frames_fd);
void agent_client_free(AgentClient *agent); /* accepts NULL */

/* After each boot of the guest. */
gboolean agent_wait_ready(AgentClient *agent, gint64 timeout_ms, GError **error);

/* Sends a command and returns its number. */
guint agent_send(AgentClient *agent, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Its answer: the data lines, then the text behind "ok". NULL and an error where it failed. */
char *agent_wait(AgentClient *agent, guint number, gint64 timeout_ms, GError **error);
/* Both. */
char *agent_run(AgentClient *agent, gint64 timeout_ms, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

guint agent_count_frames(AgentClient *agent, guint stream);
/* Of SeenFrame, in the order of arrival; waits a moment for the last n_expected. */
GArray *agent_frames(AgentClient *agent, guint stream, guint n_expected);
GBytes *agent_picture(AgentClient *agent, guint stream); /* or NULL */
