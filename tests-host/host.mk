# SPDX-License-Identifier: MIT
# The engines as Linux programs. See tests-host/README.md.
#
# Each HOST_ list is a way to compile, a home. A program is tests-host/NAME.c
# and its FILES_NAME, linked with the engines, in each home that lists it.
# LIBS_HOME_NAME are libraries that it needs there, CFLAGS_HOME_NAME are for
# compiling NAME.c there.

# What the programs are about: kernel files that know nothing of a kernel.
# Glue (commands, the lab, its checks) stays behind.
ENGINES := kernel/printf.c kernel/word.c \
    smc/load/big.c smc/load/decimal.c \
    $(filter-out %/commands.c smc/x86/x86_%,$(wildcard smc/x86/*.c))

# The loader is about 32-bit addresses: in 64-bit programs it has no place. It
# comes with stand-ins for the arenas, the heap and the files that it needs.
# What it would call, and the shell's view of it, stay behind.
ENGINES_32 := $(filter-out %/commands.c %_command.c smc/load/call.c, \
    $(wildcard smc/load/*.c smc/load/elf/*.c smc/load/pe/*.c \
        smc/load/host/*.c)) smc/door/arena_room.c \
    $(wildcard tests-host/stand_in_*.c)

# FUZZ: tests-host/fuzz_NAME.c for each. They also stand among the asan
# programs, where they run over files: tests-host/corpus/NAME in `make test`.
FUZZ := decode print relocate emulate load

# TIMED: tests-host/time_NAME.c for each, in both sizes. `make time` runs them
# over some real code.
TIMED := x86
LIBS_m64_time_x86 := -lZydis

HOST_m32 := harness_check
HOST_asan := harness_check
HOST_m64 := harness_check

HOST_m32 += emit_check emit_label_check assemble_check
HOST_asan += emit_check emit_label_check assemble_check
HOST_m64 += emit_check emit_label_check assemble_check
FILES_emit_label_check := emit_error_check

FILES_emit_check := emit_text
# One function makes 820 calls, all inline: under sanitizers -O2 takes a minute
# and half a GiB to compile it.
CFLAGS_asan_emit_check := -O1

HOST_m32 += emulate_check
HOST_asan += emulate_check
FILES_emulate_check := emulate_conditions emulate_fit emulate_forms \
    emulate_known emulate_make emulate_names emulate_native emulate_rules \
    emulate_shadow

HOST_m32 += decimal_check
HOST_asan += decimal_check

HOST_m32 += relocate_check
HOST_asan += relocate_check
FILES_relocate_check := relocate_boundaries relocate_native

HOST_m32 += kaslr_check
HOST_asan += kaslr_check

HOST_m32 += names_check
HOST_asan += names_check

HOST_asan += oracle_objdump
FILES_oracle_objdump := oracle_listing
HOST_m64 += oracle_objdump list_privileges

HOST_m64 += oracle_zydis
FILES_oracle_zydis := oracle_zydis_compare oracle_zydis_quirks \
    oracle_zydis_registers oracle_zydis_view
LIBS_m64_oracle_zydis := -lZydis

HOST_m32 += time_key
HOST_m32 += time_patch
HOST_m32 += time_trace

HOST_m32 += load_image load_mutants time_load
HOST_asan += load_image load_mutants
FILES_load_mutants := load_trial mutate
FILES_fuzz_load := load_trial

# -------------------------------------------------------------------------

HOST_CC ?= $(if $(CROSS),gcc,$(CC))
FUZZ_CC ?= clang
SANITIZERS := address,undefined
# Like the kernel, at fixed addresses: on i386 other code is slower.
HOST_CFLAGS := -std=gnu11 -O2 -g -fno-pie -fno-omit-frame-pointer \
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
    -I. -MMD -MP $(WERROR)

HOMES := m32 asan m64 fuzz
# Debian keeps <asm/...>, the same for both sizes, where -m32 does not look.
M32 := -m32 -idirafter /usr/include/x86_64-linux-gnu
CC_m32 := $(HOST_CC) $(M32)
CC_asan := $(HOST_CC) $(M32) -DPOOL_APART -fsanitize=$(SANITIZERS) \
    -fno-sanitize-recover=all
CC_m64 := $(HOST_CC) -m64
CC_fuzz := $(FUZZ_CC) $(M32) -DPOOL_APART -fsanitize=fuzzer,$(SANITIZERS) \
    -fno-sanitize-recover=all

HOST := $(BUILD)/host
HOST_asan += $(FUZZ:%=fuzz_%)
HOST_fuzz := $(FUZZ:%=fuzz_%)
HOST_m32 += $(TIMED:%=time_%)
HOST_m64 += $(TIMED:%=time_%)
HOST_LIBRARY := $(sort $(ENGINES)) $(addprefix tests-host/, \
    fuzz.c host.c timing.c)
LIBRARY_m32 := $(HOST_LIBRARY) $(sort $(ENGINES_32))
LIBRARY_asan := $(LIBRARY_m32)
LIBRARY_m64 := $(HOST_LIBRARY)
LIBRARY_fuzz := $(LIBRARY_m32)

host_programs = $(foreach home,$(HOMES),$(HOST_$(home):%=$(HOST)/$(home)/%))

# A new flavour compiles everything again, a new list links it again.
HOST_LIST := $(HOST)/list
HOST_FLAVOUR := $(HOST)/flavour
ifneq ($(filter host% $(HOST)/% time fuzz,$(MAKECMDGOALS)),)
HOST_MADE := $(shell mkdir -p $(HOST))
$(call remember,$(HOST_FLAVOUR),$(HOST_CC) $(FUZZ_CC) $(HOST_CFLAGS))
$(call remember,$(HOST_LIST),$(LIBRARY_m32))
endif

define host_home
$(HOST)/$(1)/%.o: %.c $(HOST_FLAVOUR) | needs
	@mkdir -p $$(@D)
	$$(quiet)$$(CC_$(1)) $$(HOST_CFLAGS) $$(CFLAGS_$(1)_$$(*F)) -c $$< -o $$@

$(HOST)/$(1)/engines.a: $(LIBRARY_$(1):%.c=$(HOST)/$(1)/%.o) $(HOST_LIST)
	@rm -f $$@
	@ar qc $$@ $$(filter %.o,$$^) && ranlib $$@

$(HOST_$(1):%=$(HOST)/$(1)/%): $(HOST)/$(1)/%: \
    $(HOST)/$(1)/tests-host/%.o $(HOST)/$(1)/engines.a
	$$(quiet)$$(CC_$(1)) -no-pie -o $$@ $$(filter %.o,$$^) \
	    $$(filter %.a,$$^) $$(LIBS_$(1)_$$(@F))

$(foreach name,$(HOST_$(1)),$(eval $(HOST)/$(1)/$(name): \
    $(FILES_$(name):%=$(HOST)/$(1)/tests-host/%.o)))
endef
$(foreach home,$(HOMES),$(eval $(call host_home,$(home))))
# libFuzzer brings its own main; elsewhere ours feeds it the files.
$(FUZZ:%=$(HOST)/asan/fuzz_%): $(HOST)/asan/tests-host/fuzz_main.o

-include $(wildcard $(addprefix $(HOST)/,*/*/*.d */*/*/*.d */*/*/*/*.d))

