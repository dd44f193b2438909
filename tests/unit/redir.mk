# What the tests of redir/ link. What they share, the QEMU that they talk to among it, needs the libraries
# behind it, so it is one itself.
redir_fixture_src := tests/unit/redir_fixture.c tests/unit/fake_qemu.c
$(eval $(call library,redir_fixture))
LIBS_test_redir_parts    := redir
LIBS_test_redir_endpoint := redir_fixture redir vcam descriptors
LIBS_test_buffered       := redir_fixture redir vcam descriptors
LIBS_test_distance       := redir_fixture redir vcam descriptors
LIBS_test_redir_host     := redir_fixture redir vcam descriptors
LIBS_test_heartbeat      := redir_fixture redir vcam descriptors
LIBS_test_qmp            := redir
$(O)/tests/unit/test_redir_endpoint: LDFLAGS += \
        -Wl,--wrap=usbredirparser_send_bulk_packet,--wrap=usbredirparser_send_iso_packet
LIBS_test_libvirt_domain := redir
