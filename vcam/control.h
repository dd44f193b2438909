/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The camera's controls: one table that says, for each, its entity, selector, size and bit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Selectors: UVC 1.1, A.9.4 (camera terminal) and A.9.5 (processing unit). The names are the
   specification's without CT_/PU_ and _CONTROL. */
enum vcam_control_id {
    VCAM_CT_AE_MODE,
    VCAM_CT_AE_PRIORITY,
    VCAM_CT_EXPOSURE_TIME_ABSOLUTE, /* 100 us units */
    VCAM_CT_FOCUS_ABSOLUTE,         /* mm */
    VCAM_CT_FOCUS_AUTO,
    VCAM_CT_IRIS_ABSOLUTE,
    VCAM_CT_ZOOM_ABSOLUTE,
    VCAM_CT_PAN_ABSOLUTE,  /* arc seconds; on the wire the first half of PANTILT */
    VCAM_CT_TILT_ABSOLUTE, /* the second half */
    VCAM_CT_ROLL_ABSOLUTE,
    VCAM_CT_PRIVACY,
    VCAM_PU_BACKLIGHT_COMPENSATION,
    VCAM_PU_BRIGHTNESS,
    VCAM_PU_CONTRAST,
    VCAM_PU_GAIN,
    VCAM_PU_POWER_LINE_FREQUENCY,
    VCAM_PU_HUE,
    VCAM_PU_HUE_AUTO,
    VCAM_PU_SATURATION,
    VCAM_PU_SHARPNESS,
    VCAM_PU_GAMMA,
    VCAM_PU_WHITE_BALANCE_TEMPERATURE,
    VCAM_PU_WHITE_BALANCE_TEMPERATURE_AUTO,
    VCAM_CONTROL_COUNT
};

enum vcam_control_flags {
    VCAM_CONTROL_READONLY = 1 << 0,
    VCAM_CONTROL_AUTOUPDATE = 1 << 1, /* changes by itself: reported by status interrupt */
    VCAM_CONTROL_INACTIVE = 1 << 2,   /* under an automatic mode now (GET_INFO D2) */
};

/* One control that a source has, in UVC's units. */
struct vcam_control_range {
    enum vcam_control_id id;
    int32_t min, max, res, def;
    uint32_t flags;
};

struct vcam_control_list {
    uint8_t count;
    struct vcam_control_range items[VCAM_CONTROL_COUNT];
};

const struct vcam_control_range *vcam_control_find(const struct vcam_control_list *list,
                                                   enum vcam_control_id id);

/* What UVC says of a control, whatever the camera. */
struct vcam_control_info {
    const char *name; /* "brightness": as messages and --json have it */
    uint8_t selector;
    uint8_t bit;     /* in the entity's bmControls */
    uint8_t wLength; /* bytes on the wire of the whole control: 1, 2, 4 or 8 */
    uint8_t offset;  /* of this value within them (tilt: 4) */
    uint8_t size;    /* bytes of this value */
    bool is_signed;
    bool is_camera_terminal;
    bool is_bitmap; /* AE mode: GET_RES gives the supported bits, no GET_MIN or GET_MAX */
};

const struct vcam_control_info *vcam_control_info(enum vcam_control_id id);
