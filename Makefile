# SPDX-License-Identifier: MIT
# `make help` explains the targets.

BUILD ?= build
ifeq ($(origin CC),default)
CC := $(CROSS)gcc
endif
LD = $(CROSS)ld
NM = $(CROSS)nm
STRIP = $(CROSS)strip
READELF = $(CROSS)readelf
OPT ?= -O2
PYTHON ?= /usr/bin/python3

ELF := $(BUILD)/palimpsest.elf
IMAGE := $(BUILD)/palimpsest.iso

CFLAGS := -m32 -march=i686 -std=gnu11 $(OPT) -g -ffreestanding -fno-pic \
    -fno-pie -mgeneral-regs-only -fno-omit-frame-pointer -fno-stack-protector \
    -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables \
    -fcf-protection=none -Wall -Wextra -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wvla -I. -MMD -MP $(WERROR)
ASFLAGS := -m32 -march=i686 -g -I. -MMD -MP -D__ASSEMBLER__ \
    -fcf-protection=none
LDFLAGS := -m elf_i386 -T linker.ld -nostdlib -z max-page-size=4096 \
    --build-id=none --no-warn-rwx-segments

# A static key's site and its block must lie in one section: the assembler
# chooses the site's length by the distance. clang never parts the two.
ifeq ($(findstring clang,$(CC)),)
CFLAGS += -fno-reorder-blocks-and-partition
endif

SOURCES := $(sort $(wildcard boot/*.c kernel/*.c smc/*/*.c smc/*/*/*.c))
ASM := $(sort $(wildcard boot/*.S kernel/*.S smc/*/*.S smc/*/*/*.S))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o) $(ASM:%.S=$(BUILD)/%.S.o)

# One NOP for a call at the entry of every function, but of those that run in
# the middle of a patch (linker.ld lists them) or of a trace, of the decoder
# that judges patches, and of the boot.
ENTRY := -fpatchable-function-entry=5
DOOR := $(subst *,%,$(shell sed -n '/door_start = /,/door_end = \
    /s/^ *\*\([^ ]*\)\.o.[.]text.*/\1.c/p' linker.ld))
JUDGE := $(addprefix smc/x86/,boundaries.c decode% effects.c operands.c \
    tables%)
WITH_ENTRY := $(filter-out boot/% smc/patch/trace/trace% $(JUDGE) $(DOOR), \
    $(SOURCES))

# A rebuild with another compiler or level must not mix objects.
FLAVOUR := $(BUILD)/flavour
# A source that is gone must leave the image, too.
LIST := $(BUILD)/objects
remember = $(shell mkdir -p $(BUILD); echo '$(2)' | cmp -s - $(1) || \
    echo '$(2)' > $(1))
ifneq ($(filter-out clean help format format-check,\
    $(or $(MAKECMDGOALS),all)),)
$(call remember,$(FLAVOUR),$(CC) $(CFLAGS) $(ENTRY) $(WITH_ENTRY))
$(call remember,$(LIST),$(OBJECTS))
endif

# `make V=1` shows whole commands, otherwise only what is made.
quiet = $(if $(V),,@echo '  $(@:$(BUILD)/%=%)';)
# A make started by this one shares its jobs.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

.PHONY: all
all: $(ELF)

$(BUILD)/%.o: %.c $(FLAVOUR)
	@mkdir -p $(@D)
	$(quiet)$(CC) $(CFLAGS) -c $< -o $@

$(WITH_ENTRY:%.c=$(BUILD)/%.o): $(BUILD)/%.o: %.c tools/entry.awk $(FLAVOUR)
	@mkdir -p $(@D)
	$(quiet)$(CC) $(CFLAGS) $(ENTRY) -MT $@ -S $< -o $(@:.o=.s)
	@awk -f tools/entry.awk $(@:.o=.s) > $(@:.o=.entry.s)
	@$(CC) -m32 -c $(@:.o=.entry.s) -o $@

# The lab `kaslr` compares code that needs no relocation.
$(BUILD)/smc/load/kaslr/subject_pic.o: CFLAGS += -fpie -fvisibility=hidden

$(BUILD)/%.S.o: %.S $(FLAVOUR)
	@mkdir -p $(@D)
	$(quiet)$(CC) $(ASFLAGS) -c $< -o $@

