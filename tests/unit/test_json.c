/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON: exact both ways for every tree, what may be left out, and what is said where it is wrong.
 */
#include <errno.h>

#include "descriptors/json.h"
#include "descriptors_camera.h"
#include "descriptors_inputs.h"

static char *to_json(const void *top, unsigned flags)
{
    GString *text = g_string_new(NULL);
    const struct desc_sink sink = {inputs_append, text};
    desc_json_write(top, flags, &sink);
    return g_string_free(text, FALSE);
}

static struct desc_tree *from_json(const char *json)
{
    struct desc_json_error error;
    struct desc_tree *tree = NULL;
    if (desc_json_read(json, strlen(json), &tree, &error) != 0)
        g_error("%s in\n%s", error.text, json);
    return tree;
}

/* tree -> JSON -> tree -> JSON and bytes */
static void check_tree(struct desc_tree *tree, unsigned flags)
{
    g_autofree char *json = to_json(desc_tree_root(tree), flags);
    struct desc_tree *read = from_json(json);
    g_autofree char *again = to_json(desc_tree_root(read), flags);
    g_autoptr(GByteArray) was = inputs_pack(desc_tree_root(tree));
    g_autoptr(GByteArray) is = inputs_pack(desc_tree_root(read));

    g_assert_cmpmem(is->data, is->len, was->data, was->len);
    if (strcmp(again, json) != 0)
        g_error("the second time it is other JSON");
    g_assert_cmpuint(desc_tree_root(read)->node.total, ==, was->len);
    desc_tree_free(read);
}

static void check_bytes(const uint8_t *bytes, size_t len)
{
    struct desc_tree *tree;
    g_assert_cmpint(desc_parse(bytes, len, DESC_CONTEXT_STANDARD, &tree), ==, 0);
    check_tree(tree, 0);
    check_tree(tree, DESC_JSON_ALL);
    desc_tree_free(tree);
}

static void test_generated_bytes(void)
{
    inputs_each(1, g_test_slow() ? 1000000 : 2000, check_bytes);
}

/* Trees that no parser would make: present rows, counts and arrays that have nothing to do with
   each other. */
static void test_generated_trees(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(2);
    for (int i = 0; i < 2000; i++) {
        struct desc_tree *tree = inputs_tree(rand, 1 + g_rand_int(rand) % 40);
        check_tree(tree, 0);
        check_tree(tree, DESC_JSON_ALL);
        desc_tree_free(tree);
    }
}

static void test_random_bytes(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(3);
    for (int i = 0; i < 4000; i++) {
        uint8_t bytes[200];
        size_t len = g_rand_int(rand) % sizeof(bytes);
        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)(g_rand_int(rand) % (i % 2 ? 40 : 256));
        check_bytes(bytes, len);
    }
}

static void test_cameras(void)
{
    inputs_each_camera(check_bytes);
}

/* What is right is not written: a camera's JSON has no length, count, total or constant. */
static void test_derived_left_out(void)
{
    static const char *const absent[] = {"bLength",           "wTotalLength",  "bNumFormats",
                                         "bNumEndpoints",     "bInCollection", "bDescriptorType",
                                         "bControlSize\": 2", "last"};
    struct desc_tree *tree = desc_tree_new(0x0110);
    camera_build(tree);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_autofree char *json = to_json(desc_tree_root(tree), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(absent); i++)
        g_assert_null(strstr(json, absent[i]));
    g_assert_nonnull(strstr(json, "\"guidFormat\": \"YUY2\""));
    g_assert_nonnull(strstr(json, "\"bcdUVC\": \"1.10\""));
    g_assert_nonnull(strstr(json, "\"dwFrameInterval\": [333333, 666666]"));
    check_tree(tree, 0);

    /* And one that is wrong is. */
    DESC_CAST(vcam_dev_descriptor, desc_tree_root(tree)->arrDescs.first)->bNumConfigurations = 7;
    g_autofree char *wrong = to_json(desc_tree_root(tree), 0);
    g_assert_nonnull(strstr(wrong, "\"bNumConfigurations\": 7"));
    check_tree(tree, 0);
    desc_tree_free(tree);
}

