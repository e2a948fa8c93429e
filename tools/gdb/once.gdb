# SPDX-License-Identifier: MIT
# make gdb LAB=once: the jump of a once-only block becomes a NOP.
tbreak once_subject
continue
x/6i $pc
patch_stop
printf "\nThe second pass meets the NOP:\n"
tbreak once_subject
continue
x/6i $pc
