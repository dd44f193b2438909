/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: a virtual camera, and a guest that says anything in any order. The input is a
   camera (two bytes) and a list of operations, each a byte and its arguments; see perform(). */
#include <stdlib.h>
#include <string.h>

#include "vcam/device.h"
#include "vcam/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    const uint8_t *input, *end;
    struct vcam_device *device;
    int64_t now_us;
    bool on;
    struct vcam_mode mode; /* of the last start */
    unsigned depth;        /* of ready functions */
    unsigned alive;        /* frames */
    uint32_t frames, control_values[VCAM_CONTROL_COUNT];
    int control_result;
    uint64_t sum; /* of all bytes that came: each was read */
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static uint8_t next8(struct world *w)
{
    return w->input < w->end ? *w->input++ : 0;
}

static uint16_t next16(struct world *w)
{
    uint16_t low = next8(w);
    return low | next8(w) << 8;
}

/* ---- The camera behind the device ---- */

/* Of exact size, so that ASan sees each byte too far. */
struct fuzz_frame {
    struct vcam_frame frame;
    struct world *world;
};

static void release(struct vcam_frame *frame)
{
    struct world *w = ((struct fuzz_frame *)frame)->world;
    require(w->alive-- > 0);
    free(frame->data);
    free(frame);
}

static void push(struct world *w)
{
    static const uint32_t fourccs[] = {VCAM_YUY2, VCAM_MJPEG, VCAM_NV12, VCAM_H264};
    struct fuzz_frame *f = calloc(1, sizeof(*f));
    uint8_t how = next8(w);
    size_t size = next16(w);

    require(f);
    f->world = w;
    f->frame.mode = w->mode;
    if (how & 1)
        f->frame.mode.fourcc = fourccs[how >> 1 & 3];
    else if (w->mode.fourcc == VCAM_YUY2 && !(how & 2))
        size = vcam_mode_max_frame_size(&w->mode);
    f->frame.data = malloc(size ? size : 1);
    require(f->frame.data);
    memset(f->frame.data, how, size);
    f->frame.size = size;
    f->frame.number = w->frames++;
    f->frame.capture_us = w->now_us - how;
    f->frame.refs = 1;
    f->frame.release = release;
    w->alive++;
    vcam_device_push_frame(w->device, &f->frame, w->now_us);
    require(w->alive <= 3); /* in flight, pending, the last payload's */
}

static void on_start(void *user, const struct vcam_mode *mode)
{
    struct world *w = user;
    require(!w->on);
    require(vcam_offer_has(vcam_profile_offer(vcam_device_profile(w->device)), mode));
    w->on = true;
    w->mode = *mode;
    if (w->frames & 1)
        push(w);
}

static void on_stop(void *user)
{
    struct world *w = user;
    require(w->on);
    w->on = false;
}

static int on_get(void *user, enum vcam_control_id id, int32_t *ret_value)
{
    struct world *w = user;
    if (!w->control_result)
        *ret_value = w->control_values[id];
    return w->control_result;
}

static int on_set(void *user, enum vcam_control_id id, int32_t value)
{
    struct world *w = user;
    const struct vcam_control_range *range =
        vcam_control_find(vcam_profile_controls(vcam_device_profile(w->device)), id);
    require(range && !(range->flags & VCAM_CONTROL_READONLY));
    require(vcam_control_info(id)->is_bitmap || (value >= range->min && value <= range->max));
    w->control_values[id] = value;
    return w->control_result;
}

static void on_event(void *user, const struct vcam_frame *frame, enum vcam_frame_event event,
                     int64_t now_us)
{
    struct world *w = user;
    require(frame->refs > 0 && event <= VCAM_FRAME_REFUSED && now_us <= w->now_us);
}

static void silent(void *user, const char *line)
{
    (void)user;
    require(strstr(line, "camredir bug") == NULL);
}

/* ---- The guest ---- */

static void use_payload(struct world *w, const struct vcam_payload *payload, size_t length)
{
    require(payload->header_len == 0 || payload->header_len == 12);
    require(payload->header_len + payload->len <= length);
    require(!payload->header_len || (payload->header[0] == 12 && payload->header[1] & 0x80));
    for (size_t i = 0; i < payload->len; i++)
        w->sum += payload->data[i];
}

