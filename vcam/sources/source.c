/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The calls that all sources share: what may be left out of a table of operations is decided here.
 */
#include <errno.h>

#include "vcam/source.h"

void vcam_source_set_sink(struct vcam_source *source, const struct vcam_source_sink *sink)
{
    source->sink = *sink;
}

int vcam_source_start(struct vcam_source *source, const struct vcam_mode *mode, int64_t now_us)
{
    if (!vcam_offer_has(&source->offer, mode))
        return -EINVAL;
    source->ops->stop(source);
    return source->ops->start(source, mode, now_us);
}

void vcam_source_stop(struct vcam_source *source)
{
    source->ops->stop(source);
}

int64_t vcam_source_dispatch(struct vcam_source *source, int64_t now_us)
{
    return source->ops->dispatch(source, now_us);
}

int vcam_source_get_fd(struct vcam_source *source, short *ret_events)
{
    return source->ops->get_fd ? source->ops->get_fd(source, ret_events) : -1;
}

int vcam_source_control_get(struct vcam_source *source, enum vcam_control_id id, int32_t *ret_value)
{
    if (!vcam_control_find(&source->controls, id))
        return -ENOENT;
    return source->ops->control_get(source, id, ret_value);
}

int vcam_source_control_set(struct vcam_source *source, enum vcam_control_id id, int32_t value)
{
    const struct vcam_control_range *range = vcam_control_find(&source->controls, id);
    if (!range)
        return -ENOENT;
    if (range->flags & VCAM_CONTROL_READONLY)
        return -EACCES;
    if (vcam_control_info(id)->is_bitmap ? !(value & range->res) || (value & (value - 1))
                                         : value < range->min || value > range->max)
        return -ERANGE;
    return source->ops->control_set(source, id, value);
}

void vcam_source_free(struct vcam_source *source)
{
    if (!source)
        return;
    source->ops->stop(source);
    source->ops->free(source);
}
