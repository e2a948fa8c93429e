// SPDX-License-Identifier: MIT
// Turning traces on and off: which entries shall be calls, which are, and one
// batch for the difference.
//
// The bytes decide what is traced, not a list of ours: after an `undo` in the
// shell a list would be wrong. An entry that is neither the NOP nor our call
// belongs to somebody else, a replaced function for example, and is left
// alone.
#include "smc/patch/trace/trace.h"
#include "kernel/heap.h"
#include "kernel/layout.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/patch/trace/tracer_here.h"

enum { OP_CALL = 0xe8, FILTER_MAX = 128 };

const uint8_t entry_nop[ENTRY_LEN] = {0x66, 0x66, 0x66, 0x66, 0x90};
static char filter[FILTER_MAX];
static uint32_t foreign;

static bool is_traceable(const uint8_t *entry)
{
    return entry < door_start || entry >= door_end;
}

// The compiler's list is in the order of its sources. Cold functions were put
// elsewhere, so it is nearly in order of address, and insertion is quick.
static void sort_entries(void)
{
    tracer_count = 0;
    for (uint8_t *const *at = entries_start; at < entries_end; at++) {
        if (!is_traceable(*at))
            continue;
        uint32_t i = tracer_count++;
        for (; i && tracer_entries[i - 1] > *at; i--)
            tracer_entries[i] = tracer_entries[i - 1];
        tracer_entries[i] = *at;
    }
}

static void index_entries(void)
{
    uint32_t i = 0, blocks = (uint32_t)(text_end - text_start) / 256;
    for (uint32_t block = 0; block < blocks; block++) {
        while (i < tracer_count &&
               tracer_entries[i] < text_start + block * 256)
            i++;
        tracer_first[block] = (uint16_t)i;
    }
}

// Three arrays in one block, so that there is one way to fail. The widest
// element first: then all are aligned.
static bool open_cpu(struct tracer_cpu *cpu)
{
    size_t of_ticks = tracer_count * sizeof *cpu->ticks;
    size_t of_ring = TRACER_RING * sizeof *cpu->ring;
    uint8_t *block = heap_zalloc(1, of_ticks + of_ring +
                                        tracer_count * sizeof *cpu->calls);
    if (!block)
        return false;
    cpu->ticks = (uint64_t *)block;
    cpu->calls = (uint32_t *)(block + of_ticks + of_ring);
    cpu->ring = (struct tracer_event *)(block + of_ticks);
    return true;
}

bool trace_open(void)
{
    size_t entries = (size_t)(entries_end - entries_start);
    size_t blocks = (size_t)(text_end - text_start) / 256;
    if (!tracer_entries) {
        uint8_t *block = heap_alloc(entries * sizeof *tracer_entries +
                                    blocks * sizeof *tracer_first);
        if (!block)
            return false;
        tracer_entries = (uint8_t **)block;
        tracer_first = (uint16_t *)(tracer_entries + entries);
        sort_entries();
        index_entries();
    }
    for (unsigned i = 0; i < cpus_present(); i++)
        if (!tracer_cpus[i].ring && !open_cpu(&tracer_cpus[i]))
            return false;
    return true;
}

static void clear(void)
{
    for (unsigned i = 0; i < TRACER_CPUS; i++) {
        struct tracer_cpu *cpu = &tracer_cpus[i];
        if (!cpu->ring)
            continue;
        memset(cpu->calls, 0, tracer_count * sizeof *cpu->calls);
        memset(cpu->ticks, 0, tracer_count * sizeof *cpu->ticks);
        cpu->events = cpu->missed = cpu->untimed = cpu->lost = 0;
    }
}

