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

# With QEMU_FLAGS="-smp 2" CMD="cpu 1 offline; cpu 1 online": whoever is alone
# needs no LOCK; before anybody is started all of them are back.
define lock_stop
  tbreak locks_set if (locked != 0) == $arg0
  continue
  set $site = (unsigned char *)smp_locks_start[0]
  printf $arg1
  info threads
  printf "before:"
  bytes $site 3
  x/2i $site
  finish
  printf "after:"
  bytes $site 3
  x/2i $site
end
if $_inferior_thread_count > 1
  lock_stop 0 "\nThe second CPU has left, and the first is alone:\n"
  lock_stop 1 "\nThe second CPU is about to be started:\n"
end
