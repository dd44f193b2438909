/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much of its memory the guest's kernel has in use. */
#pragma once

/* Objects of all its caches; 0: it does not tell. What is only kept for later goes back first, so
   that a count can be compared with one before. */
unsigned count_objects(void);
