# The virtual camera: no I/O, so nothing but the two libraries.
LIBS_test_format := vcam descriptors
LIBS_test_queue  := vcam descriptors
LIBS_test_key_frame := vcam descriptors

# What its tests share goes before the libraries that it uses, so it is one itself.
vcam_fixture_src := tests/unit/vcam_fixture.c
$(eval $(call library,vcam_fixture))
$(foreach t,test_profile test_negotiation test_device_enumeration test_device_controls \
            test_device_stream,$(eval LIBS_$(t) := vcam_fixture vcam descriptors))

# Their fuzzer (tests/fuzz/fuzz_device.c) needs as little.
LIBS_fuzz_device := vcam descriptors
