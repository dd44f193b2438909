/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzzed guest's init and the host say to each other over a virtio-serial port: lines, a
   verb, a number that the answer repeats, arguments. A new line ends what is under way.

     "clock N MS"       "clock N" when MS milliseconds of the guest's time have gone by
     "stream N MS"      opens each camera that there is, takes a few pictures of each, for MS
                        milliseconds at most: "stream N PICTURES"
     "write N PATH TEXT" what a shell's echo would do: "write N ERRNO"
     "stop N"           nothing is answered any more
     "reboot N"

   After its boot the guest says "ready". It says "tick" now and then; under a virtual
   clock no time goes by until the host says "tock": when it has answered all that came before. */
#pragma once

#define FUZZ_PORT "camredir.fuzz"