/* One descriptor below "descriptors", and the bytes that it must give. */
static const struct {
    const char *json, *hex;
} written[] = {
    {"{'kind':'usb_endpoint','bEndpointAddress':'0x81','bmAttributes':2,'wMaxPacketSize':512}",
     "07058102000200"},
    {"{'kind':'usb_endpoint','bmAttributes':2.0,'wMaxPacketSize':5.12e2,'bInterval':1e2}",
     "07050002000264"},
    {"{'kind':'usb_endpoint','bLength':9}", "09050000000000"},
    {"{'kind':'usb_endpoint','extra':'aaBB'}", "090500000000 00aabb"},
    {"{'kind':'usb_endpoint','last':'bEndpointAddress'}", "030500"},
    {"{'kind':'usb_endpoint','last':'','extra':'01'}", "01"},
    {"{'kind':'usb_raw','extra':'0902'}", "0902"},
    {"{'kind':'usb_raw'}", ""},
    {"{'kind':'usb_string','bString':'Cä\\ud83d\\ude00'}", "0a034300e4003dd800de"},
    {"{'kind':'usb_string','bString':[65,55357,0]}", "080341003dd80000"},
    {"{'kind':'usb_string','bString':''}", "0203"},
    {"{'kind':'usb_string_zero','wLANGID':['0x0409',1031]}", "060309040704"},
    {"{'kind':'uvc_vs_frame_mjpeg','comment':'three zeros','wWidth':1}",
     "26240700000100 0000 00000000 00000000 00000000 00000000 00 000000000000000000000000"},
    {"{'kind':'uvc_processing_unit','bmControls':[3,0]}", "0c240500000000020300 0000"},
    {"{'kind':'uvc_processing_unit','bmControls':[3,0],'last':'iProcessing'}",
     "0b240500000000020300 00"},
    {"{'kind':'uvc_processing_unit','bControlSize':2}", "0c240500000000020000 0000"},
    {"{'kind':'uvc_vs_input_header','bControlSize':1,'children':["
     "{'kind':'uvc_vs_format_dv'},{'kind':'uvc_vs_format_dv','bDescriptorSubtype':0}]}",
     "0f240102210000000000000001 0000 09240c000000000000 092400000000000000"},
    {"{'kind':'uvc_vc_header','bcdUVC':'1.00','children':[{'kind':'uvc_processing_unit'}]}",
     "0c24010001150000000000 00 092405000000000000"},
    {"{'kind':'uvc_vc_header','bcdUVC':'1.00','children':["
     "{'kind':'uvc_processing_unit','bmVideoStandards':1}]}",
     "0c24010001160000000000 00 0a240500000000000001"},
    {"{'kind':'usb_cap_container_id','ContainerID':'{03020100-0504-0706-0809-0A0b0c0d0e0f}'}",
     "14100400000102030405060708090a0b0c0d0e0f"},
};

static char *document(const char *descriptor)
{
    char *json = g_strdup_printf("{'comment':'test','descriptors':[%s]}", descriptor);
    return g_strdelimit(json, "'", '"');
}

static GByteArray *from_hex(const char *hex)
{
    GByteArray *bytes = g_byte_array_new();
    for (; *hex; hex++)
        if (*hex != ' ') {
            guint8 byte =
                (guint8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
            g_byte_array_append(bytes, &byte, 1);
            hex++;
        }
    return bytes;
}

static void test_written_by_hand(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(written); i++) {
        g_autofree char *json = document(written[i].json);
        g_test_message("%s", json);
        struct desc_tree *tree = from_json(json);
        g_autoptr(GByteArray) bytes = inputs_pack(desc_tree_root(tree));
        g_autoptr(GByteArray) expected = from_hex(written[i].hex);
        g_assert_cmpmem(bytes->data, bytes->len, expected->data, expected->len);
        check_tree(tree, 0);
        desc_tree_free(tree);
    }
}

/* One node alone is a document too. */
static void test_one_node(void)
{
    struct desc_tree *tree = desc_tree_new(0);
    struct usb_interface *interface = DESC_ADD(tree, NULL, usb_interface);
    DESC_ADD(tree, interface, usb_endpoint);
    DESC_ADD(tree, NULL, usb_string);
    g_assert_cmpint(desc_derive(tree), ==, 0);
    g_autofree char *json = to_json(interface, 0);
    struct desc_tree *read = from_json(json);
    g_autoptr(GByteArray) bytes = inputs_pack(desc_tree_root(read));
    g_assert_cmpuint(bytes->len, ==, 16);
    desc_tree_free(tree);
    desc_tree_free(read);
}

