/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drawing into YUY2: boxes and large letters, what the test pattern and the placeholder are made
 * of. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct vcam_canvas {
    uint8_t *data;          /* YUY2, rows without padding */
    unsigned width, height; /* pixels; width is even */
};

struct vcam_colour {
    uint8_t y, u, v; /* BT.601, limited range */
};

#define VCAM_BLACK      ((struct vcam_colour){16, 128, 128})
#define VCAM_WHITE      ((struct vcam_colour){235, 128, 128})
#define VCAM_TEXT_CELL  6 /* pixels from one letter to the next at scale 1 */
#define VCAM_TEXT_LINES 7 /* height of a letter at scale 1 */

/* Both clip to the canvas. x and width are rounded down to even: two pixels share their colour. */
void vcam_paint_rect(const struct vcam_canvas *canvas, unsigned x, unsigned y, unsigned width,
                     unsigned height, struct vcam_colour colour);
/* Sets the luma of the letters' pixels alone: give it a grey ground. Lower case is shown as upper;
   what the font lacks as a space. */
void vcam_paint_text(const struct vcam_canvas *canvas, unsigned x, unsigned y, unsigned scale,
                     const char *text, uint8_t luma);
