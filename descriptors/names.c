/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of names, and the texts that are made of values: rates, sizes, addresses, strings. */
#include "descriptors/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Values ---- */

const struct desc_name desc_names_class[] = {
    {0x00, "(Defined at Interface level)"},
    {0x01, "Audio"},
    {0x02, "Communications"},
    {0x03, "Human Interface Device"},
    {0x05, "Physical Interface Device"},
    {0x06, "Imaging"},
    {0x07, "Printer"},
    {0x08, "Mass Storage"},
    {0x09, "Hub"},
    {0x0a, "CDC Data"},
    {0x0b, "Chip/SmartCard"},
    {0x0d, "Content Security"},
    {0x0e, "Video"},
    {0x0f, "Personal Healthcare"},
    {0x10, "Audio/Video"},
    {0x11, "Billboard"},
    {0xdc, "Diagnostic"},
    {0xe0, "Wireless"},
    {0xef, "Miscellaneous Device"},
    {0xfe, "Application Specific Interface"},
    {0xff, "Vendor Specific Class"},
    {0, NULL},
};

/* Microsoft's and usb.org's list; the ones that cameras are seen with. */
const struct desc_name desc_names_langid[] = {
    {0x0404, "Chinese (Taiwan)"},
    {0x0407, "German (Standard)"},
    {0x0409, "English (United States)"},
    {0x040a, "Spanish (Traditional Sort)"},
    {0x040c, "French (Standard)"},
    {0x0410, "Italian (Standard)"},
    {0x0411, "Japanese"},
    {0x0412, "Korean"},
    {0x0416, "Portuguese (Brazil)"},
    {0x0419, "Russian"},
    {0x0804, "Chinese (PRC)"},
    {0x0809, "English (United Kingdom)"},
    {0, NULL},
};

/* UVC 1.5, B.1 to B.4 */
const struct desc_name desc_names_terminal[] = {
    {TT_VENDOR_SPECIFIC, "USB Vendor Specific"},
    {TT_STREAMING, "USB Streaming"},
    {ITT_VENDOR_SPECIFIC, "Input Vendor Specific"},
    {ITT_CAMERA, "Camera Sensor"},
    {ITT_MEDIA_TRANSPORT_INPUT, "Sequential Media"},
    {OTT_VENDOR_SPECIFIC, "Output Vendor Specific"},
    {OTT_DISPLAY, "Generic Display"},
    {OTT_MEDIA_TRANSPORT_OUTPUT, "Sequential Media"},
    {0x0400, "External Vendor Specific"},
    {0x0401, "Composite Video Connector"},
    {0x0402, "S-Video Connector"},
    {0x0403, "Component Video Connector"},
    {0, NULL},
};

/* UVC 1.1, 2.4.2.4 */
const struct desc_name desc_names_still_capture[] = {
    {0, "None"}, {1, "Method 1"}, {2, "Method 2"}, {3, "Method 3"}, {0, NULL},
};

const struct desc_name desc_names_trigger_support[] = {
    {0, "Not supported"},
    {1, "Supported"},
    {0, NULL},
};

const struct desc_name desc_names_trigger_usage[] = {
    {0, "Initiate still image capture"},
    {1, "General purpose button event"},
    {0, NULL},
};

/* UVC 1.1, 3.9.2.6 */
const struct desc_name desc_names_color_primaries[] = {
    {0, "Unspecified"}, {1, "BT.709, sRGB"}, {2, "BT.470-2 (M)"}, {3, "BT.470-2 (B, G)"},
    {4, "SMPTE 170M"},  {5, "SMPTE 240M"},   {0, NULL},
};

const struct desc_name desc_names_transfer_characteristics[] = {
    {0, "Unspecified"},     {1, "BT.709"},     {2, "BT.470-2 (M)"},
    {3, "BT.470-2 (B, G)"}, {4, "SMPTE 170M"}, {5, "SMPTE 240M"},
    {6, "Linear"},          {7, "sRGB"},       {0, NULL},
};

