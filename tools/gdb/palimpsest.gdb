# SPDX-License-Identifier: MIT
# Read by `make gdb` before it connects. A tour (tools/gdb/LAB.gdb) follows.
#
#   bytes AT LEN        LEN bytes in hexadecimal
#   patch_stop          go to the next store that the door makes, and show
#                       the site before it and after it
#   follow_move         with KASLR=..: let the kernel move, and take the
#                       symbols along

set confirm off
set pagination off
set print thread-events off
set breakpoint pending off
# Two seconds are not enough for an emulator on a busy host.
set remotetimeout 60
# Show the memory of the machine, not of the file: they differ, here.
set trust-readonly-sections off

define bytes
  set $at = (unsigned char *)$arg0
  set $end = $at + $arg1
  while $at < $end
    printf " %02x", *$at
    set $at = $at + 1
  end
  printf "\n"
end
document bytes
bytes AT LEN: print LEN bytes in hexadecimal.
end

# Whoever patches comes to door_copy, which knows the site; the store itself is
# in door_store, which sees only the alias.
define patch_stop
  tbreak door_copy
  continue
  set $site = (unsigned char *)site
  set $len = len
  tbreak door_store
  continue
  printf "\nThe door is about to store to %p through its alias:\n", $site
  printf "before:"
  bytes $site $len
  x/i $site
  finish
  printf "after:"
  bytes $site $len
  x/i $site
end
document patch_stop
patch_stop: run to the next patch and show its site before and after.
end

# Stops behind the move, at the last instruction of the boot part that is still
# at a linked address, and adds the distance to every symbol. $elf is set by
# the Makefile.
define follow_move
  tbreak *&low_moved
  continue
  set $delta = low_report.delta
  eval "symbol-file %s -o 0x%x", $elf, $delta
  printf "\nThe kernel has moved by 0x%x, and its symbols with it.\n", $delta
end
document follow_move
follow_move: let the kernel relocate itself, and move its symbols as well.
end
