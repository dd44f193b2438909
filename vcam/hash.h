/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fingerprint by which a frame that arrived is compared with the frame that was sent. Header
   only: the test guest's reader, which links nothing of ours, computes the same. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not cryptographic. Eight bytes a step: so an emulated guest keeps up with raw video. */
static inline uint64_t vcam_hash(const uint8_t *data, size_t size)
{
    const uint64_t prime = 0x9e3779b97f4a7c15u;
    uint64_t hash = prime ^ size, word;
    for (; size >= 8; data += 8, size -= 8) {
        memcpy(&word, data, 8);
        hash = (hash ^ word) * prime;
        hash ^= hash >> 29;
    }
    if (size) {
        word = 0;
        memcpy(&word, data, size);
        hash = (hash ^ word) * prime;
    }
    return hash ^ (hash >> 32);
}