const struct desc_name desc_names_matrix_coefficients[] = {
    {0, "Unspecified"},         {1, "BT.709"},     {2, "FCC"}, {3, "BT.470-2 (B, G)"},
    {4, "SMPTE 170M (BT.601)"}, {5, "SMPTE 240M"}, {0, NULL},
};

/* Interfaces and associations of class Video; UVC 1.5, A.2 and A.3 */
static const struct desc_name video_subclasses[] = {
    {0, "Undefined"},
    {SC_VIDEOCONTROL, "Video Control"},
    {SC_VIDEOSTREAMING, "Video Streaming"},
    {SC_VIDEO_INTERFACE_COLLECTION, "Video Interface Collection"},
    {0, NULL},
};

static const struct desc_name video_protocols[] = {
    {PC_PROTOCOL_UNDEFINED, "Undefined"},
    {PC_PROTOCOL_15, "UVC 1.5"},
    {0, NULL},
};

static const struct desc_name transfer_types[] = {
    {0, "Control"}, {1, "Isochronous"}, {2, "Bulk"}, {3, "Interrupt"}, {0, NULL},
};

static const struct desc_name sync_types[] = {
    {0, "None"}, {1, "Asynchronous"}, {2, "Adaptive"}, {3, "Synchronous"}, {0, NULL},
};

static const struct desc_name usage_types[] = {
    {0, "Data"}, {1, "Feedback"}, {2, "Implicit feedback Data"}, {3, "(reserved)"}, {0, NULL},
};

static const struct desc_name dv_types[] = {
    {0, "SD-DV"},
    {1, "SDL-DV"},
    {2, "HD-DV"},
    {0, NULL},
};

/* USB 3.2, table 9-6, and the classes' own that cameras carry. */
static const struct desc_name descriptor_titles[] = {
    {USB_DESC_DEVICE, "Device Descriptor"},
    {USB_DESC_CONFIGURATION, "Configuration Descriptor"},
    {USB_DESC_STRING, "String Descriptor"},
    {USB_DESC_INTERFACE, "Interface Descriptor"},
    {USB_DESC_ENDPOINT, "Endpoint Descriptor"},
    {USB_DESC_DEVICE_QUALIFIER, "Device Qualifier"},
    {USB_DESC_OTHER_SPEED_CONFIGURATION, "Other Speed Configuration Descriptor"},
    {USB_DESC_INTERFACE_ASSOCIATION, "Interface Association"},
    {USB_DESC_BOS, "Binary Object Store Descriptor"},
    {USB_DESC_DEVICE_CAPABILITY, "Device Capability"},
    {CS_INTERFACE, "Class-specific Interface Descriptor"},
    {CS_ENDPOINT, "Class-specific Endpoint Descriptor"},
    {USB_DESC_SUPERSPEED_USB_ENDPOINT_COMPANION, "SuperSpeed Endpoint Companion"},
    {USB_DESC_SUPERSPEEDPLUS_ISOCHRONOUS_ENDPOINT_COMPANION,
     "SuperSpeedPlus Isochronous Endpoint Companion"},
    {0, NULL},
};

/* ---- Bits ---- */

/* USB 2.0, 9.6.3 */
const struct desc_name desc_bits_configuration[] = {
    {5, "Remote Wakeup"},
    {6, "Self Powered"},
    {0, NULL},
};

/* USB 3.2, 9.6.2.1 and 9.6.2.2 */
const struct desc_name desc_bits_usb_2_0_extension[] = {
    {1, "Link Power Management (LPM)"},
    {2, "BESL and alternate HIRD"},
    {3, "Baseline BESL valid"},
    {4, "Deep BESL valid"},
    {0, NULL},
};

const struct desc_name desc_bits_superspeed[] = {
    {1, "Latency Tolerance Messages (LTM)"},
    {0, NULL},
};

const struct desc_name desc_bits_speeds[] = {
    {0, "Low Speed (1.5 Mbit/s)"},
    {1, "Full Speed (12 Mbit/s)"},
    {2, "High Speed (480 Mbit/s)"},
    {3, "SuperSpeed (5 Gbit/s)"},
    {0, NULL},
};