// A star that did not fit swallows one character more and the rest is tried
// again; only the last star has to be remembered.
bool trace_glob(const char *pattern, const char *text)
{
    const char *star = NULL, *from = NULL;
    while (*text)
        if (*pattern == '*') {
            star = ++pattern;
            from = text;
        } else if (*pattern == '?' || *pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++from;
        } else {
            return false;
        }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

// The last pattern that matches decides.
static bool is_wanted(const char *name)
{
    bool wanted = false;
    char word[FILTER_MAX];
    for (const char *at = filter; *at;) {
        size_t len = 0;
        while (at[len] && at[len] != ' ')
            len++;
        strlcpy(word, at, len + 1);
        bool minus = word[0] == '!';
        if (len && trace_glob(word + minus, name))
            wanted = !minus;
        at += len + (at[len] == ' ');
    }
    return wanted;
}

static bool is_wanted_entry(const uint8_t *entry)
{
    uint32_t offset;
    const char *name = *filter ? symbol_name(entry, &offset) : NULL;
    return name && is_wanted(name);
}

// Fills in the poke that is needed for one entry; false if none is.
static bool differs(struct poke *poke, uint8_t *entry, bool wanted)
{
    uint8_t call[POKE_MAX];
    poke_branch(call, OP_CALL, entry, tracer_entry);
    bool off = memcmp(entry, entry_nop, ENTRY_LEN) == 0;
    bool on = memcmp(entry, call, ENTRY_LEN) == 0;
    foreign += wanted && !off && !on;
    if ((!off && !on) || on == wanted)
        return false;
    *poke = (struct poke){.site = entry, .len = ENTRY_LEN};
    memcpy(poke->expected, on ? call : entry_nop, ENTRY_LEN);
    memcpy(poke->replacement, on ? entry_nop : call, ENTRY_LEN);
    return true;
}

static struct text_result apply(struct poke *pokes)
{
    struct text_result r = {0};
    size_t count = 0;
    foreign = 0;
    for (uint32_t i = 0; i < tracer_count; i++)
        count += differs(&pokes[count], tracer_entries[i],
                         is_wanted_entry(tracer_entries[i]));
    return count ? text_poke_batch(pokes, count, "trace", NULL) : r;
}

bool trace_set(const char *wanted, struct text_result *r)
{
    char before[FILTER_MAX];
    *r = (struct text_result){.reason = TEXT_FULL};
    if (strlen(wanted) >= FILTER_MAX || !trace_open())
        return false;
    struct poke *pokes = heap_alloc(tracer_count * sizeof *pokes);
    if (!pokes)
        return false;
    // Entries that a stuck CPU keeps armed are neither on nor off.
    if ((r->cpus = poke_finish())) {
        r->reason = TEXT_STUCK;
        heap_free(pokes);
        return false;
    }
    strlcpy(before, filter, sizeof before);
    strlcpy(filter, wanted, sizeof filter);
    if (!trace_state().traced)
        clear();
    *r = apply(pokes);
    heap_free(pokes);
    // Not answered by all: the entries lead there all the same, by INT3.
    bool done = r->reason == TEXT_OK || r->reason == TEXT_UNFINISHED;
    if (!done)
        strlcpy(filter, before, sizeof filter);
    return done;
}

const void *trace_target(void)
{
    return (const void *)tracer_entry;
}

void trace_set_timing(bool timing)
{
    tracer_timing = timing;
}

struct trace_state trace_state(void)
{
    struct trace_state state = {
        .functions = tracer_count, .foreign = foreign, .filter = filter};
    uint8_t call[POKE_MAX];
    for (uint32_t i = 0; i < tracer_count; i++) {
        poke_branch(call, OP_CALL, tracer_entries[i], tracer_entry);
        state.traced += memcmp(tracer_entries[i], call, ENTRY_LEN) == 0;
    }
    return state;
}

// The index of the first entry at or behind an address.
static uint32_t place_of(const uint8_t *at)
{
    uint32_t low = 0, high = tracer_count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (tracer_entries[mid] < at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

// One function is one line of the counts. The explorer asks for it with a trap
// after every instruction.
struct trace_sum trace_sum(const void *function)
{
    struct trace_sum sum = {0};
    const uint8_t *entry = function;
    uint32_t first = entry ? place_of(entry) : 0;
    uint32_t end = entry ? place_of(entry + 1) : tracer_count;
    for (unsigned c = 0; c < TRACER_CPUS && tracer_cpus[c].ring; c++)
        for (uint32_t i = first; i < end; i++) {
            sum.calls += tracer_cpus[c].calls[i];
            sum.ticks += tracer_cpus[c].ticks[i];
        }
    return sum;
}
