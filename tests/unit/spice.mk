# SPICE addresses are read without the SPICE library.
LIBS_test_spice_address := redir
$(O)/tests/unit/test_spice_address: $(O)/tools/spice_address.o
