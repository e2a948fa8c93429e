# SPDX-License-Identifier: MIT
# make gdb LAB=alternative: a CALL becomes POPCNT at boot; then a replacement
# of the lab is relocated.

define site_stop
  tbreak text_write if (char *)site >= (char *)$arg0 && \
      (char *)site < (char *)$arg0 + $arg1
  continue
  set $site = (unsigned char *)site
  set $len = len
  tbreak door_store
  continue
  printf "\nThe door is about to store to %p:\n", $site
  printf "before:"
  bytes $site $len
  x/2i $site
  finish
  printf "after:"
  bytes $site $len
  x/2i $site
end

tbreak alternatives_open
continue
site_stop count_bits 64
site_stop alternative_calls 16
tbreak alternative_calls
continue
stepi
x/3i $pc
