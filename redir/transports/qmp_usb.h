/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a running QEMU has of USB, as its monitor tells: for who puts something in, and for who says
   what is missing. Changes nothing. */
#pragma once

#include "redir/transports/plug.h"
#include "redir/transports/qmp.h"

/* Where QOM has devices, by who made them: the user with an id, without one, the machine. */
#define REDIR_QMP_CONTAINERS 3
extern const char *const redir_qmp_containers[REDIR_QMP_CONTAINERS];

typedef struct {
    const char *type; /* "qemu-xhci"; static */
    RedirSpeeds speeds;
    const char *path; /* in QOM */
    const char *bus;  /* its bus's name; NULL: a companion of EHCI, whose bus it shares */
    guint ports, used;
} RedirQmpController;

/* Calls enough() for each controller that carries one of speeds, the best first, until it returns
   TRUE. FALSE: the answers failed. */
gboolean redir_qmp_each_controller(RedirQmp *qmp, RedirSpeeds speeds,
                                   gboolean (*enough)(gpointer user,
                                                      const RedirQmpController *controller),
                                   gpointer user, GError **error);

/* The members of a path in QOM. */
JsonNode *redir_qmp_list(RedirQmp *qmp, const char *path, GError **error);
/* The name of the bus below a device, of its members; "" where it has none of that type. */
const char *redir_qmp_bus_of(JsonNode *device, const char *type);
/* -1: there is no such bus. */
int redir_qmp_devices_on(RedirQmp *qmp, const char *device, const char *bus);
