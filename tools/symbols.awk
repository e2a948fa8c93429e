# SPDX-License-Identifier: MIT
# Turns `nm -n` of the first link into the kernel's symbol table. Several
# names at one address: the first global one wins, else the first.
#
# Both words of an entry are distances, not addresses: where the kernel lies
# does not matter to them, so they need no relocation records.
$3 == "text_start" { text = $1 }
$2 ~ /^[TtW]$/ {
    if ($1 < "c0100000") next
    if ($3 ~ /^(\.L|text_start$|text_end$|door_start$|door_end$)/) next
    if ($1 != last) { n++; at[n] = $1; name[n] = $3; kind[n] = $2; last = $1 }
    else if (kind[n] == "t" && $2 == "T") { name[n] = $3; kind[n] = $2 }
}
END {
    print "    .section .symbols, \"a\""
    print "    .balign 4"
    print "    .globl symbols_start, symbols_end"
    print "symbols_start:"
    for (i = 1; i <= n; i++) printf "    .long 0x%s - 0x%s, %d\n", at[i], text, length_before(i)
    print "symbols_end:"
    print "    .globl symbol_names"
    print "symbol_names:"
    for (i = 1; i <= n; i++) printf "    .asciz \"%s\"\n", name[i]
    print "    .section .note.GNU-stack, \"\", @progbits"
}
function length_before(i) { if (i > 1) sum += length(name[i - 1]) + 1; return sum + 0 }