static void bulk(struct world *w, uint8_t endpoint, size_t length)
{
    struct vcam_payload payload;
    if (vcam_device_bulk_in(w->device, endpoint, length, w->now_us, &payload) == VCAM_DATA)
        use_payload(w, &payload, length);
}

static void iso(struct world *w, uint8_t endpoint)
{
    struct vcam_payload payload;
    if (vcam_device_iso_in(w->device, endpoint, w->now_us, &payload) == VCAM_DATA)
        use_payload(w, &payload, 49152);
}

static void status(struct world *w, uint8_t endpoint)
{
    uint8_t packet[16];
    size_t len = 0;
    if (vcam_device_interrupt_in(w->device, endpoint, packet, &len) == VCAM_DATA)
        require(len >= 6 && len <= sizeof(packet));
}

/* A USB side that answers its waiting requests at once. */
static void on_ready(void *user, uint8_t endpoint)
{
    struct world *w = user;
    if (w->depth++ < 3) {
        if (endpoint == VCAM_STATUS_ENDPOINT)
            status(w, endpoint);
        else if (w->frames & 2)
            bulk(w, endpoint, 16384);
        else
            iso(w, endpoint);
    }
    w->depth--;
}

static void control(struct world *w, struct vcam_setup setup)
{
    size_t len = 0;
    uint8_t *bytes = malloc(setup.wLength ? setup.wLength : 1);
    bool is_in = setup.bmRequestType & 0x80;

    require(bytes);
    for (unsigned i = 0; i < setup.wLength && !is_in; i++)
        bytes[i] = i < 64 ? next8(w) : 0;
    enum vcam_answer answer =
        vcam_device_control(w->device, &setup, setup.wLength ? bytes : NULL, &len, w->now_us);
    require(answer == VCAM_STALL || answer == (is_in ? VCAM_DATA : VCAM_ACK));
    require(len <= setup.wLength && (answer == VCAM_DATA || len == 0));
    for (size_t i = 0; i < len; i++)
        w->sum += bytes[i];
    free(bytes);
}

/* What a guest does say; a fuzzer alone takes long to find the way there. */
static void usual_control(struct world *w)
{
    static const struct vcam_setup usual[] = {
        {0x00, 9, 1, 0, 0},
        {0x21, 1, 0x0100, 1, 26},
        {0x21, 1, 0x0200, 1, 26},
        {0xa1, 0x81, 0x0100, 1, 48},
        {0x01, 11, 1, 1, 0},
        {0x02, 1, 0, 0x81, 0},
        {0x02, 3, 0, 0x81, 0},
        {0x80, 6, 0x0200, 0, 4096},
        {0x80, 6, 0x0302, 0x0409, 255},
        {0x21, 1, 0x0200, 0x0200, 2},
        {0xa1, 0x81, 0x0200, 0x0200, 2},
        {0x21, 1, 0x0d00, 0x0100, 8},
        {0xa1, 0x86, 0x0400, 0x0100, 1},
        {0xa1, 0x81, 0x0200, 0, 1},
        {0x01, 11, 0, 1, 0},
        {0x21, 1, 0x0200, 0x0100, 1},
    };
    struct vcam_setup setup = usual[next8(w) % (sizeof(usual) / sizeof(usual[0]))];
    uint8_t change = next8(w);
    if (change & 1)
        setup.wValue = next16(w);
    if (change & 2)
        setup.wIndex = next16(w);
    if (change & 4)
        setup.wLength = next8(w);
    if (change & 8)
        setup.bRequest = 0x80 | next8(w);
    control(w, setup);
}

static void any_control(struct world *w)
{
    struct vcam_setup setup = {0};
    setup.bmRequestType = next8(w);
    setup.bRequest = next8(w);
    setup.wValue = next16(w);
    setup.wIndex = next16(w);
    setup.wLength = next16(w);
    control(w, setup);
}

