/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads files, pipes, sysfs and cameras into trees; none of them is trusted with size or contents.
 */
#include "tools/description.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptors/edit.h"
#include "descriptors/json.h"
#include "tools/tools.h"

#define SYSFS "/sys/bus/usb/devices"

static GQuark description_error_quark(void)
{
    return g_quark_from_static_string("description-error-quark");
}

G_GNUC_PRINTF(2, 3) static gboolean fail(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(error, description_error_quark(), 1, text);
    return FALSE;
}

/* ---- Bytes and JSON ---- */

/* From a file or a pipe, however large or long it is. */
static GByteArray *read_bounded(int fd, const char *name, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 buffer[65536];
    ssize_t n;

    while ((n = read(fd, buffer, sizeof(buffer))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            fail(error, "%s: cannot be read: %s", name, g_strerror(errno));
            return NULL;
        }
        g_byte_array_append(bytes, buffer, (guint)n);
        if (bytes->len > DESCRIPTION_MAX_BYTES) {
            fail(error,
                 "%s: more than %u bytes: descriptors are a few thousand; give a file that "
                 "holds them alone",
                 name, DESCRIPTION_MAX_BYTES);
            return NULL;
        }
    }
    return g_steal_pointer(&bytes);
}

/* What some editors put before UTF-8. */
static const guint8 byte_order_mark[] = {0xef, 0xbb, 0xbf};

static gboolean has_mark(const GByteArray *bytes)
{
    return bytes->len >= sizeof(byte_order_mark) &&
           memcmp(bytes->data, byte_order_mark, sizeof(byte_order_mark)) == 0;
}

/* Text is meant as JSON. Bytes are none: lengths, types and numbers are control characters among
   them. But what begins like an object is JSON even where a control character is its fault. */
static gboolean is_json(const GByteArray *bytes)
{
    guint i = has_mark(bytes) ? sizeof(byte_order_mark) : 0;
    while (i < bytes->len && g_ascii_isspace(bytes->data[i]))
        i++;
    if (i + 1 < bytes->len && bytes->data[i] == '{' && bytes->data[i + 1] == '"')
        return TRUE;
    for (i = 0; i < bytes->len; i++)
        if (bytes->data[i] < 0x20 && !g_ascii_isspace(bytes->data[i]))
            return FALSE;
    return g_utf8_validate((const char *)bytes->data, (gssize)bytes->len, NULL);
}

static gboolean has_strings(struct desc_tree *tree)
{
    for (struct desc_node *node = desc_tree_root(tree)->arrDescs.first; node; node = node->next)
        if (node->type->kind == DESC_KIND_usb_string)
            return TRUE;
    return FALSE;
}

static gboolean read_json(struct description *description, const GByteArray *bytes,
                          const char *name, GError **error)
{
    struct desc_json_error why;
    gsize skip = has_mark(bytes) ? sizeof(byte_order_mark) : 0;
    if (desc_json_read((const char *)bytes->data + skip, bytes->len - skip, &description->tree,
                       &why) != 0)
        return fail(error, "%s: %s", name, why.text);
    if (has_strings(description->tree)) /* then it is meant to be whole */
        description->known = DESC_KNOWN_STRINGS | DESC_KNOWN_BOS | DESC_KNOWN_QUALIFIER;
    return TRUE;
}

static gboolean read_bytes(struct description *description, const GByteArray *bytes,
                           const char *name, GError **error)
{
    int r = desc_parse(bytes->data, bytes->len, DESC_CONTEXT_STANDARD, &description->tree);
    return r == 0 ? TRUE : fail(error, "%s: %s", name, g_strerror(-r));
}

static gboolean read_fd(struct description *description, int fd, const char *name, GError **error)
{
    g_autoptr(GByteArray) bytes = read_bounded(fd, name, error);
    if (!bytes)
        return FALSE;
    if (bytes->len == 0)
        return fail(error, "%s: empty: expected descriptors, as bytes or as JSON", name);
    description->is_json = is_json(bytes);
    return description->is_json ? read_json(description, bytes, name, error)
                                : read_bytes(description, bytes, name, error);
}

gboolean description_read_file(struct description *description, const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(error, "%s: %s", path, g_strerror(errno));
    gboolean done = read_fd(description, fd, path, error);
    close(fd);
    return done;
}

/* ---- sysfs ---- */

