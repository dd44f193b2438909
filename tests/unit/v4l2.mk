# The V4L2 source on capture devices that are data.
v4l2_fixture_src := tests/unit/fake_v4l2.c
$(eval $(call library,v4l2_fixture))
$(foreach t,test_v4l2_modes test_v4l2_controls test_v4l2_stream,\
        $(eval LIBS_$(t) := v4l2_fixture sources_fixture sources vcam descriptors))
