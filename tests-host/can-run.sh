#!/bin/sh
# SPDX-License-Identifier: MIT
# Can this machine compile and run 32-bit Linux programs, and has it Zydis?
# Says why not.
#
#   HOST_CC=gcc tests-host/can-run.sh DIRECTORY
#
# RUN32=false stands for a machine that cannot, in test_harness.py.
set -u
mkdir -p "$1"
program=$(mktemp "$1/probe.XXXXXX")
trap 'rm -f "$program"' EXIT

no() {
    echo "tests-host: skipped, $*" >&2
    exit 1
}

# printf: a compiler without 32-bit headers or libraries fails here, too.
printf '#include <stdio.h>\nint main(void) { puts("runs"); return 0; }\n' |
    ${HOST_CC:-gcc} -m32 -x c - -o "$program" 2> /dev/null ||
    no "${HOST_CC:-gcc} -m32 makes no programs here"
[ "$(${RUN32-} "$program" 2> /dev/null)" = runs ] ||
    no "32-bit programs do not run here"
echo '#include <Zydis/Zydis.h>' | ${HOST_CC:-gcc} -E -x c - > /dev/null 2>&1 ||
    no "<Zydis/Zydis.h> is missing (libzydis-dev)"
