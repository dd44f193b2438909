/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the linter's tests share: valid cameras of each kind, a small language to break them with,
   and the findings as a list. */
#pragma once

#include <glib.h>

#include "descriptors/lint.h"

/* ---- Cameras ---- */

typedef struct {
    uint16_t bcdUVC;
    enum desc_speed speed;
    bool bulk; /* the stream's endpoint, else isochronous */
} Camera;

/* All that there is in that version at that speed: every terminal, unit, format, capability;
   strings, device qualifier or BOS, device, configuration, in this order. Packed. */
GByteArray *lint_camera(const Camera *camera);
/* Speed, and that the tree is complete. */
struct desc_lint_options lint_camera_options(const Camera *camera);

/* ---- Edits ---- */

/* Does the edits, separated by spaces, one after the other; everything else stays as it is:
     tag.field=7  tag#2.field[1]=0x10  tag.guid=00112233445566778899aabbccddeeff
     -tag         remove it and all below          *tag     once more, behind itself
     tag+0324ff   these bytes behind its own       tag>0324ff   and behind all below it
     tag<5        cut it to 5 bytes, bLength too   tag~2    two zeros longer, bLength too
     tag!5        all the bytes end 5 bytes into it
     derive       compute all lengths and counts
   tag is a structure's name and stands for the first such node, tag#2 for the second and so on. */
void lint_edit(GByteArray *bytes, enum desc_context context, const char *edits);

/* The offset of "tag", "tag.field" or "tag#2.field[1]" in a tree. */
uint32_t lint_offset(struct desc_tree *tree, const char *where);

/* ---- Findings ---- */

typedef struct {
    const struct desc_lint_rule *rule;
    uint32_t offset;
    char *path, *found, *expected;
} Finding;

/* Of Finding. */
GPtrArray *lint_findings(struct desc_tree *tree, const struct desc_lint_options *options);
GPtrArray *lint_bytes(const uint8_t *bytes, size_t len, enum desc_context context,
                      const struct desc_lint_options *options);
/* Is there one of this rule at this offset (UINT32_MAX: anywhere)? */
bool lint_has_finding(const GPtrArray *findings, const char *id, uint32_t offset);
/* All of them as lines, for messages. */
char *lint_text(const GPtrArray *findings);
unsigned lint_count(const GPtrArray *findings, enum desc_severity least);
