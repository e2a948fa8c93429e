// SPDX-License-Identifier: MIT
// Every kind of key under every kind of branch: 18 cases, each to be seen in
// its first state, inverted, and restored. The list is that of Linux's
// lib/test_static_keys.c; the keys of the other module are those of
// static_key_base.c here.
#pragma once
#include "smc/patch/static_key/static_key.h"

enum { STATIC_KEY_CASES = 18 };

struct static_key_case {
    const char *name; // "false key, likely"
    struct static_key *key;
    bool first;        // is the key on before the checks?
    bool (*ask)(void); // a branch
};
extern const struct static_key_case static_key_cases[STATIC_KEY_CASES];

// Keys that are defined elsewhere. Those with `inv` are inverted once, by
// static_key_base_invert, before the cases are looked at: what the assembler
// wrote and what the first state is are then two things.
extern struct static_key lab_base_old_true_key, lab_base_inv_old_true_key;
extern struct static_key lab_base_old_false_key, lab_base_inv_old_false_key;
DECLARE_STATIC_KEY_TRUE(lab_base_true_key);
DECLARE_STATIC_KEY_TRUE(lab_base_inv_true_key);
DECLARE_STATIC_KEY_FALSE(lab_base_false_key);
DECLARE_STATIC_KEY_FALSE(lab_base_inv_false_key);

// To and fro: `there` inverts, else restores. Returns the first refusal.
struct text_result static_key_base_invert(bool there);
