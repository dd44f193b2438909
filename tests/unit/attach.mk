# What is for programs that take the camera into their own SPICE session; left out without SPICE.
ifeq ($(spice_library),)
unit_tests := $(filter-out %/test_install %/test_attach,$(unit_tests))
else ifeq ($(shell pkg-config --exists spice-server 2>/dev/null && echo 1),)
unit_tests := $(filter-out %/test_attach,$(unit_tests))
endif

# What is installed, as others use it: a tree of its own is installed, and a program built on it.
LIBS_test_install := descriptors
$(O)/tests/unit/test_install: | $(O)/camredir
$(O)/tests/unit/test_install.o: extra_cflags = -DTEST_MAKE='"$(MAKE) -s O=$(O) SAN=$(SAN)"' \
        -DTEST_CC='"$(CC) $(sanitize)"'

# The library in a session with a real spice-server, in one process.
server_cflags = $(shell pkg-config --cflags spice-server)
attach_fixture_src := tests/unit/attach_scene.c tests/unit/spice_vm.c
$(eval $(call library,attach_fixture))
$(call objects,attach_fixture) $(O)/tests/unit/test_attach.o: extra_cflags = $(spice_cflags) $(server_cflags)
LIBS_test_attach := attach_fixture redir_fixture plain_sources redir vcam descriptors
$(O)/tests/unit/test_attach: $(spice_library:%=$(O)/%)
$(O)/tests/unit/test_attach: LDFLAGS += -Wl,-rpath,'$$ORIGIN/../..' -Wl,--no-as-needed \
        $(shell pkg-config --libs spice-client-glib-2.0 spice-server)
