# SPDX-License-Identifier: MIT
# make gdb LAB=door QEMU_FLAGS='-smp 2': a NOP becomes a CALL, store by store,
# with another processor beside. Works with one as well.
tbreak text_poke
continue
finish
tbreak text_poke
continue
set $site = (unsigned char *)&poke_five_site
printf "\nbefore:"
bytes $site 5
x/i $site
tbreak poke_publish
continue
printf "\nThe handler knows the batch: %d site, at ", poke_batch.count
output/a poke_batch.sites[0].site
printf "\n"
# Each store: the first byte becomes INT3, then those behind it, then it again.
define next_store
  tbreak door_store
  continue
  finish
  echo $arg0
  bytes $site 5
end
next_store armed:
printf "The processors, while the first byte is INT3:\n"
info threads
next_store tail:
next_store tail:
next_store tail:
next_store tail:
tbreak door_store
continue
finish
printf "\nafter:"
bytes $site 5
x/i $site
