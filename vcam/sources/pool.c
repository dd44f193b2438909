/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers that outlive whoever made them: pools of frames, and one picture shared by many frames.
 */
#include <stdbool.h>
#include <stdlib.h>

#include "vcam/sources/pool.h"

struct pooled {
    struct vcam_frame frame; /* first: release() gets the frame */
    bool in_use;
    unsigned tag;
};

struct vcam_pool {
    unsigned refs; /* the owner's and one a frame in use */
    struct vcam_mode mode;
    size_t size;
    struct pooled frames[VCAM_POOL_FRAMES];
};

struct vcam_pool *vcam_pool_new(const struct vcam_mode *mode, size_t size)
{
    struct vcam_pool *pool = calloc(1, sizeof(*pool));
    if (pool) {
        pool->refs = 1;
        pool->mode = *mode;
        pool->size = size;
    }
    return pool;
}

void vcam_pool_free(struct vcam_pool *pool)
{
    if (!pool || --pool->refs > 0)
        return;
    for (unsigned i = 0; i < VCAM_POOL_FRAMES; i++)
        free(pool->frames[i].frame.data);
    free(pool);
}

static void pooled_release(struct vcam_frame *frame)
{
    ((struct pooled *)frame)->in_use = false;
    vcam_pool_free(frame->owner);
}

struct vcam_frame *vcam_pool_take(struct vcam_pool *pool)
{
    for (unsigned i = 0; i < VCAM_POOL_FRAMES; i++) {
        struct pooled *pooled = &pool->frames[i];
        if (pooled->in_use)
            continue;
        uint8_t *data = pooled->frame.data ? pooled->frame.data : malloc(pool->size);
        if (!data)
            return NULL;
        pooled->in_use = true;
        pooled->frame = (struct vcam_frame){.mode = pool->mode,
                                            .data = data,
                                            .size = pool->size,
                                            .refs = 1,
                                            .release = pooled_release,
                                            .owner = pool};
        pool->refs++;
        return &pooled->frame;
    }
    return NULL;
}

unsigned *vcam_pool_tag(struct vcam_frame *frame)
{
    return &((struct pooled *)frame)->tag;
}

struct vcam_blob {
    unsigned refs;
    uint8_t *data;
    size_t size;
};

struct vcam_blob *vcam_blob_new(uint8_t *data, size_t size)
{
    struct vcam_blob *blob = malloc(sizeof(*blob));
    if (blob)
        *blob = (struct vcam_blob){.refs = 1, .data = data, .size = size};
    else
        free(data);
    return blob;
}

struct vcam_blob *vcam_blob_ref(struct vcam_blob *blob)
{
    blob->refs++;
    return blob;
}

void vcam_blob_unref(struct vcam_blob *blob)
{
    if (!blob || --blob->refs > 0)
        return;
    free(blob->data);
    free(blob);
}

const uint8_t *vcam_blob_data(const struct vcam_blob *blob, size_t *ret_size)
{
    *ret_size = blob->size;
    return blob->data;
}

static void blob_frame_release(struct vcam_frame *frame)
{
    vcam_blob_unref(frame->owner);
    free(frame);
}

struct vcam_frame *vcam_blob_frame(struct vcam_blob *blob, const struct vcam_mode *mode)
{
    struct vcam_frame *frame = malloc(sizeof(*frame));
    if (!frame)
        return NULL;
    *frame = (struct vcam_frame){.mode = *mode,
                                 .data = blob->data,
                                 .size = blob->size,
                                 .refs = 1,
                                 .release = blob_frame_release,
                                 .owner = vcam_blob_ref(blob)};
    return frame;
}
