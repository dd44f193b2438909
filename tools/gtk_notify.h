/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notifications of the desktop. */
#pragma once

/* Blocks nobody, and takes the place of the one before. Where the desktop has no notifications,
   standard error says so once. body is plain text. */
void notify_show(const char *summary, const char *body);
