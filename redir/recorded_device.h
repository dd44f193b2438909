/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a recording tells of the device in it: what it is, how it answered each request, and what
   its endpoints sent. */
#pragma once

#include "redir/recording.h"

typedef struct {
    guint8 requesttype, request;
    guint16 value, index, length;
} RedirSetup;

typedef struct {
    RedirSetup setup;
    guint8 status;
    guint16 length; /* as the answer has it: of data, or of what was taken */
    guint64 offset; /* of its bytes, in the recording */
    guint16 size;
} RedirRecordedAnswer;

/* A configuration or an alternate setting, and what the device then was. */
typedef struct {
    guint32 type; /* usb_redir_set_configuration, usb_redir_set_alt_setting */
    guint8 interface, value, status;
    struct usb_redir_interface_info_header interfaces;
    struct usb_redir_ep_info_header endpoints;
} RedirRecordedChange;

/* An isochronous packet, or a bulk answer. */
typedef struct {
    gint64 at_us;   /* since the stream began */
    guint64 offset; /* of its bytes, in the recording */
    guint size;
    guint8 status;
    gboolean ends; /* bulk: less than was asked for, so a transfer ends with it */
} RedirRecordedData;

typedef struct {
    GArray *data;     /* of RedirRecordedData, at least one */
    gint64 length_us; /* until it begins anew */
} RedirRecordedStream;

#define REDIR_ENDPOINTS 32
/* OUT endpoints, then IN, as in ep_info. */
guint redir_endpoint_place(guint8 bEndpointAddress);

typedef struct {
    RedirRecording recording;
    struct usb_redir_device_connect_header device;
    struct usb_redir_interface_info_header interfaces;
    struct usb_redir_ep_info_header endpoints;
    GArray *answers;                     /* of RedirRecordedAnswer, in order */
    GArray *changes;                     /* of RedirRecordedChange, in order */
    GPtrArray *streams[REDIR_ENDPOINTS]; /* of RedirRecordedStream, in order */
} RedirRecordedDevice;

/* bytes must outlive the device. NULL with REDIR_ERROR_PROTOCOL: why not. */
RedirRecordedDevice *redir_recorded_device_new(const guint8 *bytes, gsize size, GError **error);
/* The same of a file, which stays open. Also NULL with REDIR_ERROR_FAILED: it cannot be read. */
RedirRecordedDevice *redir_recorded_device_open(const char *path, GError **error);
void redir_recorded_device_free(RedirRecordedDevice *device); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RedirRecordedDevice, redir_recorded_device_free)