# Two links: the first, with empty tables, tells the addresses of symbols and
# (--emit-relocs) of the words that hold addresses.
TABLES := tools/symbols.awk tools/relocs.awk tools/static_calls.awk
$(BUILD)/tables0.o: $(TABLES) $(FLAVOUR)
	@(for table in $(TABLES); do awk -f $$table || exit 1; done) \
	    < /dev/null > $(BUILD)/tables0.S
	@$(CC) $(ASFLAGS) -c $(BUILD)/tables0.S -o $@

$(BUILD)/first.elf: $(OBJECTS) $(BUILD)/tables0.o linker.ld $(LIST)
	@$(LD) $(LDFLAGS) --emit-relocs --strip-debug -o $@ $(OBJECTS) \
	    $(BUILD)/tables0.o

$(BUILD)/tables.o: $(BUILD)/first.elf $(TABLES)
	@$(NM) -n $< | awk -f tools/symbols.awk > $(BUILD)/tables.S
	@$(READELF) -rW $< | LC_ALL=C sort -k1,1 | awk -f tools/relocs.awk \
	    >> $(BUILD)/tables.S
	@($(NM) $< && $(READELF) -rW $<) | awk -f tools/static_calls.awk \
	    >> $(BUILD)/tables.S
	@$(CC) $(ASFLAGS) -c $(BUILD)/tables.S -o $@

$(ELF): $(OBJECTS) $(BUILD)/tables.o linker.ld
	$(quiet)$(LD) $(LDFLAGS) -Map $(BUILD)/palimpsest.map -o $@ $(OBJECTS) \
	    $(BUILD)/tables.o
	@$(STRIP) -w -N '*compound*literal*' $@ # nobody calls a table's part

-include $(OBJECTS:.o=.d)

# Tools -------------------------------------------------------------------

# What each goal needs is looked for, and on Debian installed, before the
# first compiler call: it may be the compiler that is missing. Plain `make`
# asks only if there is none, so that a cross build needs nothing of Debian.
need_all = $(if $(shell command -v $(firstword $(CC))),,build)
need_run = run $(if $(filter-out 0,$(ISO)),iso)
need_bench = run
need_iso = iso run
need_gdb = gdb
need_host = host
need_time = host
need_fuzz = fuzz
need_test = test
need_test-long = long
NEEDS := $(sort $(foreach goal,$(or $(MAKECMDGOALS),all),$(need_$(goal))))

.PHONY: needs
needs:
	@for group in $(NEEDS); do sh tools/need.sh $$group || exit 1; done

$(OBJECTS) $(BUILD)/tables0.o: | needs


# Running ------------------------------------------------------------------

# Files for the machine: real inputs that Debian has (see tools/need.sh).
GRUB_MODULES := /usr/lib/grub/i386-pc
MODULES ?= $(wildcard /usr/i686-w64-mingw32/lib/zlib1.dll \
    $(addprefix $(GRUB_MODULES)/,crypto.mod gcry_crc.mod gcry_md5.mod \
    gcry_sha1.mod gcry_sha256.mod gcry_sha512.mod) \
    $(addprefix /usr/lib32/,libz.so.1 libm.so.6 libgcc_s.so.1))
CPU ?= max
MEM ?= 128
comma := ,
empty :=
space := $(empty) $(empty)
# The kernel's command line goes to QEMU through the environment, so that no
# shell on the way reads the quotes and dollars in CMD.
export KERNEL_WORDS = $(move)$(if $(LAB),demo=$(LAB) )$(if \
    $(CMD),-- $(value CMD))
with_words = $(if $(LAB)$(CMD)$(KASLR),-append "$$KERNEL_WORDS")
# KASLR=SEED moves the kernel at boot, KASLR=random too.
move = $(if $(KASLR),$(patsubst kaslr=random,kaslr,kaslr=$(KASLR)) )
with_modules = $(if $(strip $(MODULES)),-initrd \
    "$(subst $(space),$(comma),$(strip $(MODULES)))")

# SMP=4 gives the machine four processors.
with_cpus = $(if $(SMP),-smp $(SMP))

QEMU = qemu-system-i386 -accel tcg -cpu $(CPU) -m $(MEM) -no-reboot \
    -device isa-debug-exit,iobase=0xf4,iosize=4 $(with_cpus) $(QEMU_FLAGS)
HEADLESS = -display none -serial mon:stdio
BOOT = -kernel $(ELF) $(with_modules)

