# The sources' tests. All but those of V4L2 link what needs no capture device.
plain_sources_src := $(filter-out vcam/sources/v4l2%,$(wildcard vcam/sources/*.c))
$(eval $(call library,plain_sources))

# What they share goes before the libraries that it uses, so it is one itself.
sources_fixture_src := tests/unit/sources_fixture.c
$(eval $(call library,sources_fixture))
$(foreach t,test_pattern test_jpeg test_file test_convert test_placeholder test_picture,\
        $(eval LIBS_$(t) := sources_fixture plain_sources vcam descriptors))

LIBS_fuzz_jpeg := plain_sources vcam descriptors
