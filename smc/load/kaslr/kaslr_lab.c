// SPDX-License-Identifier: MIT
// Lab `kaslr`: one relocation of the kernel's own, followed by hand, and what
// the move costs against code that would not need it.
#include "kernel/bench.h"
#include "kernel/lab.h"
#include "kernel/layout.h"
#include "kernel/pages.h"
#include "kernel/string.h"
#include "kernel/symbols.h"
#include "smc/load/kaslr/records.h"
#include "smc/load/kaslr/subject.h"
#include "smc/patch/alternative/block.h"
#include "smc/x86/decode.h"
#include "smc/x86/x86_show.h"

enum { ELSEWHERE = 0x345000 };

// What the records are for, by section.
static void tell_counts(void)
{
    struct kaslr_walk walk = kaslr_walk();
    const uint8_t *table = walk.next;
    uint32_t boot = 0, text = 0, rodata = 0, data = 0;
    while (kaslr_next(&walk)) {
        const uint8_t *word = records_word(&walk);
        boot += !word;
        text += word && word < text_end;
        rodata += word >= rodata_start && word < rodata_end;
        data += word >= data_start && word < data_end;
    }
    tell("%u words hold addresses of the kernel: %u in text, %u in rodata, %u",
         boot + text + rodata + data, text, rodata, data);
    tell("in data, %u in the boot part. Their table has %u bytes.", boot,
         (uint32_t)(walk.end - table));
}

// The same instruction with other bytes, as if it stood at `address`.
static void tell_there(const uint8_t *bytes, size_t len, uint32_t address)
{
    char text[X86_SHOW_MAX], hex[3 * INSN_MAX];
    kprintf("    %-8s %p  %-24s  %s\n", "there", (void *)address,
            hex_bytes(hex, sizeof hex, bytes, len),
            x86_show_all(text, sizeof text, bytes, len, address));
}

static size_t length_at(const uint8_t *code)
{
    char text[X86_SHOW_MAX];
    return x86_show(text, sizeof text, code, INSN_MAX, (uint32_t)code);
}

// An instruction with an address: there its word is larger.
static void tell_address(const uint8_t *word)
{
    const uint8_t *code = x86_instruction_at(word);
    uint8_t bytes[INSN_MAX];
    uint32_t value;
    size_t len = length_at(code);
    tell_code("here", code, len);
    memcpy(&value, word, sizeof value);
    value += ELSEWHERE;
    memcpy(bytes, code, len);
    memcpy(bytes + (word - code), &value, sizeof value);
    tell_there(bytes, len, (uint32_t)code + ELSEWHERE);
}

// The first call at or behind `code`: E8 and a distance. The same bytes mean
// another target there.
static void tell_call(const uint8_t *code)
{
    while (*code != 0xe8)
        code += length_at(code);
    tell_code("here", code, 5);
    tell_there(code, 5, (uint32_t)code + ELSEWHERE);
}

// A function with both kinds, found by name so that the story stays the same.
static void demo(void)
{
    char text[200];
    const uint8_t *code = symbol_find("kernel_main");
    tell("%s.", kaslr_explain(text, sizeof text));
    tell_counts();
    tell("Say the kernel moves by 0x%x. An address in an instruction, one of",
         ELSEWHERE);
    tell("the recorded words, must grow by as much:");
    tell_address(records_find(code));
    tell("A call holds a distance. Both ends move, and no byte changes:");
    tell_call(code);
    if (kaslr_report.delta) {
        tell("This kernel has done it: `journal 1` is the first word, and");
        tell("`hash` takes the move back in a copy.");
    } else {
        tell(
            "To see it done: make run KASLR=1, then `kaslr`, `journal 1` and");
        tell("`hash`. KASLR=random draws a place.");
    }
}

// Ways to keep the list of places. Each is made from the kernel's own table,
// in its setup; run corrects a copy of text once. It keeps growing: nobody
// runs it.
struct ways {
    uint8_t *copy;
    uint32_t *places; // offsets in text, and how many
    uint8_t *bitmap;  // a bit for each byte of text
    uint32_t count;
};

static void correct(uint8_t *at)
{
    *(uint32_t *)at += 4096;
}

// As boot/low_move.c does it. The copy is at another distance than the image,
// and only the records of text count here; they come first.
static void by_records(void *arg)
{
    const struct ways *w = arg;
    struct kaslr_walk walk = kaslr_walk();
    uint32_t text = (uint32_t)boot_part_end, n = 0;
    while (n < w->count && kaslr_next(&walk))
        if (walk.at >= text) {
            correct(w->copy + (walk.at - text));
            n++;
        }
}

