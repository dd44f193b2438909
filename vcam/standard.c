/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard requests: USB 2.0, 9.4; those of SuperSpeed: USB 3.2, 9.4. */
#include "descriptors/codes.h"
#include "vcam/device_priv.h"
#include "vcam/profile_priv.h"

/* USB 3.2, table 9-5 */
enum {
    GET_STATUS = 0,
    CLEAR_FEATURE = 1,
    SET_FEATURE = 3,
    SET_ADDRESS = 5,
    GET_DESCRIPTOR = 6,
    GET_CONFIGURATION = 8,
    SET_CONFIGURATION = 9,
    GET_INTERFACE = 10,
    SET_INTERFACE = 11,
    SET_SEL = 48,
    SET_ISOCH_DELAY = 49,
};

/* USB 3.2, table 9-7 */
enum { ENDPOINT_HALT = 0, FUNCTION_SUSPEND = 0, U1_ENABLE = 48, LTM_ENABLE = 50 };

enum {
    DEVICE_OUT = 0x00,
    INTERFACE_OUT,
    ENDPOINT_OUT,
    DEVICE_IN = 0x80,
    INTERFACE_IN,
    ENDPOINT_IN
};

static bool is_super(const struct vcam_device *device)
{
    return vcam_profile_options(device->profile)->speed == VCAM_SPEED_SUPER;
}

/* ---- To the device ---- */

static enum vcam_answer get_descriptor(struct vcam_device *device, const struct vcam_request *r)
{
    size_t len;
    const uint8_t *bytes = vcam_profile_descriptor(device->profile, r->setup.wValue >> 8,
                                                   r->setup.wValue, r->setup.wIndex, &len);
    return bytes ? vcam_reply(r, bytes, len) : VCAM_STALL;
}

static enum vcam_answer get_device_status(struct vcam_device *device, const struct vcam_request *r)
{
    const uint8_t status[2] = {device->link_states << 2 | vcam_layout(device)->self_powered};
    return vcam_reply(r, status, sizeof(status));
}

/* Remote wake-up is not ours (bmAttributes), nor are test modes: U1, U2 and LTM remain. */
static enum vcam_answer set_device_feature(struct vcam_device *device, const struct vcam_request *r)
{
    uint16_t feature = r->setup.wValue;
    if (!is_super(device) || feature < U1_ENABLE || feature > LTM_ENABLE || r->setup.wIndex)
        return VCAM_STALL;
    uint8_t bit = 1 << (feature - U1_ENABLE);
    if (r->setup.bRequest == SET_FEATURE)
        device->link_states |= bit;
    else
        device->link_states &= ~bit;
    return VCAM_ACK;
}

static enum vcam_answer set_address(struct vcam_device *device, const struct vcam_request *r)
{
    /* The bus keeps addresses, here QEMU. */
    return device->bConfigurationValue || r->setup.wValue > 127 || r->setup.wIndex ? VCAM_STALL
                                                                                   : VCAM_ACK;
}

static enum vcam_answer get_configuration(struct vcam_device *device, const struct vcam_request *r)
{
    return vcam_reply(r, &device->bConfigurationValue, 1);
}

static enum vcam_answer set_configuration(struct vcam_device *device, const struct vcam_request *r)
{
    if ((r->setup.wValue && r->setup.wValue != vcam_layout(device)->bConfigurationValue) ||
        r->setup.wIndex)
        return VCAM_STALL;
    vcam_stream_stop(device, r->now_us);
    vcam_device_unconfigure(device);
    device->bConfigurationValue = r->setup.wValue;
    device->link_states = 0;
    return VCAM_ACK;
}

static enum vcam_answer take_link_timing(struct vcam_device *device, const struct vcam_request *r)
{
    bool is_sel = r->setup.bRequest == SET_SEL;
    if (!is_super(device) || r->setup.wIndex || (is_sel && r->setup.wValue))
        return VCAM_STALL;
    return VCAM_ACK;
}

/* ---- To an interface ---- */

