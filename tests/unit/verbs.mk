# The tests of the verbs link the engine alone; so do their fuzzers.
$(foreach t,test_print test_json test_cdump test_mutate test_presets fuzz_json \
              fuzz_print, \
    $(eval LIBS_$(t) := descriptors))
LIBS_test_profile_preset := vcam descriptors

# The commands as programs; a USB device for them is umockdev's.
LIBS_test_commands := descriptors
$(O)/tests/unit/test_commands: $(O)/tests/unit/mock_usb.o | $(O)/camredir
$(O)/tests/unit/test_commands: LDFLAGS += -Wl,--no-as-needed $(shell pkg-config --libs umockdev-1.0)
