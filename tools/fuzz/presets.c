/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The presets' files, and one that is to be fuzzed alone, as the assembler takes them in: the
   program fuzzes with no file beside it. */
#include "tools/fuzz/presets.h"

#define PRESETS(X)                                                                                 \
    X("descriptors/presets/", h264)                                                                \
    X("descriptors/presets/", qemu_usb_video_full)                                                 \
    X("descriptors/presets/", qemu_usb_video_high)                                                 \
    X("descriptors/presets/", superspeed)                                                          \
    X("descriptors/presets/", two_streams)                                                         \
    X("descriptors/presets/", uvc15)                                                               \
    X("descriptors/presets/", webcam)                                                              \
    X("tools/fuzz/seeds/", studio)

#define BYTES(folder, name)                                                                        \
    __asm__(".pushsection .rodata\n"                                                               \
            ".global fuzz_preset_" #name ", fuzz_preset_end_" #name "\n"                           \
            "fuzz_preset_" #name ": .incbin \"" folder #name ".json\"\n"                           \
            "fuzz_preset_end_" #name ": .byte 0\n"                                                 \
            ".popsection\n");                                                                      \
    extern const char fuzz_preset_##name[], fuzz_preset_end_##name[];
PRESETS(BYTES)

#define ROW(folder, name) {#name, fuzz_preset_##name, fuzz_preset_end_##name},
const FuzzPreset fuzz_presets[] = {PRESETS(ROW)};
const guint fuzz_n_presets = G_N_ELEMENTS(fuzz_presets);
