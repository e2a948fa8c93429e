#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes sure that the tools for a job are there.
#
#   tools/need.sh build|run|iso|gdb|test|long
#
# Says nothing when nothing is missing. On Debian and its kin it installs
# what is missing, as root or through sudo, and says what and why. Elsewhere
# it prints the packages and fails.
set -eu

grub=/usr/lib/grub/i386-pc
zlib=/usr/i686-w64-mingw32/lib/zlib1.dll
bochs='/usr/lib/*/bochs/plugins'

# One line for each thing: the group that needs it, what must be there (a
# command, a file, or py:MODULE for the system's Python), the Debian package,
# and what it is for.
table="
build gcc                     gcc                    the compiler
build ld                      binutils               the assembler and linker
build make                    make                   the build
run   qemu-system-i386        qemu-system-x86        the machine
run   $zlib                   libz-mingw-w64         input of the loader
run   $grub/gcry_sha256.mod   grub-pc-bin            input of the loader
iso   grub-mkimage            grub-common            the boot image
iso   $grub/multiboot.mod     grub-pc-bin            the boot image
iso   xorriso                 xorriso                the boot image
gdb   gdb                     gdb                    stopping at a patch
test  /usr/bin/python3        python3                the test runner
test  py:pytest               python3-pytest         the test runner
test  py:pexpect              python3-pexpect        dialogue with the shell
test  py:xdist                python3-pytest-xdist   two tests at a time
test  py:pytest_timeout       python3-pytest-timeout an end for every test
test  grub-file               grub-common            judging the header
long  bochs                   bochs                  another PC
long  $bochs/libbx_sdl2_gui.so bochs-sdl             a window for it
long  /usr/share/bochs/BIOS-bochs-latest bochsbios   its BIOS
long  /usr/share/vgabios/vgabios.bin vgabios         its screen
long  node                    nodejs                 runs v86
long  npm                     npm                    fetches v86
long  clang                   clang                  the other compiler
long  clang-format            clang-format           the layout of the sources
"

group=${1-}
case $group in
build) groups=build ;;
run)   groups='build run' ;;
iso)   groups='build iso' ;;
gdb)   groups='build run gdb' ;;
test)  groups='build run iso gdb test' ;;
long)  groups='build run iso gdb test long' ;;
*)     echo "usage: $0 build|run|iso|gdb|test|long" >&2; exit 2 ;;
esac

# Starting Python takes longer than everything else here: look where Debian
# puts its modules first.
present() {
    case $1 in
    py:*) [ -e "/usr/lib/python3/dist-packages/${1#py:}" ] ||
          [ -e "/usr/lib/python3/dist-packages/${1#py:}.py" ] ||
          /usr/bin/python3 -c "import ${1#py:}" 2> /dev/null ;;
    /*)   [ -e "$(echo $1)" ] ;; # unquoted: the architecture is a *
    *)    command -v "$1" > /dev/null ;;
    esac
}

packages=''
missing() {
    while read -r of what package why; do
        case " $groups " in *" $of "*) ;; *) continue ;; esac
        present "$what" && continue
        case " $packages " in *" $package "*) continue ;; esac
        packages="${packages:+$packages }$package"
        echo "missing: ${what#py:} ($package), $why" >&2
    done
}
# A here-document, not a pipe: a pipe would lose the variable.
missing <<END
$(printf %s "$table" | sed '/^$/d')
END
[ -n "$packages" ] || exit 0

install="apt-get install -y --no-install-recommends $packages"
as=''
if [ "$(id -u)" != 0 ]; then
    # Without a terminal nobody can type a password.
    if [ -t 0 ]; then as=sudo; else as='sudo -n'; fi
fi
if ! command -v apt-get > /dev/null; then
    echo "install what these Debian packages hold: $packages" >&2
    exit 1
fi
if [ -n "$as" ] && ! { command -v sudo > /dev/null && $as true; }; then
    echo "no right to install; please run: sudo $install" >&2
    exit 1
fi

echo "installing for 'make $group': $packages" >&2
run() { ${as:+$as} env DEBIAN_FRONTEND=noninteractive $1 >&2; }
# A fresh system has no package lists, an old one has stale ones: on failure
# fetch them and try again.
if ! run "$install"; then
    run 'apt-get update'
    run "$install"
fi
