// SPDX-License-Identifier: MIT
// `exhibit`: two ways in which an emulator shows code that no processor would
// show. Both are met by the protocol: single bytes cannot tear, and what is
// stale is cured by storing it once more. docs/caveats.md names them.
//
//   torn    one unaligned store of four bytes, seen half done. A processor
//           stores them in one step if they lie in one line of the cache
//   stale   a byte that is stored, but whose old value goes on being executed,
//           although the CPU has serialised since: the emulator throws its
//           translation away *before* it stores, and the other CPU makes a new
//           one in between, of the old byte
//
// The subject is `mov $x, %eax; ret` in an arena, executed by another CPU in a
// loop while this one changes x.
#include "kernel/clock.h"
#include "kernel/command.h"
#include "kernel/cpu.h"
#include "kernel/kthread.h"
#include "kernel/pages.h"
#include "kernel/printf.h"
#include "kernel/smp.h"
#include "kernel/string.h"
#include "smc/door/arena.h"
#include "smc/door/sync.h"

enum {
    MOV = 0xb8,
    RET = 0xc3,
    BLOCK = 32, // more than TEXT_MAX: stored by words
    LINE = 64,  // where the block begins, less one byte
    STALE_US = 2000,
};

static struct arena *arena;
static uint8_t *code;
static volatile uint32_t seen, executions, strange;
static volatile bool over;

// 00000000 and ffffffff are written; anything else is half of one.
static void execute(void *arg)
{
    (void)arg;
    while (!over) {
        uint32_t x = ((uint32_t(*)(void))code)();
        seen = x;
        strange += x != 0 && x != UINT32_MAX;
        executions++;
    }
}

// x lies at code + 1, and code at 3 past a multiple of four of the block: so x
// is one of the words that the copy stores, and the block begins unaligned.
static void fill(uint8_t block[BLOCK], uint8_t byte)
{
    memset(block, 0x90, BLOCK);
    block[3] = MOV;
    memset(block + 4, byte, sizeof(uint32_t));
    block[8] = RET;
}

static bool begin(struct kthread **thread)
{
    uint8_t block[BLOCK];
    unsigned last = CPU_MAX - 1;
    while (last && !cpu_is_online(last))
        last--;
    if (!last) {
        kprintf("exhibit: this needs a second CPU (-smp 2)\n");
        return false;
    }
    arena = arena_create("exhibit", PAGE_SIZE);
    if (!arena)
        return false;
    code = arena->base + LINE + 1 + 3;
    fill(block, 0);
    arena_write(arena, code - 3, block, BLOCK, "exhibit");
    over = false;
    executions = strange = 0;
    *thread = kthread_start("exhibit", execute, NULL, (int)last);
    while (*thread && executions < 100)
        kthread_yield();
    return *thread != NULL;
}

static void end(struct kthread *thread)
{
    over = true;
    kthread_join(thread);
    arena_destroy(arena);
}

static void show_torn(uint32_t writes)
{
    for (uint32_t i = 1; i <= writes; i++) {
        uint8_t block[BLOCK];
        fill(block, i & 1 ? 0xff : 0);
        arena_write(arena, code - 3, block, BLOCK, "exhibit");
    }
    kprintf("torn: %u of %u executions saw a word that was never stored, in "
            "%u stores\n",
            strange, executions, writes);
}

// Has the other CPU executed x since, for as long as it takes?
static bool has_seen(uint32_t x)
{
    uint64_t start = clock_us();
    while (seen != x && clock_us() - start < STALE_US)
        cpu_relax();
    uint32_t before = executions;
    while (executions - before < 2 && !over)
        cpu_relax();
    return seen == x;
}

static void store_byte(uint8_t byte)
{
    uint8_t old = code[1];
    text_write(code + 1, &old, &byte, 1, "exhibit");
}

// Each text_write ends in a wait for all CPUs. One more does not help; storing
// the byte that is there already does: what is translated then is new.
static void show_stale(uint32_t writes)
{
    uint32_t stale = 0, by_wait = 0, by_store = 0;
    for (uint32_t i = 1; i <= writes; i++) {
        uint8_t byte = (uint8_t)(i * 37 + 1);
        for (uint8_t quick = 1; quick <= 4; quick++)
            store_byte((uint8_t)(byte + quick));
        store_byte(byte);
        if (has_seen(byte))
            continue;
        stale++;
        sync_all();
        by_wait += has_seen(byte);
        arena_write(arena, code + 1, &byte, 1, "exhibit");
        by_store += has_seen(byte);
    }
    kprintf("stale: after %u of %u stores the old byte was executed for 2 ms "
            "and more\n",
            stale, writes);
    kprintf("stale: another wait cured %u of these, another store of the same "
            "byte %u\n",
            by_wait, by_store);
}

static int run_exhibit(int argc, char **argv)
{
    struct kthread *thread = NULL;
    uint32_t writes = 100;
    bool torn = argc > 1 && strcmp(argv[1], "torn") == 0;
    if (argc < 2 || argc > 3 || (!torn && strcmp(argv[1], "stale") != 0) ||
        (argc == 3 && !parse_u32(argv[2], &writes)))
        return command_usage("exhibit");
    if (!begin(&thread))
        return 1;
    (torn ? show_torn : show_stale)(writes);
    end(thread);
    return 0;
}
COMMAND(exhibit, "torn|stale [WRITES]", "what an emulator shows of code",
        run_exhibit);