/* UVC 1.5, 3.7.2.3 */
const struct desc_name desc_bits_camera_terminal[] = {
    {0, "Scanning Mode"},
    {1, "Auto-Exposure Mode"},
    {2, "Auto-Exposure Priority"},
    {3, "Exposure Time (Absolute)"},
    {4, "Exposure Time (Relative)"},
    {5, "Focus (Absolute)"},
    {6, "Focus (Relative)"},
    {7, "Iris (Absolute)"},
    {8, "Iris (Relative)"},
    {9, "Zoom (Absolute)"},
    {10, "Zoom (Relative)"},
    {11, "PanTilt (Absolute)"},
    {12, "PanTilt (Relative)"},
    {13, "Roll (Absolute)"},
    {14, "Roll (Relative)"},
    {17, "Focus, Auto"},
    {18, "Privacy"},
    {19, "Focus, Simple"},
    {20, "Window"},
    {21, "Region of Interest"},
    {0, NULL},
};

/* UVC 1.5, 3.7.2.5 */
const struct desc_name desc_bits_processing_unit[] = {
    {0, "Brightness"},
    {1, "Contrast"},
    {2, "Hue"},
    {3, "Saturation"},
    {4, "Sharpness"},
    {5, "Gamma"},
    {6, "White Balance Temperature"},
    {7, "White Balance Component"},
    {8, "Backlight Compensation"},
    {9, "Gain"},
    {10, "Power Line Frequency"},
    {11, "Hue, Auto"},
    {12, "White Balance Temperature, Auto"},
    {13, "White Balance Component, Auto"},
    {14, "Digital Multiplier"},
    {15, "Digital Multiplier Limit"},
    {16, "Analog Video Standard"},
    {17, "Analog Video Lock Status"},
    {18, "Contrast, Auto"},
    {0, NULL},
};

const struct desc_name desc_bits_video_standards[] = {
    {0, "None"},          {1, "NTSC - 525/60"}, {2, "PAL - 625/50"}, {3, "SECAM - 625/50"},
    {4, "NTSC - 625/50"}, {5, "PAL - 525/60"},  {0, NULL},
};

/* UVC 1.5, 3.7.2.7 */
const struct desc_name desc_bits_encoding_unit[] = {
    {0, "Select Layer"},
    {1, "Profile and Toolset"},
    {2, "Video Resolution"},
    {3, "Minimum Frame Interval"},
    {4, "Slice Mode"},
    {5, "Rate Control Mode"},
    {6, "Average Bit Rate"},
    {7, "CPB Size"},
    {8, "Peak Bit Rate"},
    {9, "Quantization Parameter"},
    {10, "Synchronization and Long-Term Reference Frame"},
    {11, "Long-Term Buffer"},
    {12, "Picture Long-Term Reference"},
    {13, "Long-Term Reference Validation"},
    {14, "Level IDC"},
    {15, "SEI Message"},
    {16, "QP Range"},
    {17, "Priority ID"},
    {18, "Start or Stop Layer"},
    {19, "Error Resiliency"},
    {0, NULL},
};

/* UVC 1.1 Media Transport Terminal, 3.1 */
const struct desc_name desc_bits_media_transport[] = {
    {0, "Transport Control"},
    {1, "Absolute Track Number Control"},
    {2, "Media Information"},
    {3, "Time Code Information"},
    {0, NULL},
};

/* UVC 1.1, 3.9.2.1 */
const struct desc_name desc_bits_vs_info[] = {
    {0, "Dynamic Format Change"},
    {0, NULL},
};

const struct desc_name desc_bits_vs_controls[] = {
    {0, "wKeyFrameRate"},
    {1, "wPFrameRate"},
    {2, "wCompQuality"},
    {3, "wCompWindowSize"},
    {4, "Generate Key Frame"},
    {5, "Update Frame Segment"},
    {0, NULL},
};

/* UVC 1.1 MJPEG, 3.1.1; Uncompressed, 3.1.1 and 3.1.2 */
const struct desc_name desc_bits_mjpeg_flags[] = {
    {0, "Fixed-size samples"},
    {0, NULL},
};

