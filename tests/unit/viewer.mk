# What the user of a viewer wants, without a viewer.
LIBS_test_conf := vcam
$(O)/tests/unit/test_conf: $(O)/tools/conf.o $(O)/tools/limit.o
