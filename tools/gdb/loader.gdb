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
printf "\nstaged at %p, to run at %p, with the linker's address:\n", \
    $stage, $site
printf "before:"
bytes $stage 7

# By hand: the first block of .reloc is for the page at RVA 0x1000; in it look
# for type 3 at offset 0xe0b, the operand.
set $rva = pe->header->Directory[5].VirtualAddress
set $block = (unsigned *)((char *)pe->image->stage + $rva)
printf "\nThe first block: page %x, %d bytes\n", $block[0], $block[1]
set $first = (unsigned short *)($block + 2)
set $entry = $first
set $end = (unsigned short *)((char *)$block + $block[1])
while $entry < $end && *$entry != 0x3e0b
  set $entry = $entry + 1
end
set $rva = $block[0] + (*$entry & 0xfff)
printf "entry %d of it: %x, ", (int)($entry - $first), *$entry
printf "so the word at RVA %x\n", $rva
set $word = *(unsigned *)($stage + 3)
set $base = (unsigned)pe->image->base
set $linked = pe->header->ImageBase
set $hand = $word + $base - $linked
printf "by hand: %x + 0x%x - %x = 0x%x\n", $word, $base, $linked, $hand

# Code of this size is an image, not a stub. `at` is where it will run.
tbreak arena_fill if len > 0x10000
continue
printf "\nThe door is about to make code of %d bytes, relocated by now:\n", len
bytes $stage 7
finish
printf "after:"
bytes $site 7
x/i $site
if *(unsigned *)($site + 3) == $hand
  printf "the loader's sum is the one by hand\n"
else
  printf "the loader has another sum\n"
end

# The first call. By now the table is in its place as well, in a page that
# can be read only: the operand leads to the head of the CRC-32 table.
tbreak call_enter
continue
x/i $site
x/4xw *(unsigned *)($site + 3)
