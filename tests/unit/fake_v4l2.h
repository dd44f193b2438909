/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A machine with capture devices that are data, in the kernel's place. It holds its callers to the
   rules: what a kernel would refuse is an error here, what it would let pass by chance (a buffer
   given back twice, a mapping left behind) ends the test. */
#pragma once

#include <glib.h>
#include <linux/videodev2.h>

#include "vcam/sources/v4l2_io.h"

#define FAKE_NODES   8
#define FAKE_BUFFERS 4

struct fake_size {
    unsigned width, height;
    struct v4l2_fract times[6]; /* up to one of 0 */
};

/* What a driver enumerates: discrete sizes, or a range, or (neither given) nothing. */
struct fake_format {
    uint32_t fourcc;
    struct fake_size sizes[8];
    struct v4l2_frmsize_stepwise size_range;
    struct v4l2_frmival_stepwise time_range;
};

/* A camera to buy. */
struct fake_model {
    const char *card, *driver, *bus, *serial, *index;
    uint32_t device_caps; /* 0: captures and streams */
    struct fake_format formats[6];
    struct v4l2_queryctrl controls[24];
    uint32_t exposure_menu; /* bit: item of V4L2_CID_EXPOSURE_AUTO that exists */
};

/* Where a driver does not do what it was asked. 0: it does. */
struct fake_quirks {
    unsigned width, buffers, bytesperline;
    uint32_t fourcc, field;
    struct v4l2_fract time;
    bool fixed_rate; /* knows no S_PARM */
    bool endless;    /* each enumeration has one more */
    bool no_events;
    int control_error; /* of S_CTRL */
};

struct fake_arrival {
    uint32_t bytesused, flags, sequence;
    int64_t time_us;
    uint8_t fill;         /* of all its bytes */
    const uint8_t *bytes; /* or these */
};

/* A node N is /dev/videoN. */
void fake_reset(void);
void fake_plug(unsigned node, const struct fake_model *model);
void fake_pull(unsigned node);
void fake_forbid(unsigned node, int error);  /* of open(); 0: none */
void fake_occupy(unsigned node, bool taken); /* another program streams */
struct fake_quirks *fake_quirks(unsigned node);
/* False: the driver has no buffer to put it in. */
bool fake_deliver(unsigned node, const struct fake_arrival *arrival);
/* Another program, or the camera, sets a control. */
void fake_turn(unsigned node, uint32_t id, int32_t value);
int32_t fake_control(unsigned node, uint32_t id);
/* POLLERR without any other sign. */
void fake_break(unsigned node);
/* The call after n more fails with -EIO; negative: none does. */
void fake_fail_after(int n);

bool fake_streams(unsigned node);
unsigned fake_queued(unsigned node); /* buffers that wait for a picture */
struct v4l2_fract fake_time(unsigned node);
unsigned fake_open_count(void);
unsigned fake_mapping_count(void);
bool fake_is_mapped(const uint8_t *data);

extern const struct vcam_v4l2_io fake_v4l2;