static bool is_interface(const struct vcam_device *device, uint16_t number)
{
    const struct vcam_layout *layout = vcam_layout(device);
    for (unsigned i = 0; i < layout->n_interfaces; i++)
        if (layout->interfaces[i].bInterfaceNumber == number)
            return true;
    return false;
}

static enum vcam_answer get_interface_status(struct vcam_device *device,
                                             const struct vcam_request *r)
{
    const uint8_t status[2] = {0};
    return is_interface(device, r->setup.wIndex) ? vcam_reply(r, status, sizeof(status))
                                                 : VCAM_STALL;
}

/* wIndex has the interface in its low byte, the suspend options in its high one. */
static enum vcam_answer set_function_suspend(struct vcam_device *device,
                                             const struct vcam_request *r)
{
    uint8_t interface = r->setup.wIndex;
    if (!is_super(device) || r->setup.wValue != FUNCTION_SUSPEND ||
        !is_interface(device, interface))
        return VCAM_STALL;
    return VCAM_ACK;
}

static enum vcam_answer get_interface(struct vcam_device *device, const struct vcam_request *r)
{
    const struct vcam_streaming *streaming = vcam_device_streaming(device, r->setup.wIndex);
    uint8_t alternate = streaming ? streaming->bAlternateSetting : 0;
    return is_interface(device, r->setup.wIndex) ? vcam_reply(r, &alternate, 1) : VCAM_STALL;
}

static enum vcam_answer select_alternate(struct vcam_device *device,
                                         struct vcam_streaming *interface,
                                         const struct vcam_request *r)
{
    if (r->setup.wValue >= vcam_profile_alternates(interface->profile))
        return VCAM_STALL;
    if (r->setup.wValue && !vcam_stream_turn(device, interface, r->now_us))
        return VCAM_STALL;
    if (interface == device->on)
        vcam_stream_stop(device, r->now_us);
    interface->bAlternateSetting = r->setup.wValue;
    interface->halted = false;
    if (interface->bAlternateSetting)
        vcam_stream_start(device, r->now_us);
    return VCAM_ACK;
}

static enum vcam_answer set_interface(struct vcam_device *device, const struct vcam_request *r)
{
    struct vcam_streaming *streaming = vcam_device_streaming(device, r->setup.wIndex);
    if (streaming)
        return select_alternate(device, streaming, r);
    if (!is_interface(device, r->setup.wIndex) || r->setup.wValue)
        return VCAM_STALL; /* what has no pictures has no other alternate setting either */
    if (r->setup.wIndex == vcam_layout(device)->vc_interface)
        device->status_halted = false;
    return VCAM_ACK;
}

/* ---- To an endpoint ---- */

/* The flag of an endpoint that can halt, or NULL (isochronous ones cannot: USB 2.0, 5.6.4). */
static bool *halt_flag(struct vcam_device *device, uint16_t wIndex)
{
    struct vcam_endpoint endpoint;
    if (wIndex > 0xff || !vcam_device_endpoint(device, wIndex, &endpoint) ||
        endpoint.type == VCAM_ENDPOINT_ISO)
        return NULL;
    struct vcam_streaming *streaming = vcam_device_streaming(device, endpoint.bInterfaceNumber);
    return streaming ? &streaming->halted : &device->status_halted;
}

static bool is_endpoint_0(const struct vcam_request *r)
{
    return r->setup.wIndex == 0x00 || r->setup.wIndex == 0x80;
}

static enum vcam_answer get_endpoint_status(struct vcam_device *device,
                                            const struct vcam_request *r)
{
    struct vcam_endpoint endpoint;
    if (!is_endpoint_0(r) &&
        (r->setup.wIndex > 0xff || !vcam_device_endpoint(device, r->setup.wIndex, &endpoint)))
        return VCAM_STALL;
    const bool *halted = halt_flag(device, r->setup.wIndex);
    const uint8_t status[2] = {halted && *halted};
    return vcam_reply(r, status, sizeof(status));
}

