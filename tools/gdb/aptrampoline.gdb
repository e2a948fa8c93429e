# SPDX-License-Identifier: MIT
# make gdb LAB=aptrampoline: a CPU gets its own first code, and runs it. The
# machine has two CPUs: `info threads` shows both.
tbreak aptrampoline_aim
continue
printf "\nCPU %u is about to be started. The copy, before its own words:\n", number
x/24xb arena->base
patch_stop
patch_stop
patch_stop
printf "\nThe start message is sent; CPU 1 runs the copy and arrives in C:\n"
tbreak cpu_entry
continue
info threads
printf "number on its stack: %u\n", number
bt
