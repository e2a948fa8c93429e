# SPDX-License-Identifier: MIT
# make gdb LAB=kaslr [KASLR=SEED]: the kernel corrects its own addresses. No
# paging yet: all addresses are physical.

define show_word
  set $word = (unsigned char *)word
  printf "\nThe record's word at %p:\n", $word
  printf "before:"
  bytes $word 4
  finish
  printf "after:"
  bytes $word 4
end

# A word of the boot part itself, one byte into the next instruction to run.
tbreak low_correct if (unsigned)word == (unsigned)&low_moved + 1
continue
x/i low_moved
show_word
x/i low_moved

# The first word of the part that moves. It lies in the copy.
tbreak low_correct if (unsigned)word > (unsigned)&linked_end
continue
show_word
printf "In the file that is "
info symbol $word - delta + 0xc0000000

# From here on gdb knows the symbols at the new place.
follow_move
tbreak kernel_main
continue
x/3i $pc
backtrace
