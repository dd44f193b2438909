# The doctor's checks, on facts that are data: without main() and the libraries that it can do without.
doctor_src := $(filter-out tools/main.c tools/attach.c $(module_src),$(wildcard tools/*.c))
$(eval $(call library,doctor))
LIBS_test_doctor := v4l2_fixture sources_fixture doctor redir sources vcam descriptors
