# SPDX-License-Identifier: MIT
# make gdb LAB=naive: a plain store rewrites the next instruction.
tbreak naive_store
continue
set $site = site
printf "before:"
bytes $site 6
x/2i $site
finish
printf "after:"
bytes $site 6
x/2i $site
