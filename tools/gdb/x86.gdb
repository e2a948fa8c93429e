# SPDX-License-Identifier: MIT
# make gdb LAB=x86: a typed instruction replaces another. The rest of the old
# one becomes a NOP.
tbreak x86_poke
continue
printf "\nTyped and assembled:"
bytes code n
patch_stop
printf "\nWhat is left of the old instruction is one NOP:\n"
x/i $site + 2
