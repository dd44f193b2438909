# What is installed, as others use it: a tree of its own is installed, and a program built on it.
ifneq ($(spice_library),)
LIBS_test_install := descriptors
$(O)/tests/unit/test_install: | $(O)/camredir
$(O)/tests/unit/test_install.o: extra_cflags = -DTEST_MAKE='"$(MAKE) -s O=$(O) SAN=$(SAN)"' \
        -DTEST_CC='"$(CC) $(sanitize)"'
else
unit_tests := $(filter-out $(O)/tests/unit/test_install,$(unit_tests))
endif