const struct desc_name desc_bits_interlace[] = {
    {0, "Interlaced"},
    {1, "1 field per frame"},
    {2, "Field 1 first"},
    {0, NULL},
};

const struct desc_name desc_bits_frame[] = {
    {0, "Still image supported"},
    {1, "Fixed frame-rate"},
    {0, NULL},
};

/* UVC 1.5 H.264, 3.1.1 and 3.1.2 */
const struct desc_name desc_bits_slice_modes[] = {
    {0, "Maximum number of MBs per slice"},
    {1, "Target compressed size per slice"},
    {2, "Number of slices per frame"},
    {3, "Number of MB rows per slice"},
    {0, NULL},
};

const struct desc_name desc_bits_sync_frames[] = {
    {0, "Reset"},
    {1, "IDR frame"},
    {2, "IDR frame that is a long-term reference"},
    {3, "Non-IDR random-access I frame"},
    {4, "Non-IDR random-access I frame that is a long-term reference"},
    {5, "P frame that is a long-term reference"},
    {6, "Gradual decoder refresh frames"},
    {0, NULL},
};

const struct desc_name desc_bits_rate_control[] = {
    {0, "Variable bit rate, underflow allowed"},
    {1, "Constant bit rate"},
    {2, "Constant QP"},
    {3, "Global variable bit rate, underflow allowed"},
    {4, "Variable bit rate, no underflow"},
    {5, "Global variable bit rate, no underflow"},
    {0, NULL},
};

const struct desc_name desc_bits_h264_capabilities[] = {
    {0, "CAVLC only"},
    {1, "CABAC only"},
    {2, "Constant frame rate"},
    {3, "Separate QP for luma and chroma"},
    {4, "Separate QP for Cb and Cr"},
    {5, "No picture reordering"},
    {6, "Long-term reference frame"},
    {0, NULL},
};

const char *desc_name_of(const struct desc_name *names, uint32_t value)
{
    for (; names && names->name; names++)
        if (names->value == value)
            return names->name;
    return NULL;
}

static const char *title_of(enum desc_context context, uint32_t type)
{
    if (context == DESC_CONTEXT_VC && type == CS_INTERFACE)
        return "VideoControl Interface Descriptor";
    if (context == DESC_CONTEXT_VS && type == CS_INTERFACE)
        return "VideoStreaming Interface Descriptor";
    if (context == DESC_CONTEXT_VC && type == CS_ENDPOINT)
        return "VideoControl Endpoint Descriptor";
    return desc_name_of(descriptor_titles, type);
}

const char *desc_title(const struct desc_node *node)
{
    const struct desc_type *type = node->type;
    for (unsigned i = 0; i < type->n_wire; i++)
        if (type->rows[i].role == DESC_ROLE_CONST)
            return title_of(type->context, type->rows[i].value);
    return "Unrecognized";
}

/* ---- GUIDs ---- */

/* The first four bytes a code of four characters, the rest Microsoft's media subtype. */
#define FOURCC(a, b, c, d)                                                                         \
    {                                                                                              \
        a, b, c, d, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71                           \
    }

