# SPDX-License-Identifier: MIT
# make gdb LAB=livepatch: a function is replaced in three steps, each of which
# alone is right.
tbreak livepatch_on
continue
set $site = (unsigned char *)livepatch_mean
printf "\nThe function as it is:\n"
x/2i $site
printf "before:"
bytes $site 5
printf "\n1. Its entry leads to a gate, which still says no.\n"
tbreak activate
continue
printf "after:"
bytes $site 5
x/i $site
set $gate = $site + 5 + *(int *)($site + 1)
x/3i $gate
printf "\n2. All stand still, no stack holds it: one byte is set.\n"
# With QEMU_FLAGS="-smp 2": the other CPU waits in an interrupt.
if $_inferior_thread_count > 1
  info threads
end
set $active = *(unsigned char **)($gate + 2)
printf "before:"
bytes $active 1
finish
printf "after:"
bytes $active 1
printf "\n3. The gate is out of the way.\n"
printf "before:"
bytes $site 5
tbreak text_poke_batch
continue
finish
printf "after:"
bytes $site 5
x/i $site
printf "\nThe thread calls it under the old name:\n"
tbreak livepatch_mean_fixed
continue
backtrace 2
