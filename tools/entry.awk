# SPDX-License-Identifier: MIT
# Makes one instruction of the room for a call that the compiler leaves at the
# entry of every function (-fpatchable-function-entry=5):
#
#   gcc      90 90 90 90 90      five instructions
#   clang    66 90 66 90 90      three
#   here     66 66 66 66 90      one NOP that every i686 knows
#
# Between two of several an interrupt may come. Whoever returns from it would
# come back into the middle of the call that has replaced them: in 2008 Linux
# padded with two NOPs, and did just that. Done here, and not at boot, so that
# the text in memory is the text in the file.
function refuse(why) {
    print "entry.awk: " FILENAME ": " why > "/dev/stderr"
    failed = 1
    exit 1
}
/__patchable_function_entries/ { listed++ }
/^\.(LPFE|Lfunc_begin)[0-9]+:/ { at_entry = 1; room = 0 }
at_entry && /^\t(nop|xchgw\t%ax, %ax)$/ {
    room += $1 == "nop" ? 1 : 2
    if (room < 5) next
    print "\t.byte 0x66, 0x66, 0x66, 0x66, 0x90"
    made++
    at_entry = 0
    next
}
at_entry && /^\t[a-z]/ { # an instruction already
    if (room) refuse("room for a call that is not five bytes")
    at_entry = 0
}
{ print }
END {
    if (!failed && made != listed)
        refuse("found " made + 0 " of " listed " entries")
}