static const struct desc_guid_name guid_names[] = {
    {FOURCC('Y', 'U', 'Y', '2'), "YUY2", 16},
    {FOURCC('U', 'Y', 'V', 'Y'), "UYVY", 16},
    {FOURCC('N', 'V', '1', '2'), "NV12", 12},
    {FOURCC('N', 'V', '2', '1'), "NV21", 12},
    {FOURCC('Y', 'V', '1', '2'), "YV12", 12},
    {FOURCC('I', '4', '2', '0'), "I420", 12},
    {FOURCC('M', '4', '2', '0'), "M420", 12},
    {FOURCC('P', '0', '1', '0'), "P010", 24},
    {FOURCC('Y', '8', '0', '0'), "Y800", 8},
    {FOURCC('Y', '8', ' ', ' '), "Y8", 8},
    {FOURCC('Y', '1', '0', ' '), "Y10", 0},
    {FOURCC('Y', '1', '2', ' '), "Y12", 0},
    {FOURCC('Y', '1', '6', ' '), "Y16", 16},
    {FOURCC('Y', '8', 'I', ' '), "Y8I", 16},
    {FOURCC('Y', '1', '2', 'I'), "Y12I", 0},
    {FOURCC('Z', '1', '6', ' '), "Z16", 16},
    {FOURCC('B', 'Y', '8', ' '), "BY8", 8},
    {FOURCC('B', 'A', '8', '1'), "BA81", 8},
    {FOURCC('G', 'B', 'R', 'G'), "GBRG", 8},
    {FOURCC('G', 'R', 'B', 'G'), "GRBG", 8},
    {FOURCC('R', 'G', 'G', 'B'), "RGGB", 8},
    {FOURCC('B', 'G', '1', '6'), "BG16", 16},
    {FOURCC('G', 'B', '1', '6'), "GB16", 16},
    {FOURCC('R', 'G', '1', '6'), "RG16", 16},
    {FOURCC('G', 'R', '1', '6'), "GR16", 16},
    {FOURCC('R', 'W', '1', '0'), "RW10", 0},
    {FOURCC(0x32, 0, 0, 0), "L8", 8},
    {FOURCC(0x51, 0, 0, 0), "L16", 16},
    {{0x32, 0, 0, 0, 2, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71}, "L8_IR", 8},
    {{'Y', 'U', 'Y', '2', 0, 0, 0x10, 0, 0x80, 0, 0, 0, 0, 0x38, 0x9b, 0x71}, "YUY2_ISIGHT", 16},
    {{0x7b, 0xeb, 0x36, 0xe4, 0x4f, 0x52, 0xce, 0x11, 0x9f, 0x53, 0, 0x20, 0xaf, 0x0b, 0xa7, 0x70},
     "RGB565",
     16},
    {{0x7d, 0xeb, 0x36, 0xe4, 0x4f, 0x52, 0xce, 0x11, 0x9f, 0x53, 0, 0x20, 0xaf, 0x0b, 0xa7, 0x70},
     "RGB24",
     24},
    {{0x7e, 0xeb, 0x36, 0xe4, 0x4f, 0x52, 0xce, 0x11, 0x9f, 0x53, 0, 0x20, 0xaf, 0x0b, 0xa7, 0x70},
     "RGB32",
     32},
    {FOURCC('M', 'J', 'P', 'G'), "MJPG", 0},
    {FOURCC('H', '2', '6', '4'), "H264", 0},
    {FOURCC('H', '2', '6', '5'), "H265", 0},
    {FOURCC('H', 'E', 'V', 'C'), "HEVC", 0},
    {FOURCC('V', 'P', '8', '0'), "VP80", 0},
    /* Extension units */
    {{0x41, 0x76, 0x9e, 0xa2, 0x04, 0xde, 0xe3, 0x47, 0x8b, 0x2b, 0xf4, 0x34, 0x1a, 0xff, 0x00,
      0x3b},
     "H264_XU",
     0},
    {{0xdc, 0x95, 0x3f, 0x0f, 0x32, 0x26, 0x4e, 0x4c, 0x92, 0xc9, 0xa0, 0x47, 0x82, 0xf4, 0x3b,
      0xc8},
     "MICROSOFT_XU",
     0},
    /* Platform capabilities */
    {{0x38, 0xb6, 0x08, 0x34, 0xa9, 0x09, 0xa0, 0x47, 0x8b, 0xfd, 0xa0, 0x76, 0x88, 0x15, 0xb6,
      0x65},
     "WEBUSB",
     0},
    {{0xdf, 0x60, 0xdd, 0xd8, 0x89, 0x45, 0xc7, 0x4c, 0x9c, 0xd2, 0x65, 0x9d, 0x9e, 0x64, 0x8a,
      0x9f},
     "MICROSOFT_OS_2_0",
     0},
};
#define N_GUID_NAMES (sizeof(guid_names) / sizeof(guid_names[0]))

