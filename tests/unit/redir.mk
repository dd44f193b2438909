# What the tests of redir/ link, and the QEMU that they talk to.
LIBS_test_redir_parts := redir
LIBS_test_redir_host  := redir vcam descriptors
$(O)/tests/unit/test_redir_host: $(O)/tests/unit/fake_qemu.o
