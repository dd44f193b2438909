# The program's parts that can be tested without the program.
$(O)/tests/unit/test_limit: $(O)/tools/limit.o
LIBS_test_limit := vcam
$(O)/tests/unit/test_running: $(O)/tools/running.o $(O)/tools/log.o
$(O)/tests/unit/test_transfer: $(O)/tools/profile.o
LIBS_test_transfer := vcam descriptors
vm_src := $(filter-out tools/vm.c,$(wildcard tools/vm_*.c))
$(eval $(call library,vm))
LIBS_test_vm := vm redir