# Fails where 32-bit programs do not run, in words. There `make host` says so
# and is content: the tests then skip for the same reason.
can_run = HOST_CC='$(HOST_CC)' sh tests-host/can-run.sh $(HOST)

.PHONY: host host-programs host-fuzz fuzz time
host: needs
	@if $(can_run); then $(MAKE) --no-print-directory host-programs; fi

# Without clang there is no libFuzzer; only `make fuzz` and the long tests
# insist on it.
host-programs: $(filter-out $(HOST)/fuzz/%,$(host_programs))
host-fuzz: host
	@if $(can_run) 2> /dev/null; then \
	    $(MAKE) --no-print-directory $(HOST_fuzz:%=$(HOST)/fuzz/%); fi

# `make fuzz ENGINE=decode SECONDS=600` adds what it finds to build/, not to
# the repository: tests-host/README.md tells how to keep it.
ENGINE ?= decode
SECONDS ?= 60
# The longest inputs: an instruction has 15 bytes, a file thousands.
MAX_LEN_load := 8192
fuzz: needs
	@$(if $(filter $(ENGINE),$(FUZZ)),:,echo 'fuzz: no engine \
	    "$(ENGINE)"; there are: $(FUZZ)'; exit 1)
	@$(can_run)
	@$(MAKE) --no-print-directory $(HOST)/fuzz/fuzz_$(ENGINE)
	@mkdir -p $(HOST)/found/$(ENGINE)
	$(HOST)/fuzz/fuzz_$(ENGINE) -max_total_time=$(SECONDS) \
	    -max_len=$(or $(MAX_LEN_$(ENGINE)),64) \
	    -artifact_prefix=$(HOST)/found/ -print_final_stats=1 \
	    $(HOST)/found/$(ENGINE) tests-host/corpus/$(ENGINE)

# Real code to walk over: flat, the C library's.
CODE := $(HOST)/libc.text
$(CODE): /lib32/libc.so.6
	@objcopy -O binary -j .text $< $@

# And a million relocations of each kind.
RELOCATIONS := $(HOST)/relocations
$(RELOCATIONS)/stamp: tests-host/load_inputs.py
	@$(PYTHON) $< $(RELOCATIONS)
	@touch $@

time: needs
	@$(can_run)
	@$(MAKE) --no-print-directory host-programs $(CODE) $(RELOCATIONS)/stamp
	@for name in $(TIMED); do for home in m32 m64; do \
	    $(HOST)/$$home/time_$$name $(CODE) || exit 1; done; done
	@$(HOST)/m32/time_load $(RELOCATIONS)
	@$(HOST)/m32/time_key
	@$(HOST)/m32/time_patch
	@$(HOST)/m32/time_trace