/* Document (with ' for "), and what the error must say. */
static const struct {
    const char *json, *error;
} refused[] = {
    {"", "not JSON"},
    {"{", "not JSON"},
    {"[1]", "expected an object with \"descriptors\""},
    {"{}", "no \"descriptors\""},
    {"{'descriptors':[],'x':1}", "'x': expected \"descriptors\" or \"comment\""},
    {"{'descriptors':1}", "descriptors: 1: expected an array of descriptors"},
    {"{'descriptors':[1]}", "descriptors[0]: 1: expected an object with a \"kind\""},
    {"{'descriptors':[{}]}", "descriptors[0]: kind '': expected one of"},
    {"{'descriptors':[{'kind':[]}]}", "descriptors[0]: kind '': expected one of"},
    {"{'descriptors':[{'kind':'usb_descriptors'}]}", "kind 'usb_descriptors': expected one of"},
    {"{'descriptors':[{'kind':'uvc_probe_commit'}]}", "kind 'uvc_probe_commit'"},
    {"{'descriptors':[{'kind':'usb_raw'},{'kind':'usb_endpoint','children':["
     "{'kind':'usb_interface'}]}]}",
     "descriptors[1].children[0]: usb_interface cannot be below usb_endpoint"},
    {"{'descriptors':[{'kind':'usb_endpoint','children':{}}]}",
     "descriptors[0].children: an object: expected an array of descriptors"},
    {"{'descriptors':[{'kind':'usb_endpoint','bIntervall':1}]}",
     "descriptors[0]: usb_endpoint has no 'bIntervall': expected one of bLength, "},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':256}]}",
     "descriptors[0].bInterval: 256: expected 0 to 255"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':-1}]}", ".bInterval: -1: expected 0 to"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':1.5}]}", ".bInterval: 1.5: expected"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':1e3}]}", ".bInterval: 1000.0: expected"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':'0x0x1'}]}", "\"0x0x1\": expected 0"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':1e400}]}", "expected 0 to 255"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':-1e1}]}", "-10.0: expected 0 to 255"},
    {"{'descriptors':[{'kind':'usb_endpoint','bEndpointAddress':'81'}]}",
     ".bEndpointAddress: \"81\": expected 0 to 255, in a string as hex (\"0x81\")"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':null}]}", ".bInterval: null: expected"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':'0xg'}]}", "\"0xg\": expected 0 to 255"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':99999999999999999999}]}",
     "line 1: a number of more than 18 digits"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':[1]}]}", "an array: expected 0 to 255"},
    {"{'descriptors':[{'kind':'usb_endpoint','extra':'0'}]}", ".extra: \"0\": expected bytes"},
    {"{'descriptors':[{'kind':'usb_endpoint','extra':1}]}", ".extra: 1: expected bytes in hex"},
    {"{'descriptors':[{'kind':'usb_endpoint','last':'wWidth'}]}", "last: expected the name of a"},
    {"{'descriptors':[{'kind':'usb_endpoint','last':1}]}", "last: expected the name of a"},
    {"{'descriptors':[{'kind':'usb_endpoint','last':'bLength','bInterval':1}]}",
     "descriptors[0]: bInterval is given, but comes after \"last\""},
    {"{'descriptors':[{'kind':'vcam_dev_descriptor','bcdUSB':'2.0'}]}",
     "\"2.0\": expected a version such as \"1.10\""},
    {"{'descriptors':[{'kind':'vcam_dev_descriptor','bcdUSB':'100.00'}]}", "expected a version"},
    {"{'descriptors':[{'kind':'uvc_vs_format_uncompressed','guidFormat':'YUYV'}]}",
     "descriptors[0].guidFormat: \"YUYV\": expected a name such as \"YUY2\""},
    {"{'descriptors':[{'kind':'uvc_vs_format_uncompressed','guidFormat':2}]}", "expected a name"},
    {"{'descriptors':[{'kind':'uvc_vs_frame_mjpeg','dwFrameInterval':1}]}",
     "descriptors[0].dwFrameInterval: 1: expected an array"},
    {"{'descriptors':[{'kind':'uvc_vs_frame_mjpeg','dwFrameInterval':[1,4294967296]}]}",
     "descriptors[0].dwFrameInterval[1]: 4294967296: expected 0 to 4294967295"},
    {"{'descriptors':[{'kind':'usb_string','bString':'a\xff'}]}", "not JSON"},
    {"{'descriptors':[]} // x", "not JSON: line 1: '/': expected the end"},
    {"{'descriptors':[],\n#", "not JSON: line 2: '#': expected a name"},
    {"{'descriptors':[]}{}", "'{': expected the end"},
    {"{'descriptors':[],}", "'}': expected a name"},
    {"{'descriptors':[],{}", "'{': expected a name"},
    {"{'descriptors':[1,]}", "']': expected a value"},
    {"{'descriptors':[1 2]}", "'2': expected ',' or the closing bracket"},
    {"{'descriptors':[1}", "'}': expected ',' or the closing bracket"},
    {"{'descriptors' 1}", "'1': expected ':'"},
    {"{'descriptors':[]", "the end: expected ',' or the closing bracket"},
    {"{descriptors:[]}", "'d': expected a name or the closing bracket"},
    {"{'descriptors':012}", "'0': expected a value"},
    {"{'descriptors':0x12}", "'x': expected ',' or the closing bracket"},
    {"{'descriptors':$12}", "'$': expected a value"},
    {"{'descriptors':-}", "'-': expected a value"},
    {"{'descriptors':1.}", "'1': expected a value"},
    {"{'descriptors':1e+}", "'1': expected a value"},
    {"{'descriptors':nul}", "'n': expected a value"},
    {"{'descriptors':\x01}", "byte 0x01: expected a value"},
    {"{'descriptors':'\t'}", "line 1: a control character in a string"},
    {"{'descriptors':'\\x'}", "line 1: an escape in a string that JSON does not have"},
    {"{'descriptors':'\\u12g4'}", "line 1: an escape in a string that JSON does not have"},
    {"{'descriptors':'\\u0000'}", "line 1: a string that is no text"},
    {"{'descriptors':'\\ud800'}", "line 1: a string that is no text"},
    {"{'descriptors':'\\ud800\\u0041'}", "line 1: a string that is no text"},
    {"{'descriptors':'\\udc00\\ud800'}", "line 1: a string that is no text"},
    {"{'descriptors':'x}", "line 1: a string without end"},
    {"{'descriptors':[],\n'descriptors':[]}", "line 2: 'descriptors' is there twice"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':1,\n'bInterval':1,\n'bLength':7}]}",
     "line 2: 'bInterval' is there twice"},
    {"{'descriptors':[{'kind':'usb_endpoint','bInterval':1,'bI\\u006eterval':1}]}",
     "line 1: 'bInterval' is there twice"},
    {"{'descriptors':[{'kind':'usb_endpoint','children':[],'kind':'usb_endpoint'}]}",
     "line 1: 'kind' is there twice"},
};

