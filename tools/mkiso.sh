#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a CD image that boots the kernel on any PC with a BIOS.
#
#   tools/mkiso.sh OUT.iso KERNEL.elf ["COMMAND LINE" ["FILE ARGS"...]]
#
# grub-mkrescue would add every GRUB module and the time of day. This takes
# only the modules that boot/grub.cfg needs, and fixed dates: the same input
# gives the same bytes.
set -eu

usage="usage: $0 OUT.iso KERNEL.elf [\"COMMAND LINE\" [\"FILE ARGS\"...]]"
out=${1:?$usage} elf=${2:?$usage} cmdline=${3-}
shift 2
[ $# -eq 0 ] || shift

here=$(dirname "$0")
grub=/usr/lib/grub/i386-pc
date=2000010100000000
tree=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$tree"' EXIT

# A word in single quotes, as GRUB and sh read it.
quote() {
    printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"
}

mkdir -p "$tree/boot/grub"
cp "$elf" "$tree/boot/palimpsest.elf"
cp "$here/../boot/grub.cfg" "$tree/boot/grub/grub.cfg"

# Every module has a folder of its own, so that names may repeat. GRUB does
# not hand a module's path to the kernel: repeat it as the first argument.
{
    printf 'set cmdline=%s\n' "$(quote "$cmdline")"
    printf 'function load_modules {\n    true\n'
    number=0
    for module in "$@"; do
        number=$((number + 1))
        file=${module%% *}
        name=$(basename "$file")
        mkdir -p "$tree/modules/$number"
        cp "$file" "$tree/modules/$number/$name"
        printf '    module %s' "$(quote "/modules/$number/$name")"
        printf ' %s' "$(quote "$name")"
        for word in ${module#"$file"}; do
            printf ' %s' "$(quote "$word")"
        done
        printf '\n'
    done
    printf '}\n'
} > "$tree/boot/grub/machine.cfg"

grub-mkimage -d "$grub" -O i386-pc-eltorito -p '(cd)/boot/grub' \
    -o "$tree/boot/grub/eltorito.img" \
    biosdisk configfile iso9660 multiboot normal serial terminal true

# Rock Ridge keeps modes and times: make them fixed as well.
chmod -R u=rwX,go=rX "$tree"
find "$tree" -exec touch -d '2000-01-01 00:00:00 UTC' {} +

rm -f "$out"
xorriso -report_about WARNING -as mkisofs -quiet -r -V PALIMPSEST \
    --modification-date=$date --set_all_file_dates $date \
    -b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 \
    -boot-info-table -o "$out" "$tree" 2> "$tree/messages" ||
    { cat "$tree/messages" >&2; exit 1; }
