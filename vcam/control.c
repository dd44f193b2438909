/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of controls: UVC 1.1, 4.2.2.1 (camera terminal) and 4.2.2.3 (processing unit). */
#include "vcam/control.h"

#define CT .is_camera_terminal = true
#define PU .is_camera_terminal = false
/* Value of size bytes that is the whole control. */
#define WHOLE(n) .wLength = (n), .size = (n)

static const struct vcam_control_info controls[VCAM_CONTROL_COUNT] = {
    [VCAM_CT_AE_MODE] = {"ae_mode", 0x02, 1, WHOLE(1), .is_bitmap = true, CT},
    [VCAM_CT_AE_PRIORITY] = {"ae_priority", 0x03, 2, WHOLE(1), CT},
    [VCAM_CT_EXPOSURE_TIME_ABSOLUTE] = {"exposure_time_absolute", 0x04, 3, WHOLE(4), CT},
    [VCAM_CT_FOCUS_ABSOLUTE] = {"focus_absolute", 0x06, 5, WHOLE(2), CT},
    [VCAM_CT_FOCUS_AUTO] = {"focus_auto", 0x08, 17, WHOLE(1), CT},
    [VCAM_CT_IRIS_ABSOLUTE] = {"iris_absolute", 0x09, 7, WHOLE(2), CT},
    [VCAM_CT_ZOOM_ABSOLUTE] = {"zoom_absolute", 0x0b, 9, WHOLE(2), CT},
    [VCAM_CT_PAN_ABSOLUTE] = {"pan_absolute", 0x0d, 11, 8, 0, 4, .is_signed = true, CT},
    [VCAM_CT_TILT_ABSOLUTE] = {"tilt_absolute", 0x0d, 11, 8, 4, 4, .is_signed = true, CT},
    [VCAM_CT_ROLL_ABSOLUTE] = {"roll_absolute", 0x0f, 13, WHOLE(2), .is_signed = true, CT},
    [VCAM_CT_PRIVACY] = {"privacy", 0x11, 18, WHOLE(1), CT},
    [VCAM_PU_BACKLIGHT_COMPENSATION] = {"backlight_compensation", 0x01, 8, WHOLE(2), PU},
    [VCAM_PU_BRIGHTNESS] = {"brightness", 0x02, 0, WHOLE(2), .is_signed = true, PU},
    [VCAM_PU_CONTRAST] = {"contrast", 0x03, 1, WHOLE(2), PU},
    [VCAM_PU_GAIN] = {"gain", 0x04, 9, WHOLE(2), PU},
    [VCAM_PU_POWER_LINE_FREQUENCY] = {"power_line_frequency", 0x05, 10, WHOLE(1), PU},
    [VCAM_PU_HUE] = {"hue", 0x06, 2, WHOLE(2), .is_signed = true, PU},
    [VCAM_PU_HUE_AUTO] = {"hue_auto", 0x10, 11, WHOLE(1), PU},
    [VCAM_PU_SATURATION] = {"saturation", 0x07, 3, WHOLE(2), PU},
    [VCAM_PU_SHARPNESS] = {"sharpness", 0x08, 4, WHOLE(2), PU},
    [VCAM_PU_GAMMA] = {"gamma", 0x09, 5, WHOLE(2), PU},
    [VCAM_PU_WHITE_BALANCE_TEMPERATURE] = {"white_balance_temperature", 0x0a, 6, WHOLE(2), PU},
    [VCAM_PU_WHITE_BALANCE_TEMPERATURE_AUTO] = {"white_balance_temperature_auto", 0x0b, 12,
                                                WHOLE(1), PU},
};

const struct vcam_control_info *vcam_control_info(enum vcam_control_id id)
{
    return (unsigned)id < VCAM_CONTROL_COUNT ? &controls[id] : NULL;
}

const struct vcam_control_range *vcam_control_find(const struct vcam_control_list *list,
                                                   enum vcam_control_id id)
{
    for (unsigned i = 0; i < list->count; i++)
        if (list->items[i].id == id)
            return &list->items[i];
    return NULL;
}