static void perform(struct world *w)
{
    static const uint8_t endpoints[] = {0x81, 0x81, 0x81, 0x82, 0x01, 0x83, 0x80, 0xff};
    uint8_t operation = next8(w), endpoint = endpoints[operation >> 5];

    switch (operation % 16) {
    case 0:
        any_control(w);
        break;
    case 1:
    case 2:
        usual_control(w);
        break;
    case 3:
        bulk(w, endpoint, next16(w));
        break;
    case 4:
        bulk(w, endpoint, (size_t)1024 << next8(w) % 11);
        break;
    case 5:
        iso(w, endpoint);
        break;
    case 6:
        status(w, operation & 0x80 ? endpoint : VCAM_STATUS_ENDPOINT);
        break;
    case 7:
    case 8:
        push(w);
        break;
    case 9:
        w->now_us += next16(w);
        break;
    case 10:
        w->now_us += (int64_t)next8(w) * 100000;
        vcam_device_tick(w->device, w->now_us);
        break;
    case 11:
        vcam_device_hold(w->device, operation & 0x80);
        break;
    case 12:
        vcam_device_control_changed(w->device, next8(w));
        break;
    case 13:
        w->control_result = -(next8(w) % 40);
        break;
    case 14:
        vcam_device_reset(w->device, w->now_us);
        require(!w->on);
        break;
    default:
        control(w, (struct vcam_setup){0x00, 9, 1, 0, 0});
    }
}

static void check_state(struct world *w)
{
    struct vcam_device_state state;
    vcam_device_get_state(w->device, &state);
    require(state.streaming == w->on);
    require(!w->on || state.bConfigurationValue == 1);
    require(state.bAlternateSetting < vcam_profile_alternates(vcam_device_profile(w->device)));
    require(!state.mode.fourcc ||
            vcam_offer_has(vcam_profile_offer(vcam_device_profile(w->device)), &state.mode));
    require(w->alive <= 3);
}

static struct vcam_device *new_device(struct world *w)
{
    static const uint16_t versions[] = {0, 0x0100, 0x0110, 0x0150};
    static const struct vcam_control_range ranges[] = {
        {VCAM_PU_BRIGHTNESS, -64, 64, 1, 0, VCAM_CONTROL_AUTOUPDATE},
        {VCAM_CT_AE_MODE, 1, 8, 0x09, 8, 0},
        {VCAM_CT_EXPOSURE_TIME_ABSOLUTE, 3, 2047, 1, 250, VCAM_CONTROL_AUTOUPDATE},
        {VCAM_CT_PAN_ABSOLUTE, -36000, 36000, 3600, 0, VCAM_CONTROL_AUTOUPDATE},
        {VCAM_CT_TILT_ABSOLUTE, -18000, 18000, 3600, 0, VCAM_CONTROL_AUTOUPDATE},
        {VCAM_CT_PRIVACY, 0, 1, 1, 0, VCAM_CONTROL_READONLY | VCAM_CONTROL_AUTOUPDATE},
    };
    const struct vcam_device_ops ops = {on_start, on_stop, on_get, on_set, on_event, w};
    uint8_t kind = next8(w), n_controls = next8(w) % 7;
    const struct vcam_profile_options options = {.speed = kind % 3,
                                                 .transfer = kind / 3 % 2,
                                                 .bcdUVC = versions[kind / 6 % 4],
                                                 .product = "x"};
    struct vcam_control_list controls = {.count = n_controls};
    struct vcam_offer offer = {0};

    memcpy(controls.items, ranges, n_controls * sizeof(ranges[0]));
    vcam_offer_add(&offer, &(struct vcam_mode){VCAM_YUY2, 64, 48, 333333});
    vcam_offer_add(&offer, &(struct vcam_mode){VCAM_YUY2, 160, 120, 2000000});
    vcam_offer_add(&offer, &(struct vcam_mode){VCAM_MJPEG, 160, 120, 333333});
    vcam_offer_add(&offer, &(struct vcam_mode){VCAM_MJPEG, 160, 120, 666666});
    vcam_offer_add(&offer, &(struct vcam_mode){VCAM_H264, 160, 120, 333333});
    return vcam_device_new(vcam_profile_new(&offer, &controls, &options, NULL), &ops);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.input = data, .end = data + size, .now_us = 1000000};

    vcam_log_set(silent, NULL);
    w.device = new_device(&w);
    require(w.device);
    vcam_device_set_ready_func(w.device, on_ready, &w);
    while (w.input < w.end) {
        perform(&w);
        check_state(&w);
    }
    vcam_device_free(w.device);
    require(!w.on && w.alive == 0);
    return 0;
}
