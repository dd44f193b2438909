# The fuzzer without the program, and what it reads seeds with.
fuzz_src := $(wildcard tools/fuzz/*.c) $(patsubst %,tools/%.c,description camera limit profile)
$(eval $(call library,fuzz))
LIBS_test_fuzz := fuzz redir sources vcam descriptors
LIBS_test_fuzz_case := fuzz redir sources vcam descriptors
LIBS_fuzz_case := fuzz redir sources vcam descriptors
LIBS_test_fuzz_console := fuzz
LIBS_test_fuzz_core := fuzz
LIBS_test_fuzz_cover := fuzz redir sources vcam descriptors
LIBS_test_fuzz_device := redir_fixture fuzz redir sources vcam descriptors
LIBS_test_fuzz_hubs := fuzz
LIBS_test_fuzz_monitor := fuzz
LIBS_test_fuzz_sched := fuzz
LIBS_test_fuzz_camera := fuzz vcam descriptors

LIBS_test_fuzz_command := descriptors
$(O)/tests/unit/test_fuzz_command: | $(O)/camredir
