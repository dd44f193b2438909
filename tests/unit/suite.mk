# The guest tests' own frame, without a guest.
LIBS_test_suite := vcam
$(O)/tests/unit/test_suite: $(O)/tests/guest/suite.o $(O)/tests/guest/process.o
LIBS_test_run := vcam
