#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes sure that the tools for a job are there.
#
#   tools/need.sh build|run|iso|gdb|host|fuzz|test|long
#
# Says nothing when nothing is missing. On Debian and its kin it installs
# what is missing, as root or through sudo, and says what and why. Elsewhere
# it prints the packages and fails; but what only the host programs need does
# not stop the tests: those that run them skip.
set -eu

grub=/usr/lib/grub/i386-pc
zlib=/usr/i686-w64-mingw32/lib/zlib1.dll
bochs='/usr/lib/*/bochs/plugins'
gcc32='/usr/lib/gcc/x86_64-linux-gnu/*/32'
clang32='/usr/lib/llvm-*/lib/clang/*/lib/linux'
mingw='/usr/lib/gcc/i686-w64-mingw32/*-win32'
posix='/usr/lib/gcc/i686-w64-mingw32/*-posix'
mingw32=/usr/i686-w64-mingw32
# Debian 12 has gcc 12, and names its packages so.
gcc=$(gcc -dumpversion 2> /dev/null) || gcc=''
gcc=${gcc%%.*} gcc=${gcc:-12}

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
run   /usr/lib32/libz.so.1    lib32z1                input of the loader
run   /usr/lib32/libgcc_s.so.1 lib32gcc-s1           input of the loader
run   /usr/lib32/libm.so.6    libc6-i386             input of the loader
iso   grub-mkimage            grub-common            the boot image
iso   $grub/multiboot.mod     grub-pc-bin            the boot image
iso   xorriso                 xorriso                the boot image
gdb   gdb                     gdb                    stopping at a patch
host  /usr/lib32/crt1.o       libc6-dev-i386         32-bit Linux programs
host  $gcc32/libgcc.a         lib32gcc-$gcc-dev      32-bit Linux programs
host  /usr/include/Zydis/Zydis.h libzydis-dev        another decoder to compare
host  /usr/lib32/libz.so.1    lib32z1                code to decode
host  /usr/lib32/libgcc_s.so.1 lib32gcc-s1           code to decode
host  /usr/lib32/libstdc++.so.6 lib32stdc++6         code to decode
host  $zlib                   libz-mingw-w64         code to decode
host  $mingw/libstdc++-6.dll  gcc-mingw-w64-i686-win32-runtime code to decode
host  $grub/gcry_sha256.mod   grub-pc-bin            code to decode
host  $posix/libstdc++-6.dll  gcc-mingw-w64-i686-posix-runtime DLLs to load
host  $mingw32/lib/libwinpthread-1.dll mingw-w64-i686-dev DLLs to load
host  $mingw32/bin/libgcrypt-20.dll libgcrypt-mingw-w64-dev DLLs to load
host  $mingw32/bin/libksba-8.dll libksba-mingw-w64-dev DLLs to load
fuzz  clang                   clang                  the fuzzing compiler
fuzz  $clang32/libclang_rt.fuzzer-i386.a libclang-rt-dev its 32-bit library
fuzz  $gcc32/libstdc++.so     lib32stdc++-$gcc-dev what that is linked with
test  /usr/bin/python3        python3                the test runner
test  py:pytest               python3-pytest         the test runner
test  py:pexpect              python3-pexpect        dialogue with the shell
test  py:pefile               python3-pefile         another loader of DLLs
test  py:elftools             python3-pyelftools     another reader of objects
test  py:xdist                python3-pytest-xdist   two tests at a time
test  py:pytest_timeout       python3-pytest-timeout an end for every test
test  /usr/bin/i686-w64-mingw32-gcc gcc-mingw-w64-i686-win32 a DLL of our own
test  grub-file               grub-common            judging the header
long  bochs                   bochs                  another PC
long  $bochs/libbx_sdl2_gui.so bochs-sdl             a window for it
long  /usr/share/bochs/BIOS-bochs-latest bochsbios   its BIOS
long  /usr/share/vgabios/vgabios.bin vgabios         its screen
long  node                    nodejs                 runs v86
long  npm                     npm                    fetches v86
long  i686-w64-mingw32-gcc    gcc-mingw-w64-i686-win32 Windows programs
long  clang                   clang                  the other compiler
long  clang-format            clang-format           the layout of the sources
"

# Only this machine has packages for 32-bit programs. On others the tests
# that need them skip.
host=host fuzz='host fuzz'
[ "$(uname -m)" = x86_64 ] || host='' fuzz=''

group=${1-} optional=''
case $group in
build) groups=build ;;
run)   groups='build run' ;;
iso)   groups='build iso' ;;
gdb)   groups='build run gdb' ;;
host)  groups="build $host" ;;
fuzz)  groups="build $fuzz" ;;
test)  groups='build run iso gdb test' optional=$host ;;
long)  groups='build run iso gdb test long' optional=$fuzz ;;
*)     echo "usage: $0 build|run|iso|gdb|host|fuzz|test|long" >&2; exit 2 ;;
esac

# Starting Python takes longer than everything else here: look where Debian
# puts its modules first.
exists() { [ -e "$1" ]; }
present() {
    case $1 in
    py:*) [ -e "/usr/lib/python3/dist-packages/${1#py:}" ] ||
          [ -e "/usr/lib/python3/dist-packages/${1#py:}.py" ] ||
          /usr/bin/python3 -c "import ${1#py:}" 2> /dev/null ;;
    /*)   exists $1 ;; # unquoted: versions and architectures are a *
    *)    command -v "$1" > /dev/null ;;
    esac
}

# Looks for what these groups need. Names of what is missing are collected in
# `packages`.
look() {
    packages=''
    # A here-document, not a pipe: a pipe would lose the variable.
    while read -r of what package why; do
        case " $* " in *" ${of:-none} "*) ;; *) continue ;; esac
        present "$what" && continue
        case " $packages " in *" $package "*) continue ;; esac
        packages="${packages:+$packages }$package"
        echo "missing: ${what#py:} ($package), $why" >&2
    done <<END
$table
END
}

run() { ${as:+$as} env DEBIAN_FRONTEND=noninteractive $1 >&2; }

# Has these groups installed, or fails and says why.
provide() {
    look "$@"
    [ -n "$packages" ] || return 0
    install="apt-get install -y --no-install-recommends $packages"
    as=''
    if [ "$(id -u)" != 0 ]; then
        # Without a terminal nobody can type a password.
        if [ -t 0 ]; then as=sudo; else as='sudo -n'; fi
    fi
    if ! command -v apt-get > /dev/null; then
        echo "install what these Debian packages hold: $packages" >&2
        return 1
    fi
    if [ -n "$as" ] && ! { command -v sudo > /dev/null && $as true; }; then
        echo "no right to install; please run: sudo $install" >&2
        return 1
    fi
    echo "installing for 'make $group': $packages" >&2
    # A fresh system has no package lists, an old one has stale ones: on
    # failure fetch them and try again.
    run "$install" || { run 'apt-get update' && run "$install"; }
}

provide $groups || exit 1
provide $optional || echo 'going on without: tests that need it skip' >&2