const struct desc_guid_name *desc_guid_table(size_t *ret_count)
{
    *ret_count = N_GUID_NAMES;
    return guid_names;
}

const struct desc_guid_name *desc_guid_find(const uint8_t guid[16])
{
    for (size_t i = 0; i < N_GUID_NAMES; i++)
        if (memcmp(guid_names[i].guid, guid, sizeof(desc_guid)) == 0)
            return &guid_names[i];
    return NULL;
}

const struct desc_guid_name *desc_guid_by_name(const char *name)
{
    for (size_t i = 0; i < N_GUID_NAMES; i++)
        if (strcmp(guid_names[i].name, name) == 0)
            return &guid_names[i];
    return NULL;
}

/* The text's digits are the bytes in this order: the first three groups are little-endian. */
static const uint8_t guid_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

void desc_guid_format(const uint8_t guid[16], char ret_text[DESC_GUID_TEXT])
{
    char *at = ret_text;
    *at++ = '{';
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += sprintf(at, "%02x", guid[guid_order[i]]);
    }
    strcpy(at, "}");
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

bool desc_guid_parse(const char *text, uint8_t ret_guid[16])
{
    desc_guid guid;
    bool braced = *text == '{';
    text += braced;
    for (unsigned i = 0; i < 16; i++, text += 2) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        if (hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0)
            return false;
        guid[guid_order[i]] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
    }
    if (strcmp(text, braced ? "}" : "") != 0)
        return false;
    memcpy(ret_guid, guid, sizeof(guid));
    return true;
}

/* ---- Strings ---- */

void desc_strings_collect(const void *node, struct desc_strings *ret_strings)
{
    const struct desc_node *top = node;
    unsigned n = 0;

    memset(ret_strings, 0, sizeof(*ret_strings));
    while (top->parent)
        top = top->parent;
    for (const struct desc_node *at = top; at && n < 256; at = desc_next(at, top)) {
        if (at->type->kind == DESC_KIND_usb_string_zero)
            n = n ? n : 1;
        if (at->type->kind == DESC_KIND_usb_string)
            ret_strings->at[n++] = (const struct usb_string *)at;
    }
}

/* Would it change how the text around it reads? */
static bool is_plain(uint32_t c)
{
    bool is_control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfeff || c >= 0xfff0;
    bool turns = c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
                 (c >= 0x2066 && c <= 0x2069);
    return !is_control && !turns && c >> 11 != 0x1b;
}

static size_t put_utf8(uint32_t c, char out[7])
{
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(c | (n > 1 ? lead[n] : 0));
    return n;
}

size_t desc_utf16_text(const uint16_t *units, size_t n, char *ret_text, size_t size)
{
    size_t used = 0, i = 0;
    while (i < n) {
        char piece[7];
        size_t took = 1, len;
        uint32_t c = units[i];
        if (c >> 10 == 0x36 && i + 1 < n && units[i + 1] >> 10 == 0x37) {
            c = 0x10000 + ((c & 0x3ff) << 10 | (units[i + 1] & 0x3ff));
            took = 2;
        }
        if (took == 2 || is_plain(c))
            len = put_utf8(c, piece);
        else
            len = (size_t)snprintf(piece, sizeof(piece), "\\u%04x", (unsigned)c & 0xffff);
        if (used + len >= size)
            break;
        memcpy(ret_text + used, piece, len);
        used += len;
        i += took;
    }
    ret_text[used] = '\0';
    return i;
}

/* ---- Any field of any node ---- */

bool desc_is_hex(const struct desc_row *row)
{
    static const char *const names[] = {"wTerminalType", "bEndpointAddress", "wMaxPacketSize",
                                        "wLANGID"};
    if (strncmp(row->name, "bm", 2) == 0 || strncmp(row->name, "id", 2) == 0 ||
        strncmp(row->name, "bcd", 3) == 0)
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(row->name, names[i]) == 0)
            return true;
    return false;
}

