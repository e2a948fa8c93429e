# SPDX-License-Identifier: MIT
# Lab loader: stops when the door stores the code of zlib1.dll into its
# arena. Until then those bytes are INT3. The code has been prepared in a
# staging buffer, relocated for the address where it will run.
#
# The instruction shown is in crc32_z: its operand is the address of a table.

# Code of this size is an image, not a stub. `at` is where it will run,
# `code` the stage.
break arena_write if len > 0x10000
continue
delete
set $site = (unsigned char *)at + 0xe08
set $stage = (unsigned char *)code + 0xe08
printf "\nstaged at %p, relocated for %p:", $stage, $site
bytes $stage 7

tbreak door_store
continue
printf "\nThe door is about to store %d bytes through its alias:\n", len
printf "before:"
bytes $site 7
x/i $site
finish
printf "after:"
bytes $site 7
x/i $site

# The first call. By now the table is in its place as well, in a page that
# can be read only: the operand leads to the head of the CRC-32 table.
tbreak call_enter
continue
x/i $site
x/4xw *(unsigned *)($site + 3)
