/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames that are used again: a few buffers, which keep their contents and come back by themselves
   when the last reference goes, also after the pool's owner has gone. */
#pragma once

#include "vcam/frame.h"

#define VCAM_POOL_FRAMES 4

struct vcam_pool;

/* Frames of mode and size bytes; memory is taken when first needed. NULL: out of memory. */
struct vcam_pool *vcam_pool_new(const struct vcam_mode *mode, size_t size);
/* Frames still out there stay valid. Accepts NULL. */
void vcam_pool_free(struct vcam_pool *pool);

/* A free frame with one reference, the caller's, and what was in it last; NULL: all are in use (the
   consumer is slow: leave the picture out), or out of memory. */
struct vcam_frame *vcam_pool_take(struct vcam_pool *pool);
/* A number of the owner's that stays with a buffer; 0 at first. */
unsigned *vcam_pool_tag(struct vcam_frame *frame);

/* One picture for many frames: immutable, freed when its last user has gone. */
struct vcam_blob;
/* Takes data over, which was malloc'ed (and frees it where it returns NULL). */
struct vcam_blob *vcam_blob_new(uint8_t *data, size_t size);
struct vcam_blob *vcam_blob_ref(struct vcam_blob *blob);
void vcam_blob_unref(struct vcam_blob *blob); /* accepts NULL */
const uint8_t *vcam_blob_data(const struct vcam_blob *blob, size_t *ret_size);
/* A frame that shows blob. NULL: out of memory. */
struct vcam_frame *vcam_blob_frame(struct vcam_blob *blob, const struct vcam_mode *mode);
