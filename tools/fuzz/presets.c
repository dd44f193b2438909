/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The presets' files as the assembler takes them in: the program fuzzes with no file beside it. */
#include "tools/fuzz/presets.h"

#define PRESETS(X)                                                                                 \
    X(h264)                                                                                        \
    X(qemu_usb_video_full)                                                                         \
    X(qemu_usb_video_high)                                                                         \
    X(superspeed)                                                                                  \
    X(two_streams)                                                                                 \
    X(uvc15)                                                                                       \
    X(webcam)

#define BYTES(name)                                                                                \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global fuzz_preset_" #name ", fuzz_preset_end_" #name "\n"                           \
            "fuzz_preset_" #name ": .incbin \"descriptors/presets/" #name ".json\"\n"              \
            "fuzz_preset_end_" #name ": .byte 0\n"                                                 \
            ".popsection\n");                                                                      \
    extern const char fuzz_preset_##name[], fuzz_preset_end_##name[];
PRESETS(BYTES)

#define ROW(name) {#name, fuzz_preset_##name, fuzz_preset_end_##name},
const FuzzPreset fuzz_presets[] = {PRESETS(ROW)};
const guint fuzz_n_presets = G_N_ELEMENTS(fuzz_presets);
