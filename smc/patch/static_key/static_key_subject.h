// SPDX-License-Identifier: MIT
// What the lab's demo, checks and bench share: a site of each length, the
// same functions without a key, and a key with a thousand sites.
#pragma once
#include "smc/patch/static_key/static_key.h"

DECLARE_STATIC_KEY_FALSE(lab_subject);
DECLARE_STATIC_KEY_FALSE(lab_far);
DECLARE_STATIC_KEY_FALSE(lab_many);

// One pass over a site of lab_subject. It counts in static_key_hits while the
// key is on. The site is between the two labels.
void static_key_subject(void *arg);
extern uint32_t static_key_hits;
extern uint8_t static_key_site[], static_key_site_end[];

// The same with a block so long that the jump over it is the long one.
void static_key_far(void *arg);

// The subject with a NOP assembled in, or the jump, and no line in the table:
// what the subject must equal, instruction for instruction, while the key is
// off or on. And an empty function.
void static_key_twin(void *arg);
void static_key_twin_on(void *arg);
void static_key_baseline(void *arg);

// Passes over all sites of lab_many. Returns how many of them were on.
enum { STATIC_KEY_MANY = 1000 };
uint32_t static_key_many(void);
