// SPDX-License-Identifier: MIT
// The 18 cases: a function with one branch for each.
#include "smc/patch/static_key/static_key_cases.h"

static struct static_key lab_old_true_key = STATIC_KEY_INIT(lab_old_true_key,
                                                            1);
STATIC_KEY_LISTED(lab_old_true_key, lab_old_true_key);
static struct static_key lab_old_false_key = STATIC_KEY_INIT(lab_old_false_key,
                                                             0);
STATIC_KEY_LISTED(lab_old_false_key, lab_old_false_key);
DEFINE_STATIC_KEY_TRUE(lab_true_key);
DEFINE_STATIC_KEY_FALSE(lab_false_key);

// Branch, key, and whether the key is on before the checks begin.
#define CASES(OLD, TYPED)                                       \
    OLD(static_key_true, lab_old_true_key, true)                \
    OLD(static_key_false, lab_old_false_key, false)             \
    TYPED(static_branch_likely, lab_true_key, true)             \
    TYPED(static_branch_unlikely, lab_true_key, true)           \
    TYPED(static_branch_likely, lab_false_key, false)           \
    TYPED(static_branch_unlikely, lab_false_key, false)         \
    OLD(static_key_true, lab_base_old_true_key, true)           \
    OLD(static_key_false, lab_base_inv_old_true_key, false)     \
    OLD(static_key_false, lab_base_old_false_key, false)        \
    OLD(static_key_true, lab_base_inv_old_false_key, true)      \
    TYPED(static_branch_likely, lab_base_true_key, true)        \
    TYPED(static_branch_unlikely, lab_base_true_key, true)      \
    TYPED(static_branch_likely, lab_base_inv_true_key, false)   \
    TYPED(static_branch_unlikely, lab_base_inv_true_key, false) \
    TYPED(static_branch_likely, lab_base_false_key, false)      \
    TYPED(static_branch_unlikely, lab_base_false_key, false)    \
    TYPED(static_branch_likely, lab_base_inv_false_key, true)   \
    TYPED(static_branch_unlikely, lab_base_inv_false_key, true)

// noinline: one site each, and the answer is what the site says, not what the
// compiler has found out about it.
#define FUNCTION(branch, id, first)                                 \
    static __attribute__((noinline)) bool ask_##branch##_##id(void) \
    {                                                               \
        return branch(&id);                                         \
    }
CASES(FUNCTION, FUNCTION)

#define OLD_ROW(branch, id, first) \
    {#branch " " #id, &id, first, ask_##branch##_##id},
#define TYPED_ROW(branch, id, first) \
    {#branch " " #id, &id.key, first, ask_##branch##_##id},

const struct static_key_case static_key_cases[STATIC_KEY_CASES] = {
    CASES(OLD_ROW, TYPED_ROW)};
