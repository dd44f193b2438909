/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tree as JSON and back, for every tree: bytes -> tree -> JSON -> tree -> bytes is exact.

       {
         "comment": "anything; also in each descriptor",
         "descriptors": [
           {
             "kind": "uvc_vs_frame_mjpeg",
             "bFrameIndex": 1,
             "wWidth": 640,
             ...
             "dwFrameInterval": [333333, 666666],
             "children": []
           }
         ]
       }

   A descriptor has its kind (the structure's name in usb.def and uvc.def), its fields by name, and
   below "children" what is below it in the tree, in stream order. At the top stand the device with
   its configurations, then, where the set is whole, BOS, device qualifier, the languages
   (usb_string_zero) and the strings in the order of their index from 1.

   The text is JSON by RFC 8259 and nothing more; a member that is there twice is refused.
   Numbers are numbers (1e2 is 100), or strings of hex with 0x ("0x81"); BCD is "1.10"; a GUID is
   its name ("YUY2") or
   "{32595559-...}"; bString is text, or units where they are no text. "extra" holds, in hex, the
   bytes that follow the fields; a usb_raw has nothing else.

   What is left out:
   - a constant (bDescriptorType ...) is what makes the kind,
   - a derived field (bLength, wTotalLength, counts) is computed, after all that is given. One that
     is given stays as it is, right or wrong. So the writer leaves out those that are right, and
   what is written by hand need not have any,
   - an array has the length that other fields say, zeros,
   - any other field is 0,
   - fields that came after the version of the document's first uvc_vc_header do not exist. "last"
     names the last field that does where it is another one ("": none). */
#pragma once

#include "descriptors/desc.h"
#include "descriptors/sink.h"

enum desc_json_flags {
    DESC_JSON_ALL = 1 << 0, /* constants and derived fields also where they are right */
};

/* top: the root of a tree, or any node, which then is the only one at the document's top. */
void desc_json_write(const void *top, unsigned flags, const struct desc_sink *sink);

/* "descriptors[0].children[2].wWidth: 70000: expected 0 to 65535" */
struct desc_json_error {
    char text[512];
};

/* 0; -EINVAL with *ret_error filled; -E2BIG above DESC_MAX_BYTES, -ENOMEM (also with a text).
   text need not end with a NUL. */
int desc_json_read(const char *text, size_t len, struct desc_tree **ret_tree,
                   struct desc_json_error *ret_error);