static void check_refused(const char *json, size_t len, const char *expected)
{
    struct desc_json_error error;
    struct desc_tree *tree = NULL;
    g_autofree char *exact = g_memdup2(json, len);
    g_assert_cmpint(desc_json_read(exact, len, &tree, &error), ==, -EINVAL);
    g_assert_null(tree);
    if (!strstr(error.text, expected))
        g_error("'%s' does not say '%s'", error.text, expected);
}

static void test_refused(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *json = g_strdelimit(g_strdup(refused[i].json), "'", '"');
        check_refused(json, strlen(json), refused[i].error);
    }
}

static char *repeated(const char *head, const char *piece, unsigned n, const char *tail)
{
    GString *text = g_string_new(head);
    for (unsigned i = 0; i < n; i++)
        g_string_append(text, piece);
    return g_string_append(text, tail), g_strdelimit(g_string_free(text, FALSE), "'", '"');
}

static void test_too_much(void)
{
    g_autofree char *deep = repeated("", "[", 1000000, "");
    check_refused(deep, strlen(deep), "line 1: more levels than any descriptors have");

    g_autofree char *array =
        repeated("{'descriptors':[{'kind':'usb_cs_interface','bData':[0", ",0", 255 * 255, "]}]}");
    check_refused(array, strlen(array), "descriptors[0].bData: 65026 elements: expected at most");

    g_autofree char *text =
        repeated("{'descriptors':[{'kind':'usb_string','bString':'", "x", 65026, "'}]}");
    check_refused(text, strlen(text), "expected a text, and not as long");

    g_autofree char *size =
        repeated("{'descriptors':[{'kind':'usb_string','bString':'", "x", 127, "'}]}");
    check_refused(size, strlen(size), "descriptors[0]: bLength would be 256, for which it has no");

    g_autofree char *count = repeated("{'descriptors':[{'kind':'uvc_vs_format_mjpeg','children':["
                                      "{'kind':'uvc_vs_frame_mjpeg'}",
                                      ",{'kind':'uvc_vs_frame_mjpeg'}", 255, "]}]}");
    check_refused(count, strlen(count), "bNumFrameDescriptors would be 256");

    struct desc_json_error error;
    struct desc_tree *tree = NULL;
    g_assert_cmpint(desc_json_read("", DESC_MAX_BYTES + 1, &tree, &error), ==, -E2BIG);
    g_assert_nonnull(strstr(error.text, "expected at most"));
}

/* A member that is cut off, anywhere, is no fault. */
static void test_cut(void)
{
    struct desc_tree *tree = desc_tree_new(0x0110);
    camera_build(tree);
    g_autofree char *json = to_json(desc_tree_root(tree), 0);
    desc_tree_free(tree);
    for (size_t len = 0; len + 2 < strlen(json); len += 7)
        check_refused(json, len, "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/json/exact/generated-bytes", test_generated_bytes);
    g_test_add_func("/json/exact/generated-trees", test_generated_trees);
    g_test_add_func("/json/exact/random-bytes", test_random_bytes);
    g_test_add_func("/json/exact/cameras", test_cameras);
    g_test_add_func("/json/derived-left-out", test_derived_left_out);
    g_test_add_func("/json/written-by-hand", test_written_by_hand);
    g_test_add_func("/json/one-node", test_one_node);
    g_test_add_func("/json/refused", test_refused);
    g_test_add_func("/json/too-much", test_too_much);
    g_test_add_func("/json/cut", test_cut);
    return g_test_run();
}
