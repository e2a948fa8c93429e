// SPDX-License-Identifier: MIT
// What a patched site is worth on this CPU: loops that differ only in how the
// next function is chosen. The patched sites are rewritten when the program
// begins, as the kernel does it at run time.
//
// Every loop's result says whether it did its work. A branch or a pointer that
// never changes is always predicted: their best case, and the usual one.
#include "tests-host/host.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { OPS = 1000000, PAGE = 4096, POPCNT_BIT = 23 };

// What the loops ask. Assembler knows the fields by their offsets.
struct choices {
    uint32_t number;        // 0
    void (*pointer)(void);  // 4
    void (*table[6])(void); // 8
    uint32_t flag;          // 32
} time_choices;

// The targets; and the jump that stands in for an indirect one where that may
// be misled (Spectre): a processor that guesses its RET runs into the LFENCE.
void add_one(void), take_one(void);
__asm__(".pushsection loops, \"ax\"\n\t.balign 4096\n"
        "add_one:\tinc %eax\n\tret\n\t.balign 64\n"
        "take_one:\tdec %eax\n\tret\n\t.balign 64\n"
        "retpoline:\tcall 2f\n1:\tpause\n\tlfence\n\tjmp 1b\n"
        "2:\tmov %ecx, (%esp)\n\tret\n\t.balign 64\n"
        "count_bits:\tmov %ecx, %edx\n\txor %ecx, %ecx\n\ttest %edx, %edx\n\t"
        "jz 2f\n1:\tinc %ecx\n\tlea -1(%edx), %esi\n\tand %esi, %edx\n\t"
        "jnz 1b\n2:\tret\n\t.popsection");

// A function that repeats `body` OPS times; what is in eax at the end is the
// result. ebx counts down, ecx, edx and esi are free.
#define LOOP(name, body)                                       \
    uint32_t name(void);                                       \
    __asm__(".pushsection loops, \"ax\"\n\t.balign 64\n"       \
            ".globl " #name "\n" #name ":\n\t"                 \
            "push %ebx\n\tpush %esi\n\tmov $1000000, %ebx\n\t" \
            "xor %eax, %eax\n\t.balign 32\n771:\n\t" body      \
            "\n\tdec %ebx\n\tjnz 771b\n\t"                     \
            "pop %esi\n\tpop %ebx\n\tret\n\t.popsection")

LOOP(loop_pointer, "call *time_choices + 4");
LOOP(loop_retpoline, "mov time_choices + 4, %ecx\n\tcall retpoline");
LOOP(loop_if, "cmpl $0, time_choices\n\tje 1f\n\tcall add_one\n\tjmp 2f\n"
              "1:\tcall take_one\n2:");
LOOP(loop_switch, "mov time_choices, %ecx\n\tcmp $5, %ecx\n\tja 1f\n\t"
                  "call *time_choices + 8(,%ecx,4)\n1:");
LOOP(loop_static_call, "site_call:\tcall take_one");
LOOP(loop_direct, "call add_one");
LOOP(loop_static_null, "site_null:\tcall take_one");
LOOP(loop_pointer_null, "mov time_choices + 8, %ecx\n\ttest %ecx, %ecx\n\t"
                        "jz 1f\n\tcall *%ecx\n1:");

LOOP(loop_flag, "mov %ebx, %ecx\n\tcmpl $0, time_choices + 32\n\tje 1f\n\t"
                "popcnt %ecx, %ecx\n\tjmp 2f\n1:\tcall count_bits\n"
                "2:\tadd %ecx, %eax");
LOOP(loop_always, "mov %ebx, %ecx\n\tcall count_bits\n\tadd %ecx, %eax");
LOOP(loop_alternative, "mov %ebx, %ecx\nsite_bits:\tcall count_bits\n\t"
                       "add %ecx, %eax");

// Nothing else in their last page.
__asm__(".pushsection loops, \"ax\"\n\t.balign 4096\n\t.popsection");

extern uint8_t site_call[], site_null[], site_bits[];

// The loops have pages of their own: what patches does not lose its right to
// be executed. Nobody executes the site meanwhile.
static void patch(uint8_t *site, const void *bytes, size_t len)
{
    void *page = (void *)((uintptr_t)site & ~(uintptr_t)(PAGE - 1));
    if (mprotect(page, PAGE, PROT_READ | PROT_WRITE) != 0)
        host_die("cannot make %p writable", (void *)site);
    memcpy(site, bytes, len);
    if (mprotect(page, PAGE, PROT_READ | PROT_EXEC) != 0)
        host_die("cannot make %p executable", (void *)site);
}

static void patch_call(uint8_t *site, void (*target)(void))
{
    uint8_t call[5] = {0xe8};
    uint32_t distance = (uint32_t)target - (uint32_t)(site + sizeof call);
    memcpy(call + 1, &distance, sizeof distance);
    patch(site, call, sizeof call);
}

static bool has_popcnt(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return ecx >> POPCNT_BIT & 1;
}

static void patch_all(void)
{
    static const uint8_t nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    static const uint8_t popcnt[] = {0xf3, 0x0f, 0xb8, 0xc9, 0x90};
    patch_call(site_call, add_one);
    patch(site_null, nop5, sizeof nop5);
    if (has_popcnt())
        patch(site_bits, popcnt, sizeof popcnt);
    time_choices = (struct choices){
        .number = 3, .pointer = add_one, .flag = has_popcnt()};
    time_choices.table[3] = add_one;
}

static void run(void *loop)
{
    HOST_KEEP(((uint32_t(*)(void))loop)());
}

// All loops of one table must come to the same, or they are no comparison.
static void time_table(const char *title, const struct host_way *ways,
                       size_t count, uint32_t result)
{
    for (size_t w = 0; w < count; w++)
        if (((uint32_t(*)(void))ways[w].arg)() != result)
            host_die("%s: %s is wrong", title, ways[w].name);
    host_time(title, ways, count, OPS, 0, NULL);
}

// The sum of the bits of 1 .. OPS.
static uint32_t all_bits(void)
{
    uint32_t sum = 0;
    for (uint32_t i = 1; i <= OPS; i++)
        sum += (uint32_t)__builtin_popcount(i);
    return sum;
}

#define TABLE(title, ways, result) \
    time_table(title, ways, sizeof(ways) / sizeof(ways)[0], result)

int main(int argc, char **argv)
{
    host_begin(argc, argv, "patched calls and choices on this CPU");
    patch_all();
    const struct host_way calls[] = {
        {"function pointer", run, loop_pointer},
        {"function pointer, retpoline", run, loop_retpoline},
        {"if, else", run, loop_if},
        {"switch of six, by table", run, loop_switch},
        {"static_call", run, loop_static_call},
        {"direct call", run, loop_direct},
    };
    TABLE("call one of several functions", calls, OPS);
    const struct host_way nobody[] = {
        {"function pointer, NULL: test", run, loop_pointer_null},
        {"static_call, NULL: a NOP", run, loop_static_null},
    };
    TABLE("call nobody", nobody, 0);
    const struct host_way bits[] = {
        {"flag: cmp; je; either", run, loop_flag},
        {"the loop always", run, loop_always},
        {"alternative", run, loop_alternative},
    };
    uint32_t sum = all_bits();
    TABLE("count the bits of a word", bits, sum);
    return 0;
}
