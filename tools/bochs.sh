#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots a CD image in Bochs, a PC that shares no code with QEMU, without a
# window.
#
#   tools/bochs.sh IMAGE.iso SERIAL.txt [SECONDS]
#
# The kernel must leave with `exit=bochs`: Bochs ends when it reads
# "Shutdown" at port 0x8900. Its status says nothing, so judge by the serial
# line. Ends with status 124 if the time limit was reached. CPUS=4 gives it
# four processors. They have SSE4.2, and POPCNT with it, so that the kernel
# chooses code that needs it, as it does in QEMU.
set -eu

usage="usage: $0 IMAGE.iso SERIAL.txt [SECONDS]"
iso=${1:?$usage} serial=${2:?$usage} limit=${3:-60}

work=$(mktemp -d "$serial.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Debian's Bochs has its debugger built in: it waits for a command first.
echo c > "$work/continue"
cat > "$work/bochsrc" <<END
display_library: sdl2
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
megs: 128
cpu: count=${CPUS:-1}:1:1, ips=100000000, reset_on_triple_fault=0
cpuid: simd=sse4_2
ata0-master: type=cdrom, path="$iso", status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev="$serial"
clock: sync=none, time0=utc
speaker: enabled=0
log: $work/log
panic: action=fatal
error: action=report
info: action=ignore
debug: action=ignore
END

rm -f "$serial"
status=0
SDL_VIDEODRIVER=dummy SDL_AUDIODRIVER=dummy timeout -k 2 "$limit" \
    bochs -q -f "$work/bochsrc" -rc "$work/continue" \
    > "$work/out" 2>&1 < /dev/null || status=$?

if ! [ -s "$serial" ]; then
    echo "nothing on the serial line; Bochs said:" >&2
    tail -n 20 "$work/out" "$work/log" >&2 || true
    exit 1
fi
case $status in
124 | 137) exit 124 ;;
esac
exit 0
