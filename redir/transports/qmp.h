/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A conversation with QEMU's monitor (QMP). It blocks, each step bounded in time and ended by its
   cancellable, so it belongs in a thread of its own; and it keeps everybody else from the monitor,
   so it is short. What the peer sends is bounded in size and depth. */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

typedef struct RedirQmp RedirQmp;

/* path: of a unix socket. Shakes hands. REDIR_ERROR_UNREACHABLE: nobody is there;
   REDIR_ERROR_IN_USE: no greeting comes, as to all clients but the first;
   REDIR_ERROR_FINAL: what is there is no QMP. */
RedirQmp *redir_qmp_open(const char *path, GCancellable *cancellable, GError **error);
void redir_qmp_close(RedirQmp *qmp); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RedirQmp, redir_qmp_close)

/* What the command returns, or NULL with REDIR_ERROR_REFUSED and QEMU's own words. format: the
   arguments as GVariant's text format has them, "{'path': <%s>}", or NULL. */
JsonNode *redir_qmp_run(RedirQmp *qmp, GError **error, const char *command, const char *format,
                        ...);
/* Where what it returns does not matter. */
gboolean redir_qmp_do(RedirQmp *qmp, GError **error, const char *command, const char *format, ...);
/* getfd: from then on, and in this conversation alone, fd is known there by that name. */
gboolean redir_qmp_pass_fd(RedirQmp *qmp, int fd, const char *name, GError **error);
/* device_del, and the wait for its end, which may need the guest: REDIR_ERROR_TIMEOUT. */
gboolean redir_qmp_remove_device(RedirQmp *qmp, const char *id, GError **error);

/* Strings of an answer that may hold anything: "" where there is no such member, or no object. */
const char *redir_qmp_string(JsonNode *object, const char *member);
/* The elements of an answer: none where it is no array. For each: redir_qmp_element(). */
guint redir_qmp_length(JsonNode *array);
JsonNode *redir_qmp_element(JsonNode *array, guint i);
/* The first element whose member is that string, or NULL. */
JsonNode *redir_qmp_find(JsonNode *array, const char *member, const char *value);
