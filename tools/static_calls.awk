# SPDX-License-Identifier: MIT
# Turns `nm` and `readelf -rW` of the first link into the table of static
# calls: every CALL or JMP to a trampoline has a relocation that names it.
#
#   c0110a35  R_386_PC32  ...  static_call_tramp_screen
#   ^ the distance in the instruction: its opcode is the byte before
#
# Linux reads the same out of its objects with objtool. Both words are
# distances from text_start, as in symbols.awk. A pointer to a trampoline
# (R_386_32) is no site: whoever calls through it goes by the trampoline.
NF == 3 && $3 == "text_start" { text = $1 }
$3 ~ /^R_386_(PC32|PLT32)$/ && $5 ~ /^static_call_tramp_/ {
    site[++n] = $1
    tramp[n] = $4
}
END {
    print "    .section .static_call_sites, \"a\""
    print "    .balign 4"
    print "    .globl static_call_sites_start, static_call_sites_end"
    print "static_call_sites_start:"
    for (i = 1; i <= n; i++)
        print "    .long 0x" site[i] " - 1 - 0x" text ", 0x" tramp[i] \
            " - 0x" text
    print "static_call_sites_end:"
    print "    .section .note.GNU-stack, \"\", @progbits"
}
