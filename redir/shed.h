/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a device's isochronous streams is left out where the link cannot carry all: whole
   pictures of a UVC camera, since a part of one is of no use to a guest, and whole intervals of any
   other device. */
#pragma once

#include "redir/packet_view.h"

/* Bytes that have not gone out, from which on nothing new is begun. */
#define REDIR_SHED_BACKLOG (64 * 1024)
/* ... and from which on also what was begun is given up: a picture need not have an end. */
#define REDIR_SHED_MOST (8 * 1024 * 1024)

typedef struct {
    gboolean between;  /* pictures: the last one's end was seen */
    gboolean left_out; /* the picture under way is */
    gboolean given_up; /* it is, from somewhere within */
    guint8 toggle;     /* its frame id */
    guint8 turned;     /* what frame ids are turned by, one for each picture left out */
} RedirShedStream;

/* Starts as {0} with each device. */
typedef struct {
    guint32 video;    /* bits of the interfaces that stream video */
    guint8 owner[32]; /* interface of each endpoint, as ep_info has them */
    RedirShedStream streams[16];
} RedirShed;

/* To be shown each packet to the VM; bytes: all of packet, in which a picture's frame id may be
   turned: to a guest two that follow each other must differ. TRUE: leave it out. */
gboolean redir_shed(RedirShed *shed, const RedirPacketView *packet, guint8 *bytes, gsize size,
                    gsize backlog);
