/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two VMs and a link between them that is as wide, far and lossy as is asked for. The client has a
   USB camera on its usbfs, the guest a usb-redir behind TCP.

   The link is in the client: its network namespace and a second one, with netem on both ends of the
   veth between them; so both directions are shaped, and both ends are Linux's TCP. A relay in the
   second one goes on to the guest, unhindered. */
#pragma once

#include "tests/bench/link.h"
#include "tests/guest/session.h"

#define LAB_PICTURES "/link.mjpeg" /* in the client */

typedef struct {
    Vm *client, *guest;
    Session camera; /* plugged into the client */
    char *plugged;  /* with these options; NULL: none is */
} LinkLab;

gboolean link_lab_begin(LinkLab *lab, GError **error);
void link_lab_end(LinkLab *lab);

/* NULL: a link without limits. */
gboolean link_lab_shape(LinkLab *lab, const LinkShape *shape, GError **error);
/* Bytes a second that plain TCP gets through it, within so many seconds of a connection. */
gboolean link_lab_carries(LinkLab *lab, guint seconds, double *ret_bytes, GError **error);
/* options NULL: no camera in the client. */
gboolean link_lab_plug(LinkLab *lab, const char *options, GError **error);
/* The program in the client that gives a camera into the link; found: the guest has it. */
gboolean link_lab_start(LinkLab *lab, const char *command, Session *ret_found, GError **error);
gboolean link_lab_stop(LinkLab *lab, const char *signal, GError **error);
char *link_lab_log(LinkLab *lab); /* the end of the program's; NULL: it is empty */

/* The client's clock on ours: a moment of both. */
typedef struct {
    gint64 ours_us, client_us;
} LinkMoment;
gboolean link_lab_moment(LinkLab *lab, LinkMoment *ret_moment, GError **error);
