# SPDX-License-Identifier: MIT
# Read by `make gdb` before it connects. A tour (tools/gdb/LAB.gdb) follows.
#
#   bytes AT LEN        LEN bytes in hexadecimal
#   patch_stop          go to the next store that the door makes, and show
#                       the site before it and after it

set confirm off
set pagination off
set print thread-events off
set breakpoint pending off
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

# The door is entered by text_write, which knows the site; the store itself
# is in door_store, which sees only the alias.
define patch_stop
  tbreak text_write
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
