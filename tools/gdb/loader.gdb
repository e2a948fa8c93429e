# SPDX-License-Identifier: MIT
# Lab loader: stops when zlib1.dll has been laid out in a staging buffer and is
# about to be relocated for the address where it will run, and when the door
# turns data pages into the code of that address.
#
# The instruction shown is in crc32_z, at RVA 0x1e08: its operand is the
# address of a table.

break pe_relocate
continue
delete
set $stage = (unsigned char *)pe->image->stage + 0x1e08
set $site = (unsigned char *)pe->image->base + 0x1e08
printf "\nstaged at %p, to run at %p, with the linker's address:\n", $stage, $site
printf "before:"
bytes $stage 7

# Code of this size is an image, not a stub. `at` is where it will run.
tbreak arena_fill if len > 0x10000
continue
printf "\nThe door is about to make code of %d bytes, relocated by now:\n", len
bytes $stage 7
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
