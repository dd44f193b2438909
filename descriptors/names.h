/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What values mean, for people: the named values and bits that the schema's rows point to, GUIDs by
   name, and one text for any field of any node. */
#pragma once

#include "descriptors/desc.h"

extern const struct desc_name desc_names_class[], desc_names_langid[], desc_names_terminal[],
    desc_names_still_capture[], desc_names_trigger_support[], desc_names_trigger_usage[],
    desc_names_color_primaries[], desc_names_transfer_characteristics[],
    desc_names_matrix_coefficients[];
extern const struct desc_name desc_bits_configuration[], desc_bits_usb_2_0_extension[],
    desc_bits_superspeed[], desc_bits_speeds[], desc_bits_camera_terminal[],
    desc_bits_processing_unit[], desc_bits_video_standards[], desc_bits_encoding_unit[],
    desc_bits_media_transport[], desc_bits_vs_info[], desc_bits_vs_controls[],
    desc_bits_mjpeg_flags[], desc_bits_interlace[], desc_bits_frame[], desc_bits_slice_modes[],
    desc_bits_sync_frames[], desc_bits_rate_control[], desc_bits_h264_capabilities[];

/* NULL where the list (NULL: an empty one) has no such value. */
const char *desc_name_of(const struct desc_name *names, uint32_t value);

/* "Interface Descriptor", "VideoStreaming Interface Descriptor"; "Unrecognized" for raw bytes. */
const char *desc_title(const struct desc_node *node);

/* ---- GUIDs ---- */

struct desc_guid_name {
    desc_guid guid;
    const char *name;       /* one for each GUID */
    uint8_t bits_per_pixel; /* of an uncompressed format; 0: none, or not fixed */
};

const struct desc_guid_name *desc_guid_table(size_t *ret_count);
const struct desc_guid_name *desc_guid_find(const uint8_t guid[16]); /* or NULL */
const struct desc_guid_name *desc_guid_by_name(const char *name);    /* or NULL */

/* "{32595559-0000-0010-8000-00aa00389b71}" and its NUL. */
#define DESC_GUID_TEXT 39
void desc_guid_format(const uint8_t guid[16], char ret_text[DESC_GUID_TEXT]);
/* Braces or none, hex digits of either case; false: no GUID. */
bool desc_guid_parse(const char *text, uint8_t ret_guid[16]);

/* ---- Text ---- */

/* The string descriptors of a tree, by the index that other descriptors call them: the first of the
   tree is 0 (the languages). node: any of the tree. */
struct desc_strings {
    const struct usb_string *at[256];
};
void desc_strings_collect(const void *node, struct desc_strings *ret_strings);

/* UTF-16 as UTF-8, at most size - 1 bytes and a NUL. Control characters, halves of a pair, and what
   turns the direction of text are written as \uXXXX. Returns the units that it holds. */
size_t desc_utf16_text(const uint16_t *units, size_t n, char *ret_text, size_t size);

/* Is the number one that people read in hex (bits, ids, BCD, addresses)? */
bool desc_is_hex(const struct desc_row *row);

/* The number as people read it: "1.10" where BCD, "0x81", "640". */
void desc_value_text(const struct desc_row *row, uint64_t value, char *text, size_t size);

/* Is the array a run of bytes (controls, data), rather than a list of numbers? */
bool desc_is_opaque(const struct desc_row *row);

/* The number of the lowest bit of element index, as row->bits counts them. */
size_t desc_first_bit(const struct desc_node *node, const struct desc_row *row, size_t index);

/* The element's name: "wWidth", "baSourceID(0)", "dwMinFrameInterval", "wHeight(2)". */
void desc_label(const struct desc_node *node, const struct desc_row *row, size_t index, char *text,
                size_t size);

/* What element index of the row means beyond its number: a name, a unit, the string meant. Empty
   where there is nothing to say; bits are named by row->bits, not here. Returns text. strings may
   be NULL. */
const char *desc_explain(const struct desc_node *node, const struct desc_row *row, size_t index,
                         const struct desc_strings *strings, char *text, size_t size);