static enum vcam_answer clear_halt(struct vcam_device *device, const struct vcam_request *r)
{
    bool *halted = halt_flag(device, r->setup.wIndex);
    if (r->setup.wValue != ENDPOINT_HALT || (!halted && !is_endpoint_0(r)))
        return VCAM_STALL;
    if (halted)
        *halted = false;
    if (halted == &device->on->halted)
        vcam_stream_stop(device, r->now_us); /* uvc-rules W4, W5 */
    return VCAM_ACK;
}

static enum vcam_answer set_halt(struct vcam_device *device, const struct vcam_request *r)
{
    bool *halted = halt_flag(device, r->setup.wIndex);
    if (r->setup.wValue != ENDPOINT_HALT || !halted)
        return VCAM_STALL;
    *halted = true;
    return VCAM_ACK;
}

/* ---- All of them ---- */

enum { ANY = -1 };

/* What is not here stalls: SET_DESCRIPTOR, SYNCH_FRAME (our isochronous data has no pattern to
   synchronise), requests to other recipients. */
static const struct standard_row {
    uint8_t bmRequestType, bRequest;
    int wValue, wIndex, wLength; /* what it must be */
    bool configured;             /* only then */
    enum vcam_answer (*answer)(struct vcam_device *device, const struct vcam_request *request);
} standard_rows[] = {
    {DEVICE_IN, GET_DESCRIPTOR, ANY, ANY, ANY, false, get_descriptor},
    {DEVICE_IN, GET_STATUS, 0, 0, ANY, false, get_device_status},
    {DEVICE_IN, GET_CONFIGURATION, 0, 0, ANY, false, get_configuration},
    {DEVICE_OUT, SET_ADDRESS, ANY, 0, 0, false, set_address},
    {DEVICE_OUT, SET_CONFIGURATION, ANY, 0, 0, false, set_configuration},
    {DEVICE_OUT, SET_FEATURE, ANY, ANY, 0, true, set_device_feature},
    {DEVICE_OUT, CLEAR_FEATURE, ANY, 0, 0, true, set_device_feature},
    {DEVICE_OUT, SET_SEL, 0, 0, 6, false, take_link_timing},
    {DEVICE_OUT, SET_ISOCH_DELAY, ANY, 0, 0, false, take_link_timing},
    {INTERFACE_IN, GET_STATUS, 0, ANY, ANY, true, get_interface_status},
    {INTERFACE_IN, GET_INTERFACE, 0, ANY, ANY, true, get_interface},
    {INTERFACE_OUT, SET_INTERFACE, ANY, ANY, 0, true, set_interface},
    {INTERFACE_OUT, SET_FEATURE, ANY, ANY, 0, true, set_function_suspend},
    {INTERFACE_OUT, CLEAR_FEATURE, ANY, ANY, 0, true, set_function_suspend},
    {ENDPOINT_IN, GET_STATUS, 0, ANY, ANY, false, get_endpoint_status},
    {ENDPOINT_OUT, CLEAR_FEATURE, ANY, ANY, 0, false, clear_halt},
    {ENDPOINT_OUT, SET_FEATURE, ANY, ANY, 0, true, set_halt},
};

static bool is_allowed(int rule, uint16_t value)
{
    return rule == ANY || rule == value;
}

enum vcam_answer vcam_standard_request(struct vcam_device *device,
                                       const struct vcam_request *request)
{
    const struct vcam_setup *setup = &request->setup;

    for (size_t i = 0; i < sizeof(standard_rows) / sizeof(standard_rows[0]); i++) {
        const struct standard_row *row = &standard_rows[i];
        if (setup->bmRequestType != row->bmRequestType || setup->bRequest != row->bRequest)
            continue;
        if (!is_allowed(row->wValue, setup->wValue) || !is_allowed(row->wIndex, setup->wIndex) ||
            !is_allowed(row->wLength, setup->wLength) ||
            (row->configured && !device->bConfigurationValue))
            return VCAM_STALL;
        return row->answer(device, request);
    }
    return VCAM_STALL;
}
