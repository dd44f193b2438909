/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The linter: what of a tree the specifications forbid, what hosts are known to refuse, and where.

       static void on_finding(void *user, const struct desc_finding *finding);
       ...
       struct desc_lint_options options = {.hosts = DESC_HOST_WINDOWS};
       desc_lint(desc_tree_root(tree), &options, on_finding, user);

   Every rule is a row of lint_rules.def. The tree may be anything that desc_parse gave, or that was
   built and went through desc_derive: findings take their offsets from there. Nothing is allocated,
   the time is linear in the tree, and there is no global state. */
#pragma once

#include "descriptors/desc.h"

enum desc_severity {
    DESC_NOTE,    /* worth knowing; nothing is wrong by itself */
    DESC_WARNING, /* against the specification or against custom; hosts get over it */
    DESC_ERROR,   /* against the specification, and a host refuses the device or goes wrong */
};

/* Which hosts refuse such a device, or parts of it: bits. */
enum desc_host {
    DESC_HOST_LINUX = 1 << 0,
    DESC_HOST_WINDOWS = 1 << 1,
    DESC_HOST_MACOS = 1 << 2,
};

enum desc_speed {
    DESC_SPEED_UNKNOWN,
    DESC_SPEED_FULL,
    DESC_SPEED_HIGH,
    DESC_SPEED_SUPER, /* and above */
};

struct desc_lint_rule {
    const char *id;     /* "W2", "FRAME3": never changes its meaning */
    const char *clause; /* "UVC 1.1 Uncompressed, 3.1.2", or who found it out */
    const char *text;   /* one sentence, what is wrong */
    uint8_t severity;   /* enum desc_severity */
    uint8_t hosts;      /* enum desc_host */
};

/* The table's rules in its order; NULL behind the last. */
const struct desc_lint_rule *desc_lint_rule_at(unsigned n);

/* How `found` relates to what was expected. */
enum desc_expectation {
    DESC_EXPECT_NOTHING,  /* found says all, if there is something found at all */
    DESC_EXPECT_EQUAL,    /* expected */
    DESC_EXPECT_AT_LEAST, /* expected or more */
    DESC_EXPECT_AT_MOST,  /* expected or less */
    DESC_EXPECT_RANGE,    /* expected to expected_max */
    DESC_EXPECT_TEXT,     /* expected_text */
};

/* Valid during the call that brings it; the pointers as long as the tree. */
struct desc_finding {
    const struct desc_lint_rule *rule;
    const struct desc_node *node;
    const struct desc_row *row; /* NULL: the node as a whole */
    uint32_t index;             /* element of a VARS row, from 0 */
    uint32_t offset;            /* of the byte that is at fault, from the tree's first */
    bool has_found;
    enum desc_expectation expectation;
    uint64_t found;
    uint64_t expected, expected_max;
    const char *expected_text;
};

/* What the tree holds completely. The absence of what is not known is never a finding. */
enum desc_known {
    DESC_KNOWN_STRINGS = 1 << 0,   /* all string descriptors, in the order of their index from 0 */
    DESC_KNOWN_BOS = 1 << 1,       /* the BOS, if the device has one */
    DESC_KNOWN_QUALIFIER = 1 << 2, /* the device qualifier, if the device has one */
};

struct desc_lint_options {
    uint8_t hosts;         /* only what one of these refuses; 0: every finding */
    uint8_t known;         /* enum desc_known */
    enum desc_speed speed; /* that the device runs at; unknown: told from what the tree has */
};

typedef void (*desc_lint_fn)(void *user, const struct desc_finding *finding);

/* Calls fn for each finding, near to stream order but not exactly so. top: the tree's root, or any
   node to look at alone with what is below it. options may be NULL. */
void desc_lint(const void *top, const struct desc_lint_options *options, desc_lint_fn fn,
               void *user);

/* ---- Words for people; each like snprintf: the length that it would be, buf always ended ---- */

/* Where a node or a field is: "configuration[1].interface[1.0].vs_header.format[2].frame[3].
   dwFrameInterval[1]". Nodes are named by their own number (bConfigurationValue; bInterfaceNumber
   and bAlternateSetting; bEndpointAddress; entity id; bFormatIndex; bFrameIndex), array elements by
   their index from 0, as in C and JSON. row may be NULL. */
size_t desc_path(const void *node, const struct desc_row *row, size_t index, char *buf,
                 size_t size);
size_t desc_finding_path(const struct desc_finding *finding, char *buf, size_t size);
/* Empty where there is nothing to say. Numbers as the field's kind is usually written. */
size_t desc_finding_found(const struct desc_finding *finding, char *buf, size_t size);
size_t desc_finding_expected(const struct desc_finding *finding, char *buf, size_t size);

const char *desc_severity_name(enum desc_severity severity); /* "error" */
