/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzzed guest's init and the host say to each other over a virtio-serial port: lines, a
   verb, a number that the answer repeats, arguments. A new line ends what is under way.

     "clock N MS"       "clock N" when MS milliseconds of the guest's time have gone by
     "stream N MS"      uses each camera that there is, and takes a few pictures of each, for MS
                        milliseconds at most: "stream N PICTURES"
     "settle N MS"      "settle N" when no hub is at work on what was plugged in or out, nor was MS
                        milliseconds later
     "hubs N"           how many of the kernel's hub threads were at work at the last such
                        question, and have got on since: "hubs N HOW-MANY", 0 where one has not
     "write N PATH TEXT" what a shell's echo would do: "write N ERRNO"
     "cover N"          what of the kernel's code was run and not told of before: lines
                        "pcs HEX HEX ...", the lower halves of addresses, then "cover N HOW-MANY"
     "spent N"          what went by since its boot, in milliseconds of the guest's time:
                        "spent N BUSY ALL", BUSY without what its processors were idle
     "stop N"           nothing is answered any more
     "reboot N"

   After its boot the guest says "ready", or "ready kcov" where its kernel tells its coverage. It
   says "tick" after each second of its time, or later; under a virtual clock no time goes by until
   the host says "tock": when it has answered all that came before. */
#pragma once

#define FUZZ_PORT "camredir.fuzz"