# QEMU's status is 2 * code + 1: 33 is the kernel's 0x10, all went well.
.PHONY: run
run: needs $(if $(filter-out 0,$(ISO)),iso,$(ELF))
	@echo 'To quit: type exit, or press ctrl-a x.'
	@$(if $(LAB)$(CMD)$(KASLR),printf "KERNEL_WORDS='%s'\n" "$$KERNEL_WORDS",:)
	$(QEMU) $(HEADLESS) $(if $(filter-out 0,$(ISO)),-cdrom $(IMAGE),\
	    $(BOOT) $(with_words)); \
	    status=$$?; [ $$status -eq 33 ] || [ $$status -eq 0 ]

.PHONY: iso
iso: needs $(ELF)
	sh tools/mkiso.sh $(IMAGE) $(ELF) "$$KERNEL_WORDS" $(MODULES)

.PHONY: bench
bench: needs $(ELF)
	@echo 'Exact instruction counts: one instruction is one tick.'
	$(QEMU) $(HEADLESS) -icount shift=0,sleep=off $(BOOT) \
	    -append "$(move)bench=$(or $(LAB),all) exit"; [ $$? -eq 33 ]

# Stops at the moment of modification in a lab; without LAB, at the start. In
# the lab `kaslr` that moment is the kernel's move, so there is one.
.PHONY: gdb
gdb: SMP := $(or $(SMP),$(if $(filter aptrampoline,$(LAB)),2))
gdb: KASLR := $(or $(KASLR),$(if $(filter kaslr,$(LAB)),1))
gdb: needs $(ELF)
	@test -z "$(LAB)" || test -e tools/gdb/$(LAB).gdb || \
	    { echo 'gdb: no tour "$(LAB)"; `make help` lists the labs'; exit 1; }
	gdb -q $(ELF) -x tools/gdb/palimpsest.gdb \
	    -ex 'target remote | exec $(QEMU) -display none -S -gdb stdio \
	         -serial file:$(BUILD)/gdb-serial.log $(BOOT) \
	         $(with_words)' -ex 'set $$elf = "$(ELF)"' \
	    $(if $(KASLR),$(if $(filter kaslr,$(LAB)),,-ex follow_move)) \
	    $(if $(LAB),-x tools/gdb/$(LAB).gdb)

# Testing ------------------------------------------------------------------

PYTEST = BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest \
    tests-qemu tests-host $(if $(T),-k '$(T)')
# For two cores: now and then one of the three waits for a clock.
WORKERS = 3

.PHONY: test test-long
test: needs $(ELF) host
	$(PYTEST) -n $(WORKERS) -m 'not long'

# Status 5: one of the two runs had nothing to do, which may be with T.
test-long: needs $(ELF) host host-fuzz
	$(PYTEST) -n $(WORKERS) -m 'long and not alone'; together=$$?; \
	$(PYTEST) -m 'long and alone'; \
	case $$together$$?$(if $(T),T) in 00 | 00T | 05T | 50T) ;; *) exit 1 ;; esac

# The engines as Linux programs
include tests-host/host.mk

# House-keeping ------------------------------------------------------------

FORMATTED = $(shell git ls-files '*.c' '*.h')

.PHONY: format format-check clean help
format:
	@clang-format -i $(FORMATTED)

format-check:
	@clang-format --dry-run --Werror $(FORMATTED)

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^#> //p' Makefile
	@echo 'Labs:'
	@sed -n '/^LAB(/{N;s/^LAB(\([a-z0-9_]*\), *\n* *"\([^"]*\)".*/  \1: \2/p}' \
	    $(SOURCES)

#> make              build/palimpsest.elf
#> make run          boot it in QEMU; the shell is on this terminal
#>   LAB=NAME        run a lab's demo first
#>   CMD="..."       run shell commands first
#>   MODULES="..."   files to bring along, instead of the usual ones
#>   ISO=1           boot the GRUB image instead of the ELF
#>   KASLR=SEED      let the kernel move to another address first
#>   CPU=.. MEM=..   another processor, other memory (MiB)
#>   SMP=4           four of them
#> make iso          build/palimpsest.iso, for GRUB, Bochs, real machines
#> make test [T=..]  the tests in QEMU and of the engines as Linux programs
#>                   (T: only those that match)
#> make test-long    Bochs, v86, other compilers and levels, fuzzing
#> make host         the engines as Linux programs, in build/host
#> make fuzz ENGINE=decode SECONDS=600   libFuzzer on one of them
#> make time         the engines on this CPU, beside others
#> make bench [LAB=] every technique against its alternatives, exact counts
#> make gdb [LAB=..] stop at the moment of modification
#> make format       clang-format; make clean removes build/
#> CC=clang OPT=-Os BUILD=dir CROSS=i686-elf- choose another build
