# The viewers' module, without the library that it is for.
LIBS_test_conf := vcam
$(O)/tests/unit/test_conf: $(O)/tools/conf.o $(O)/tools/limit.o

ifneq ($(viewer_module),)
LIBS_test_viewer_module := vcam
$(O)/tests/unit/test_viewer_module: $(call objects,module) $(O)/tools/conf.o $(O)/tools/limit.o
$(O)/tests/unit/test_viewer_module: LDFLAGS += -Wl,--no-as-needed $(shell pkg-config --libs gtk+-3.0 spice-client-glib-2.0)
$(O)/tests/unit/test_viewer_module.o: extra_cflags = $(module_cflags)
else
unit_tests := $(filter-out $(O)/tests/unit/test_viewer_module,$(unit_tests))
endif
