/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session bus of its own with a daemon that takes notifications and keeps them for the test. */
#pragma once

#include <glib.h>

typedef struct Notifications Notifications;

Notifications *notifications_new(GError **error);
void notifications_free(Notifications *notifications);             /* accepts NULL */
const char *notifications_bus(const Notifications *notifications); /* its address */
/* "SUMMARY: BODY" of each that came, joined by newlines. */
char *notifications_text(Notifications *notifications);