void desc_value_text(const struct desc_row *row, uint64_t value, char *text, size_t size)
{
    if (strncmp(row->name, "bcd", 3) == 0)
        snprintf(text, size, "%x.%02x", (unsigned)value >> 8, (unsigned)value & 0xff);
    else if (desc_is_hex(row))
        snprintf(text, size, "0x%0*" PRIx64, 2 * row->width, value);
    else
        snprintf(text, size, "%" PRIu64, value);
}

bool desc_is_opaque(const struct desc_row *row)
{
    static const char *const names[] = {"bmControls", "bmControlsRuntime", "bmTransportModes",
                                        "bData",      "bCapabilityData",   "CapabilityData"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (row->role == DESC_ROLE_VARS && strcmp(row->name, names[i]) == 0)
            return true;
    return false;
}

/* bmaControls begins anew for each format. */
size_t desc_first_bit(const struct desc_node *node, const struct desc_row *row, size_t index)
{
    size_t period = row->by[1] ? *((const uint8_t *)node + row->by[1]) : 0;
    return 8 * row->width * (period ? index % period : index);
}

static uint64_t field(const struct desc_node *node, const char *name)
{
    for (unsigned i = 0; i < node->type->n_wire; i++)
        if (strcmp(node->type->rows[i].name, name) == 0)
            return desc_get(node, &node->type->rows[i], 0);
    return 0;
}

/* Are the three elements a range (shortest, longest, step) rather than a list? */
static bool is_continuous(const struct desc_node *node, const struct desc_row *row)
{
    return row->zero_is == 3 && row->role == DESC_ROLE_VARS &&
           field(node, "bFrameIntervalType") == 0;
}

void desc_label(const struct desc_node *node, const struct desc_row *row, size_t index, char *text,
                size_t size)
{
    static const char *const range[] = {"dwMinFrameInterval", "dwMaxFrameInterval",
                                        "dwFrameIntervalStep"};
    if (row->role != DESC_ROLE_VARS)
        snprintf(text, size, "%s", row->name);
    else if (is_continuous(node, row) && index < 3)
        snprintf(text, size, "%s", range[index]);
    else if (strcmp(row->name, "wWidthHeight") == 0)
        snprintf(text, size, "%s(%zu)", index % 2 ? "wHeight" : "wWidth", index / 2 + 1);
    else
        snprintf(text, size, "%s(%zu)", row->name, index);
}

/* What an explanation is made from and where it goes. */
struct explain {
    const struct desc_node *node;
    const struct desc_row *row;
    size_t index;
    uint64_t value;
    char *text;
    size_t size;
};

static void set_name(struct explain *e, const struct desc_name *names, uint64_t value)
{
    const char *name = desc_name_of(names, (uint32_t)value);
    if (name)
        snprintf(e->text, e->size, "%s", name);
}

static void explain_interval(struct explain *e)
{
    bool is_step = e->index == 2 && is_continuous(e->node, e->row);
    if (e->value && !is_step)
        snprintf(e->text, e->size, "%.3f fps", 1e7 / (double)e->value);
}

static void explain_interval_type(struct explain *e)
{
    snprintf(e->text, e->size, e->value ? "discrete" : "continuous");
}

static void explain_power(struct explain *e)
{
    const struct vcam_dev_descriptor *device = DESC_CAST(vcam_dev_descriptor, e->node->parent);
    unsigned unit = device && device->bcdUSB >= 0x0300 ? 8 : 2;
    snprintf(e->text, e->size, "%umA", unit * (unsigned)e->value);
}

static void explain_endpoint(struct explain *e)
{
    snprintf(e->text, e->size, "EP %u %s", (unsigned)e->value & 0x0f,
             e->value & 0x80 ? "IN" : "OUT");
}

/* USB 2.0, 9.6.6 */
static void explain_packet(struct explain *e)
{
    snprintf(e->text, e->size, "%ux %u bytes", 1 + ((unsigned)e->value >> 11 & 3),
             (unsigned)e->value & 0x7ff);
}

static void explain_endpoint_attributes(struct explain *e)
{
    if (e->node->type->kind == DESC_KIND_usb_endpoint && (e->value & 3) == 1)
        snprintf(e->text, e->size, "Isochronous, %s, %s",
                 desc_name_of(sync_types, e->value >> 2 & 3),
                 desc_name_of(usage_types, e->value >> 4 & 3));
    else if (e->node->type->kind == DESC_KIND_usb_endpoint)
        set_name(e, transfer_types, e->value & 3);
}

static void explain_clock(struct explain *e)
{
    snprintf(e->text, e->size, "%.6f MHz", (double)e->value / 1e6);
}

static void explain_dv(struct explain *e)
{
    const char *type = desc_name_of(dv_types, e->value & 0x7f);
    snprintf(e->text, e->size, "%s, %s", type ? type : "(reserved)",
             e->value & 0x80 ? "60 Hz" : "50 Hz");
}

/* Subclasses and protocols are those of their class. */
static bool is_video(const struct desc_node *node)
{
    const struct usb_interface *interface = DESC_CAST(usb_interface, node);
    const struct usb_interface_association *association =
        DESC_CAST(usb_interface_association, node);
    return (interface && interface->bInterfaceClass == CC_VIDEO) ||
           (association && association->bFunctionClass == CC_VIDEO);
}

static void explain_subclass(struct explain *e)
{
    if (is_video(e->node))
        set_name(e, video_subclasses, e->value);
}

static void explain_protocol(struct explain *e)
{
    if (is_video(e->node))
        set_name(e, video_protocols, e->value);
}

static const struct {
    const char *field;
    void (*explain)(struct explain *e);
} explanations[] = {
    {"bInterfaceSubClass", explain_subclass},
    {"bInterfaceProtocol", explain_protocol},
    {"bFunctionSubClass", explain_subclass},
    {"bFunctionProtocol", explain_protocol},
    {"bMaxPower", explain_power},
    {"bEndpointAddress", explain_endpoint},
    {"bmAttributes", explain_endpoint_attributes},
    {"wMaxPacketSize", explain_packet},
    {"dwClockFrequency", explain_clock},
    {"dwDefaultFrameInterval", explain_interval},
    {"dwFrameInterval", explain_interval},
    {"bFrameIntervalType", explain_interval_type},
    {"bFormatType", explain_dv},
};

static bool explain_by_name(struct explain *e)
{
    for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
        if (strcmp(explanations[i].field, e->row->name) == 0) {
            explanations[i].explain(e);
            return true;
        }
    return false;
}

static void explain_guid(struct explain *e)
{
    const struct desc_guid_name *known = desc_guid_find((const uint8_t *)e->node + e->row->offset);
    if (known)
        snprintf(e->text, e->size, "%s", known->name);
}

/* iProduct and its like: i and a capital letter. */
static bool is_string_index(const struct desc_row *row)
{
    return row->width == 1 && row->name[0] == 'i' && row->name[1] >= 'A' && row->name[1] <= 'Z';
}

static void explain_string(struct explain *e, const struct desc_strings *strings)
{
    const struct usb_string *string = strings ? strings->at[e->value & 0xff] : NULL;
    if (e->value && string)
        desc_utf16_text(string->bString, string->n_bString, e->text, e->size);
}

/* codes.h puts it in front of names that are too short for C. */
static const char *without_prefix(const char *symbol)
{
    return strncmp(symbol, "USB_DESC_", 9) == 0  ? symbol + 9
           : strncmp(symbol, "USB_CAP_", 8) == 0 ? symbol + 8
                                                 : symbol;
}

const char *desc_explain(const struct desc_node *node, const struct desc_row *row, size_t index,
                         const struct desc_strings *strings, char *text, size_t size)
{
    struct explain e = {node, row, index, 0, text, size};

    text[0] = '\0';
    if (row->width == 16) {
        explain_guid(&e);
        return text;
    }
    e.value = desc_get(node, row, index);
    if (row->role == DESC_ROLE_CONST && e.value == row->value)
        snprintf(text, size, "%s", without_prefix(row->symbol));
    else if (row->names)
        set_name(&e, row->names, e.value);
    else if (is_string_index(row))
        explain_string(&e, strings);
    else
        explain_by_name(&e);
    return text;
}
