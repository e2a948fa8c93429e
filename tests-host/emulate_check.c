// SPDX-License-Identifier: MIT
// The emulator against the processor it runs on.
//
// Every form (emulate_forms.c) is executed natively (emulate_native.c) and
// emulated, from the same random state, --count times. Then everything must be
// equal: the registers, EIP, the flags that the manual defines, the selectors,
// memory, and for a fault its vector, error code and address.
#include "tests-host/emulate_forms.h"
#include "tests-host/emulate_known.h"
#include "tests-host/emulate_native.h"
#include "tests-host/emulate_rules.h"
#include "tests-host/emulate_shadow.h"
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>

// Comparing -----------------------------------------------------------------

// One state, two ways:
//
//   in.state --emulate()----> ours,   shadow.bytes, result
//            --processor----> theirs, native_arena, trap
struct trial {
    const struct form *form;
    struct instance in;
    struct cpu_state ours, theirs;
    struct emulate_result result;
    struct native_trap trap;
    struct shadow shadow;
};

struct tally {
    unsigned runs, differences;
    unsigned undefined; // forms that are no instruction
    unsigned kinds[EMULATE_UNSUPPORTED + 1], vectors[32];
};

static void print_state(const char *who, const struct cpu_state *s)
{
    printf("  %s eip %08x eflags %08x es %02x cs %02x ss %02x ds %02x fs %02x "
           "gs %02x\n   ",
           who, s->eip, s->eflags, s->segment[SEG_ES].selector,
           s->segment[SEG_CS].selector, s->segment[SEG_SS].selector,
           s->segment[SEG_DS].selector, s->segment[SEG_FS].selector,
           s->segment[SEG_GS].selector);
    static const char *const names[] = {"eax", "ecx", "edx", "ebx",
                                        "esp", "ebp", "esi", "edi"};
    for (int i = 0; i < 8; i++)
        printf(" %s %08x", names[i], s->gpr[i]);
    printf("\n");
}

// Eight bytes are enough to tell a wrong value from a wrong address.
static void print_memory(const struct trial *t)
{
    unsigned shown = 0;
    for (unsigned i = 0; i < NATIVE_WRITABLE && shown < 8; i++) {
        if (t->shadow.bytes[i] == native_arena[i])
            continue;
        printf("  memory %p: ours %02x, theirs %02x\n",
               (void *)(native_arena + i), t->shadow.bytes[i],
               native_arena[i]);
        shown++;
    }
}

static void print_trial(const struct trial *t, const char *what)
{
    char form[64], bytes[64];
    forms_text(form, sizeof form, t->form);
    hex_bytes(bytes, sizeof bytes, t->in.bytes, t->in.insn.length);
    host_fail("%s (%s): %s differs", bytes, form, what);
    print_state("before", &t->in.state);
    print_state("ours  ", &t->ours);
    print_state("theirs", &t->theirs);
    printf("  ours: %s, vector %u error %x address %08x\n",
           emulate_kind_text(t->result.kind), t->result.vector,
           t->result.error, t->result.address);
    printf("  theirs: vector %u error %x address %08x\n", t->trap.vector,
           t->trap.error, t->trap.address);
    print_memory(t);
}

// What the processor does with this outcome under Linux.
// A run that goes well ends in the single-step trap, vector 1, which has no
// error code. CR2 belongs to page faults only.
static bool same_trap(const struct trial *t, const char **what)
{
    struct native_trap want = rules_trap(&t->result, &t->in.insn);
    *what = "the trap";
    if (t->trap.vector != want.vector)
        return false;
    *what = "the error code";
    if (want.vector != FAULT_DEBUG && t->trap.error != want.error)
        return false;
    *what = "the fault's address";
    return want.vector != FAULT_PAGE || t->trap.address == want.address;
}

// What emulate.h promises of a fault.
static bool is_unchanged(const struct trial *t)
{
    const struct cpu_state *a = &t->ours, *b = &t->in.state;
    for (unsigned i = 0; i < 6; i++) {
        if (a->segment[i].selector != b->segment[i].selector)
            return false;
    }
    return memcmp(a->gpr, b->gpr, sizeof a->gpr) == 0 && a->eip == b->eip &&
           a->eflags == b->eflags;
}

// See rules_several. Weaker than same_state on purpose: which of several
// accesses is reported, and what was pushed before it, may differ.
static bool both_fault(const struct trial *t)
{
    return t->result.kind == EMULATE_FAULT && rules_several(&t->in) &&
           (t->trap.vector == FAULT_STACK || t->trap.vector == FAULT_PAGE ||
            t->trap.vector == FAULT_PROTECTION) &&
           t->ours.eip == t->theirs.eip &&
           t->ours.gpr[REG_SP] == t->theirs.gpr[REG_SP] && is_unchanged(t);
}

