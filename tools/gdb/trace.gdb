# SPDX-License-Identifier: MIT
# make gdb LAB=trace: the NOP at a function's entry becomes a call of the
# tracer; a call goes there first, and its return too.
tbreak trace_set if wanted[0] == 't'
continue
set $site = (unsigned char *)trace_subject
printf "\nA function that is not traced:\n"
x/3i $site
printf "before:"
bytes $site 5
tbreak text_poke_batch
continue
finish
printf "\nOne batch of calls has been written; this is one of them:\n"
printf "after:"
bytes $site 5
x/3i $site
printf "\nSomebody calls it:\n"
tbreak *trace_subject
continue
stepi
x/7i $pc
printf "\nAnd returns to the tracer, which knows where to go on:\n"
tbreak tracer_leave
continue
backtrace 1

# With QEMU_FLAGS="-smp 2" CMD="check trace": a thread on the second CPU calls
# functions while the first one traces them all.
if $_inferior_thread_count > 1
  tbreak trace_check_threads
  continue
  tbreak poke_int3 thread 2
  continue
  set $site = (unsigned char *)frame->eip - 1
  printf "\nThe second CPU has met the first one's breakpoint, at:"
  bytes $site 5
  info symbol $site
  info threads
  tbreak poke_emulate thread 2
  continue
  printf "\nThe call is made by hand. It returns to %#x and leads to\n", \
    address + insn->len
  info symbol insn->target
end
