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
