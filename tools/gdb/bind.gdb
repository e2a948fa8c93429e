# SPDX-License-Identifier: MIT
# make gdb LAB=bind: a call through the PLT of libz.so.1 is made for the first
# time. The resolver has found the function, and rewrites the call.

# In the middle of the call: `bound` says who is calling whom.
tbreak shared_patch
continue
set $site = (unsigned char *)bound->frame->caller - 5
printf "\nThe call that led here, and the entry that it calls:\n"
x/i $site
x/i $site + 5 + *(int *)($site + 1)
printf "The slot in the GOT, which stays as it is:\n"
x/xw bound->slot

tbreak door_store
continue
printf "\nThe door is about to store %d bytes through its alias:\n", len
printf "before:"
bytes $site 5
x/i $site
finish
printf "after:"
bytes $site 5
x/i $site

# The second call: one step, and the function itself is there.
tbreak *$site
continue
x/i $pc
stepi
x/2i $pc
