// SPDX-License-Identifier: MIT
// Keys for branches in another file.
#include "smc/patch/static_key/static_key_cases.h"

// The old style has no macro that names a type.
#define OLD_KEY(id, on)                             \
    struct static_key id = STATIC_KEY_INIT(id, on); \
    STATIC_KEY_LISTED(id, id)

OLD_KEY(lab_base_old_true_key, 1);
OLD_KEY(lab_base_inv_old_true_key, 1);
OLD_KEY(lab_base_old_false_key, 0);
OLD_KEY(lab_base_inv_old_false_key, 0);
DEFINE_STATIC_KEY_TRUE(lab_base_true_key);
DEFINE_STATIC_KEY_TRUE(lab_base_inv_true_key);
DEFINE_STATIC_KEY_FALSE(lab_base_false_key);
DEFINE_STATIC_KEY_FALSE(lab_base_inv_false_key);

struct text_result static_key_base_invert(bool there)
{
    struct static_key *const begin_on[] = {&lab_base_inv_old_true_key,
                                           &lab_base_inv_true_key.key};
    struct static_key *const begin_off[] = {&lab_base_inv_old_false_key,
                                            &lab_base_inv_false_key.key};
    struct text_result r = {0};
    for (unsigned i = 0; i < 2 && r.reason == TEXT_OK; i++) {
        r = there ? static_key_disable(begin_on[i])
                  : static_key_enable(begin_on[i]);
        if (r.reason == TEXT_OK)
            r = there ? static_key_enable(begin_off[i])
                      : static_key_disable(begin_off[i]);
    }
    return r;
}
