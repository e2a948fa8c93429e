// SPDX-License-Identifier: MIT
// Claims: no byte of an image is changed twice.
//
// A relocation reads what the place holds and adds to it, so that the second
// one of a word adds its delta to the first one's result. Linux's loader of
// i386 modules and GRUB's do not look. [ELF 1-21]
//
//   one change       its bits in a map with one bit for each byte
//   an ascending run low and high only; its words go to the map if somebody
//                    else comes between them
//
//   image   | e8 fc ff ff ff | a1 00 10 00 00 | ...
//   map     |  0  1  1  1  1 |  0  1  1  1  1 | ...
#include "kernel/heap.h"
#include "smc/load/build.h"

static bool inside(const struct image_part *part, uint32_t offset,
                   uint32_t size)
{
    return offset >= part->offset &&
           range_inside(offset - part->offset, size, part->size);
}

// Tables are sorted as a rule, so the part of the last word is tried first.
static bool in_some_part(struct loading *in, uint32_t offset, uint32_t size)
{
    const struct image *image = in->image;

    if (image->parts && inside(&image->part[in->last_part], offset, size))
        return true;
    for (uint32_t i = 0; i < image->parts; i++)
        if (inside(&image->part[i], offset, size)) {
            in->last_part = i;
            return true;
        }
    return false;
}

// One bit for each byte of the image, made when the first one is needed.
static bool need_map(struct loading *in)
{
    if (!in->claimed)
        // One byte more: claims look at the byte behind that of the word.
        in->claimed = heap_zalloc(1, in->image->size / 8 + 1);
    return in->claimed ||
           load_fail(in->error, "no memory for the map of changes");
}

static bool meets_run(const struct claim_run *run, uint32_t low, uint32_t high)
{
    return low < run->high && run->low < high;
}

// From the run to its single words. The run is forgotten first: replay claims
// its words in the ordinary way.
static bool break_run(struct loading *in)
{
    struct claim_run run = in->run;

    in->run = (struct claim_run){0, 0, NULL};
    return run.low == run.high || (need_map(in) && run.replay(in));
}

// Two relocations of one word are no rare accident but the classic mutant:
// the second adds its delta to the first one's result. Overlapping words
// count as well, so the map has one bit per byte.
bool build_claim(struct loading *in, uint32_t offset, uint32_t size,
                 const char *what)
{
    uint32_t bits = ((1u << size) - 1) << offset % 8;
    uint8_t *claimed;

    if (!in_some_part(in, offset, size))
        return load_fail(in->error,
                         "%s changes the %u bytes at image offset "
                         "0x%x, which are in no section",
                         what, size, offset);
    if ((meets_run(&in->run, offset, offset + size) && !break_run(in)) ||
        !need_map(in))
        return false;
    claimed = in->claimed + offset / 8;
    // Four neighbouring bits lie in two neighbouring bytes at most.
    if ((claimed[0] | claimed[1] << 8) & bits)
        return load_fail(in->error,
                         "%s changes the bytes at image offset "
                         "0x%x for the second time",
                         what, offset);
    // offset % 8 = 6:  bits = 3c0, claimed[0] |= c0, claimed[1] |= 03
    claimed[0] |= (uint8_t)bits;
    claimed[1] |= (uint8_t)(bits >> 8);
    return true;
}

// Nearly always all of it is clear, and a run may be megabytes long: the bits
// of its first and last byte, and whole words in between.
//
//   low                                high
//    v                                  v
//   ..xxxxxx | xxxxxxxx ... xxxxxxxx | xxxx....
//     head      words, then bytes       tail
static bool map_is_clear(const struct loading *in, uint32_t low, uint32_t high)
{
    const uint8_t *map = in->claimed;
    uint32_t at = low / 8, last = (high - 1) / 8;
    uint8_t head = (uint8_t)(0xff << low % 8),
            tail = (uint8_t)(0xff >> (7 - (high - 1) % 8));

    if (!map || low == high)
        return true;
    if (at == last)
        return !(map[at] & head & tail);
    if ((map[at] & head) || (map[last] & tail))
        return false;
    for (at++; last - at >= 4; at += 4)
        if (((const struct word *)(map + at))->value)
            return false;
    while (at < last && !map[at])
        at++;
    return at == last;
}

// A second run takes the place of the first, whose words go to the map. A run
// that meets what is in the map must go there as well, word by word: only
// then is it known whether two of them are the same.
bool build_claim_run(struct loading *in, uint32_t low, uint32_t high,
                     bool (*replay)(struct loading *in))
{
    if (!break_run(in))
        return false;
    in->run = (struct claim_run){low, high, replay};
    return map_is_clear(in, low, high) || break_run(in);
}