static guint64 sysfs_number(const char *device, const char *attribute)
{
    g_autofree char *path = g_build_filename(SYSFS, device, attribute, NULL);
    g_autofree char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/* "001:005" and "1-5": bus and device number, as lsusb counts them. */
static char *device_by_number(const char *name)
{
    char *end = NULL;
    guint64 bus = g_ascii_strtoull(name, &end, 10), number = 0;
    if (end != name && (*end == ':' || *end == '-'))
        number = g_ascii_strtoull(end + 1, &end, 10);
    g_autoptr(GDir) dir = bus && number && !*end ? g_dir_open(SYSFS, 0, NULL) : NULL;
    const char *device;
    while (dir && (device = g_dir_read_name(dir)))
        if (sysfs_number(device, "busnum") == bus && sysfs_number(device, "devnum") == number)
            return g_strdup(device);
    return NULL;
}

static gboolean is_device_name(const char *name)
{
    return *name && *name != '.' && name[strspn(name, "0123456789.-usb")] == '\0';
}

static char *find_device(const char *name)
{
    g_autofree char *path = g_build_filename(SYSFS, name, "descriptors", NULL);
    if (is_device_name(name) && g_file_test(path, G_FILE_TEST_EXISTS))
        return g_strdup(name);
    return device_by_number(name);
}

static enum desc_speed speed_of(guint64 megabits)
{
    return megabits >= 5000  ? DESC_SPEED_SUPER
           : megabits >= 480 ? DESC_SPEED_HIGH
           : megabits >= 1   ? DESC_SPEED_FULL
                             : DESC_SPEED_UNKNOWN;
}

static gboolean read_usb(struct description *description, const char *name, GError **error)
{
    g_autofree char *device = find_device(name);
    if (!device)
        return fail(error,
                    "usb:%s: no such USB device: expected its bus and number as 'lsusb' "
                    "shows them (usb:001:005), or its name in " SYSFS " (usb:1-1.4)",
                    name);
    g_autofree char *path = g_build_filename(SYSFS, device, "descriptors", NULL);
    if (!description_read_file(description, path, error))
        return FALSE;
    description->speed = speed_of(sysfs_number(device, "speed"));
    return TRUE;
}

/* ---- Cameras ---- */

static void add_copy(struct desc_tree *tree, const struct desc_node *node)
{
    struct desc_node *copy = desc_copy(tree, node);
    if (!copy)
        g_error("out of memory");
    desc_place(desc_tree_root(tree), copy, NULL);
}

/* What bytes are, put below the root of the tree. */
static void add_parsed(struct desc_tree *tree, const uint8_t *bytes, size_t len,
                       enum desc_context context)
{
    struct desc_tree *piece;
    if (desc_parse(bytes, len, context, &piece) != 0)
        g_error("out of memory");
    for (struct desc_node *node = desc_tree_root(piece)->node.first; node; node = node->next)
        add_copy(tree, node);
    desc_tree_free(piece);
}

static void add_strings(struct desc_tree *tree, const struct vcam_profile *profile)
{
    const uint8_t *bytes;
    size_t len;
    unsigned n = 0;
    for (unsigned i = 1; i < 256; i++)
        if (vcam_profile_descriptor(profile, USB_DESC_STRING, (uint8_t)i, 0x0409, &len))
            n = i;
    for (unsigned i = 0; n && i <= n; i++) {
        bytes = vcam_profile_descriptor(profile, USB_DESC_STRING, (uint8_t)i, 0x0409, &len);
        if (bytes)
            add_parsed(tree, bytes, len, i ? DESC_CONTEXT_STANDARD : DESC_CONTEXT_LANGIDS);
        else /* an empty one keeps the others' place */
            add_parsed(tree, (const uint8_t[]){2, USB_DESC_STRING}, 2, DESC_CONTEXT_STANDARD);
    }
}

static struct desc_tree *tree_of_profile(const struct vcam_profile *profile)
{
    static const uint8_t others[] = {USB_DESC_BOS, USB_DESC_DEVICE_QUALIFIER,
                                     USB_DESC_OTHER_SPEED_CONFIGURATION};
    struct desc_tree *tree = desc_tree_new(0);
    g_autoptr(GByteArray) device = g_byte_array_new();
    size_t len;
    const uint8_t *bytes = vcam_profile_descriptor(profile, USB_DESC_DEVICE, 0, 0, &len);
    if (!tree)
        g_error("out of memory");
    g_byte_array_append(device, bytes, (guint)len);
    bytes = vcam_profile_descriptor(profile, USB_DESC_CONFIGURATION, 0, 0, &len);
    g_byte_array_append(device, bytes, (guint)len);
    add_parsed(tree, device->data, device->len, DESC_CONTEXT_STANDARD);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        if ((bytes = vcam_profile_descriptor(profile, others[i], 0, 0, &len)))
            add_parsed(tree, bytes, len, DESC_CONTEXT_STANDARD);
    add_strings(tree, profile);
    desc_locate(tree);
    return tree;
}

static enum desc_speed speed_of_wish(const struct profile_wish *wish)
{
    static const enum desc_speed speeds[] = {DESC_SPEED_FULL, DESC_SPEED_HIGH, DESC_SPEED_SUPER};
    return speeds[wish->speed];
}

static gboolean read_camera(struct description *description, const char *spec,
                            const struct profile_wish *wish, GError **error)
{
    struct camera_limit limit;
    struct vcam_offer offer;
    camera_limit_init(&limit);
    struct vcam_source *source = camera_open(spec, &limit, &offer, error);
    camera_limit_clear(&limit);
    if (!source)
        return FALSE;
    struct vcam_profile *profile = camera_profile(source, &offer, wish, NULL, error);
    if (profile) {
        description->tree = tree_of_profile(profile);
        description->speed = speed_of_wish(wish);
        description->known = DESC_KNOWN_STRINGS | DESC_KNOWN_BOS | DESC_KNOWN_QUALIFIER;
    }
    vcam_profile_free(profile);
    vcam_source_free(source);
    return profile != NULL;
}

/* ---- All of them ---- */

/* A path that is meant as one, whether it exists or not. */
static gboolean is_file(const char *source)
{
    struct stat st;
    if (stat(source, &st) == 0)
        return !(S_ISCHR(st.st_mode) && g_str_has_prefix(source, "/dev/video"));
    return g_str_has_suffix(source, ".json") || g_str_has_suffix(source, ".bin") ||
           (strchr(source, '/') && !g_str_has_prefix(source, "/dev/video") &&
            !g_str_has_prefix(source, "file:"));
}

enum description_origin description_origin(const char *source)
{
    if (g_str_has_prefix(source, "usb:"))
        return DESCRIPTION_DEVICE;
    return strcmp(source, "-") == 0 || is_file(source) ? DESCRIPTION_FILE : DESCRIPTION_CAMERA;
}

gboolean description_takes(const char *source, const char *option, const char *value,
                           unsigned origins, GError **error)
{
    if (!value || origins & description_origin(source))
        return TRUE;
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                "%s is for cameras%s: '%s' has its own", option,
                origins & DESCRIPTION_FILE ? " and files" : "", source);
    return FALSE;
}