// `what` names the part that is looked at, so that at a difference it is the
// right one. After a fault no flag is undefined: nothing may have changed. RF
// is left out: the processor sets it in the frame of a fault, for the return;
// the emulator leaves that to its caller. [SDM3 17.3.1.1]
//
// Memory is compared whole: a stray write shows, wherever it went.
static bool same_state(const struct trial *t, const char **what)
{
    const struct cpu_state *a = &t->ours, *b = &t->theirs;
    uint32_t mask = ~(rules_undefined(&t->in) | (uint32_t)FLAG_RF);
    *what = "a register";
    if (memcmp(a->gpr, b->gpr, sizeof a->gpr) != 0)
        return false;
    *what = "eip";
    if (a->eip != b->eip)
        return false;
    *what = "a flag";
    if (t->result.kind == EMULATE_FAULT)
        mask = ~(uint32_t)FLAG_RF;
    if ((a->eflags ^ b->eflags) & mask)
        return false;
    *what = "a segment register";
    for (int i = 0; i < 6; i++) {
        if (a->segment[i].selector != b->segment[i].selector)
            return false;
    }
    *what = "memory";
    return memcmp(t->shadow.bytes, native_arena, NATIVE_WRITABLE) == 0;
}

// Bytes that are no instruction have an outcome, too: #UD.
static void emulate_trial(struct trial *t)
{
    const struct emulate_world world = {.context = &t->shadow,
                                        .read = shadow_read,
                                        .write = shadow_write,
                                        .swap = shadow_swap,
                                        .load = rules_load};
    t->shadow.astray = false;
    memcpy(t->shadow.bytes, native_arena, NATIVE_WRITABLE);
    t->ours = t->theirs = t->in.state;
    if (t->in.status == INSN_UNDEFINED)
        t->result = emulate_fault(FAULT_UNDEFINED, 0);
    else
        t->result = emulate(&t->ours, &t->in.insn, &world);
}

// What the command line may ask for, to see that a mistake is found.
// A test that cannot fail proves nothing: test_emulate.py asks for each of
// these and wants status 1. D is a flag that no instruction leaves undefined.
static void spoil(struct trial *t)
{
    for (int i = 0; i < host.file_count; i++) {
        const char *mistake = host.files[i];
        if (strcmp(mistake, "flag") == 0)
            t->ours.eflags ^= FLAG_D;
        else if (strcmp(mistake, "register") == 0)
            t->ours.gpr[host_random_below(8)] ^= 1u << host_random_below(32);
        else if (strcmp(mistake, "memory") == 0)
            t->shadow.bytes[host_random_below(NATIVE_WRITABLE)] ^= 0x10;
        else if (strcmp(mistake, "fault") == 0)
            t->result = emulate_fault(FAULT_UNDEFINED, 0);
        else
            host_die("a mistake is a flag, register, memory or fault");
    }
}

// Returns false if nothing was compared: the emulator gave up, or went where
// the processor must not follow.
// The emulator goes first. It tells whether the processor may be let at it,
// and the processor's run changes the arena, of which the shadow is a copy.
static bool try(struct trial *t, struct tally *tally)
{
    const char *what;
    forms_make(t->form, &t->in);
    emulate_trial(t);
    if (t->result.kind == EMULATE_UNSUPPORTED || t->shadow.astray ||
        rules_skip(&t->in))
        return false;
    spoil(t);
    memcpy(native_code, t->in.bytes, sizeof t->in.bytes);
    if (t->in.status == INSN_OK)
        native_code[t->in.insn.length] = 0x90; // see rules_adjust
    t->trap = native_step(&t->theirs);
    rules_adjust(&t->result, &t->in, &t->theirs, &t->ours);
    bool same = (same_trap(t, &what) && same_state(t, &what)) || both_fault(t);
    if (same)
        host_judge(true, "equal");
    else
        print_trial(t, what);
    tally->runs++;
    tally->differences += !same;
    tally->kinds[t->result.kind]++;
    if (t->result.kind == EMULATE_FAULT)
        tally->vectors[t->result.vector]++;
    return true;
}

// test_emulate.py reads these lines, and wants enough of each outcome.
static void print_tally(const struct tally *tally, unsigned forms)
{
    for (unsigned i = 0; i < EMULATE_FAULT; i++) {
        if (tally->kinds[i])
            printf("%8u %s\n", tally->kinds[i], emulate_kind_text(i));
    }
    for (unsigned i = 0; i < 32; i++) {
        if (tally->vectors[i])
            printf("%8u vector %u\n", tally->vectors[i], i);
    }
    printf("%8u forms more that both sides find undefined\n",
           tally->undefined);
    printf("%u forms, %u runs, %u differences\n", forms, tally->runs,
           tally->differences);
}

// At most every second instance may be one that cannot be compared: more
// would mean that a form is not really tried.
// A form is undefined if each of its runs ended in #UD.
static void try_form(const struct form *form, struct tally *tally)
{
    static struct trial trial; // large
    unsigned made = 0, each = host.count ? (unsigned)host.count : 1000;
    unsigned before = tally->vectors[FAULT_UNDEFINED];
    char text[64];
    trial.form = form;
    for (unsigned k = 0; k < 2 * each && made < each; k++)
        made += try(&trial, tally);
    tally->undefined += tally->vectors[FAULT_UNDEFINED] - before == made;
    host_judge(made == each, "%s: only %u runs",
               forms_text(text, sizeof text, form), made);
}

int main(int argc, char **argv)
{
    // More than there are (700 or so); forms_list dies if it is not enough.
    static struct form forms[1000];
    struct tally tally = {0};
    host_begin(argc, argv, "the emulator against the processor");
    known_answers();
    known_conditions();
    known_names();
    native_begin();
    unsigned count = (unsigned)forms_list(forms, 1000);
    for (unsigned i = 0; i < count && !host_time_is_up(); i++)
        try_form(&forms[i], &tally);
    print_tally(&tally, count - tally.undefined);
    return host_end();
}
