# SPDX-License-Identifier: MIT
# Turns `readelf -rW` of the first link, which kept its relocations, into the
# table that boot/low_move.c walks: for every word that holds an address of
# the part that moves, the distance from the word before it.
#
#   type       what the word holds   when the kernel moves by delta
#   R_386_32   S + A                 + delta if S moves
#   PC32 etc.  S + A - P             the same, if P and S move together
#   others     part of an address    refused here: nothing could mend it
#
# S, P, A: symbol, place, addend. What is linked from 0xc0100000 up moves, the
# boot part below stays. All numbers are 8 digits, so text compares as numbers
# do; sums are left to the assembler, as not every awk can read hexadecimal.
function moves(at) { return at >= "c0100000" }
function refuse(why) {
    print "relocs.awk: " $3 " at " $1 " against " $5 ": " why > "/dev/stderr"
    failed = 1
}
$3 !~ /^R_386_/ || $3 == "R_386_NONE" { next }
$3 == "R_386_32" {
    if (!moves($4)) next
    if ($1 in seen) refuse("a second one for this word")
    seen[$1] = 1
    place[++n] = $1
    next
}
$3 ~ /^R_386_(PC32|PLT32|GOTPC|GOTOFF)$/ {
    if (moves($1) != moves($4)) refuse("only one of the two moves")
    next
}
moves($1) || moves($4) { refuse("no record can describe it") }
END {
    if (failed) exit 1
    print "    .section .records, \"a\""
    print "    .globl relocs_start, relocs_end"
    print "relocs_start:"
    last = "100000"
    for (i = 1; i <= n; i++) {
        at = place[i]
        if (at < place[i - 1]) {
            print "relocs.awk: " at " is not in order" > "/dev/stderr"
            exit 1
        }
        if (moves(at)) at = at " - 0xc0000000"
        print "    .uleb128 0x" at " - (0x" last ")"
        last = at
    }
    print "relocs_end:"
    print "    .section .note.GNU-stack, \"\", @progbits"
}