static gboolean read_source(struct description *description, const char *source,
                            enum description_origin origin, GError **error)
{
    if (origin == DESCRIPTION_DEVICE)
        return read_usb(description, source + strlen("usb:"), error);
    if (strcmp(source, "-") == 0)
        return read_fd(description, STDIN_FILENO, "standard input", error);
    return description_read_file(description, source, error);
}

int description_read(struct description *description, const char *source,
                     const struct profile_wish *wish, GError **error)
{
    *description = (struct description){0};
    enum description_origin origin = description_origin(source);
    if (origin == DESCRIPTION_FILE && wish->has_speed)
        description->speed = speed_of_wish(wish);
    if (origin != DESCRIPTION_CAMERA)
        return read_source(description, source, origin, error) ? 0 : EXIT_BROKEN;
    if (read_camera(description, source, wish, error))
        return 0;
    int status = camera_exit_status(*error);
    if (status == EXIT_CAMERA && !strchr(source, '/') && !strchr(source, ':'))
        g_prefix_error(error, "no file '%s', and ", source);
    return status;
}

void description_clear(struct description *description)
{
    desc_tree_free(description->tree);
    description->tree = NULL;
}

void description_keep_device(struct description *description)
{
    struct desc_tree *kept = desc_tree_new(0);
    struct desc_node *node = desc_tree_root(description->tree)->node.first;
    if (!kept)
        g_error("out of memory");
    for (; node; node = node->next)
        if (node->type->kind == DESC_KIND_vcam_dev_descriptor ||
            node->type->kind == DESC_KIND_vcam_config_descriptor)
            add_copy(kept, node);
    desc_locate(kept);
    desc_tree_free(description->tree);
    description->tree = kept;
}

uint8_t *description_pack(const struct description *description, size_t *ret_len)
{
    size_t size = 0;
    const struct desc_node *root = &desc_tree_root(description->tree)->node;
    for (const struct desc_node *node = root; node; node = desc_next(node, root))
        size += desc_own_size(node);
    uint8_t *bytes = g_malloc(size + 1);
    *ret_len = (size_t)desc_pack(root, bytes, size);
    return bytes;
}

gboolean wants_colour(FILE *file)
{
    const char *none = g_getenv("NO_COLOR");
    return isatty(fileno(file)) && !(none && *none) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}