static void by_places(void *arg)
{
    const struct ways *w = arg;
    for (uint32_t i = 0; i < w->count; i++)
        correct(w->copy + w->places[i]);
}

static void by_bitmap(void *arg)
{
    const struct ways *w = arg;
    for (uint32_t i = 0; i < records_text_bytes(); i += 8)
        for (uint32_t bits = w->bitmap[i / 8]; bits; bits &= bits - 1)
            correct(w->copy + i + (uint32_t)__builtin_ctz(bits));
}

// The least that a move costs: reading and writing every byte.
static void by_copying(void *arg)
{
    const struct ways *w = arg;
    void *to = w->copy;
    const void *from = text_start;
    uint32_t words = (uint32_t)records_text_bytes() / 4;
    __asm__ volatile("rep movsl"
                     : "+D"(to), "+S"(from), "+c"(words)
                     :
                     : "memory");
}

static void list_places(struct ways *w)
{
    struct kaslr_walk walk = kaslr_walk();
    block_fill(w->bitmap, 0, records_text_bytes() / 8);
    while (kaslr_next(&walk)) {
        const uint8_t *word = records_word(&walk);
        if (!word || word >= text_end)
            continue;
        uint32_t at = (uint32_t)(word - text_start);
        w->places[w->count++] = at;
        w->bitmap[at / 8] |= (uint8_t)(1u << at % 8);
    }
}

// The share of the table that is about text: its records come first.
static uint32_t table_bytes(void)
{
    struct kaslr_walk walk = kaslr_walk();
    const uint8_t *start = walk.next, *next = start;
    while (kaslr_next(&walk)) {
        const uint8_t *word = records_word(&walk);
        if (word && word >= text_end)
            break;
        next = walk.next;
    }
    return (uint32_t)(next - start);
}

static void bench_tables(struct ways *w)
{
    const struct bench_way ways[] = {
        {"table of 32-bit places, as Linux", NULL, by_places, w, w->count * 4},
        {"bitmap, a bit for each byte", NULL, by_bitmap, w,
         records_text_bytes() / 8},
        {"distances in ULEB128", NULL, by_records, w, table_bytes()},
        {"no correction: only the copy", NULL, by_copying, w, 0},
    };
    char title[64];
    ksnprintf(title, sizeof title, "correct the %u words of kernel text",
              w->count);
    bench_begin("kaslr", title);
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        bench_way(&ways[i], 10);
    bench_end("once for each boot; bytes are those of the table");
}

static void call_fixed(void *arg)
{
    subject_fixed((uint32_t)arg);
}

static void call_pic(void *arg)
{
    subject_pic((uint32_t)arg);
}

// Up to its last RET, without the padding that symbol_range counts.
static uint32_t size_of(const void *function)
{
    const uint8_t *start, *end;
    uint32_t size, last = 0;
    if (!symbol_range(function, &start, &size))
        return 0;
    end = start + size;
    for (const uint8_t *at = start; at < end; at += length_at(at))
        if (*at == 0xc3)
            last = (uint32_t)(at - start) + 1;
    return last;
}

static void bench(void)
{
    struct ways w = {.copy = records_copy(),
                     .places = pages_alloc(records_text_pages()),
                     .bitmap = pages_alloc(records_text_pages())};
    if (w.copy && w.places && w.bitmap) {
        list_places(&w);
        bench_tables(&w);
    }
    const struct bench_way ways[] = {
        {"addresses in the code, relocated", NULL, call_fixed, (void *)7,
         size_of((const void *)subject_fixed)},
        {"position-independent (-fpie)", NULL, call_pic, (void *)7,
         size_of((const void *)subject_pic)},
    };
    bench_begin("kaslr", "one call of a function that uses data five times");
    for (unsigned i = 0; i < 2; i++)
        bench_way(&ways[i], 1000);
    bench_end("every call pays, for ever; a function of 4 bytes that gives "
              "eip is not counted in bytes");
    if (w.copy)
        records_free(w.copy);
    if (w.places)
        records_free((uint8_t *)w.places);
    if (w.bitmap)
        records_free(w.bitmap);
}

LAB(kaslr, "the kernel corrects its own addresses and moves",
    "smc/load/kaslr/records.h, boot/low_move.c", demo, bench);
