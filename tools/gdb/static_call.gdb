# SPDX-License-Identifier: MIT
# make gdb LAB=static_call: a call gets another target while it may be
# executed. Each stop is where the door waits for all CPUs.
tbreak static_call_set if target == (void *)static_call_two
continue
tbreak text_poke_batch
continue
set $site = (unsigned char *)pokes[0].site
printf "\n%d sites are poked. The first of them,\n", count
printf "before:"
bytes $site 5
x/i $site

define next_wait
  tbreak sync_all
  continue
  printf $arg0
  bytes $site 5
end
next_wait "\narmed:"
next_wait "\ntails:"
next_wait "\nheads:"
tbreak static_call_caller
continue
printf "after:"
bytes $site 5
x/i $site
tbreak static_call_two
continue
backtrace 2

# With QEMU_FLAGS="-smp 2" CMD="check static_call": a thread on the second CPU
# uses the sites while the first rewrites them.
if $_inferior_thread_count > 1
  tbreak check_race
  continue
  tbreak poke_int3
  continue
  set $site = (unsigned char *)frame->eip - 1
  printf "\nThe second CPU has met the first one's breakpoint, at:"
  bytes $site 5
  info symbol $site
  info threads
  tbreak poke_emulate
  continue
  printf "\nBy hand it goes on at "
  output/a insn->target
  printf ", and must find its way back to %#x.\n", address + insn->len
end
