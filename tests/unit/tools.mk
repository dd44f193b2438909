# The program's parts that can be tested without the program.
$(O)/tests/unit/test_limit: $(O)/tools/limit.o
LIBS_test_limit := vcam
