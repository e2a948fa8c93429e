# SPDX-License-Identifier: MIT
# make gdb LAB=static_key: a NOP becomes a jump in three stores, and at every
# moment in between the site is one instruction.

tbreak static_key_enable if key == (void *)&lab_subject
continue
set $site = (unsigned char *)&static_key_site
set $len = (unsigned char *)&static_key_site_end - $site
printf "\nThe question, and what follows it:\n"
x/2i $site

# The door sees the alias only; the site keeps its own address.
define protocol_store
  tbreak door_store
  continue
  printf "before:"
  bytes $site $len
  finish
  printf "after:"
  bytes $site $len
  x/i $site
end

printf "\n1. INT3 over the first byte, then all CPUs serialise.\n"
protocol_store
printf "\n2. The bytes behind it, then all CPUs serialise.\n"
protocol_store
printf "\n3. The first byte, then all CPUs serialise.\n"
protocol_store

printf "\nThe next pass jumps:\n"
tbreak *$site
continue
x/i $pc
stepi
x/2i $pc

# With QEMU_FLAGS="-smp 2" CMD="keyrace 20000": two CPUs race for one key, and
# one of them meets the INT3 that the other has stored.
if $_inferior_thread_count > 1
  tbreak poke_int3
  continue
  set $site = (unsigned char *)frame->eip - 1
  set $esp_before = frame->eip
  printf "\nThis CPU has met another's breakpoint, at:"
  bytes $site 2
  info symbol $site
  info threads
  tbreak poke_emulate
  continue
  printf "\nIt executes the new instruction by hand, and goes on at %#x.\n", \
    insn->kind == 2 ? (unsigned)$site + insn->len : insn->target
end
