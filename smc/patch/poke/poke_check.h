// SPDX-License-Identifier: MIT
// What the suite `poke` shares: the subjects of poke_subject.S, and one way to
// poke and to judge.
#pragma once
#include "kernel/lab.h"
#include "smc/door/poke.h"

int poke_five(void), poke_one(void), poke_branched(void);
bool poke_jcc8(uint32_t flags, uint32_t *after);
bool poke_jcc32(uint32_t flags, uint32_t *after);
extern uint8_t poke_five_site[], poke_five_site_end[], poke_five_end[];
extern uint8_t poke_jcc8_site[], poke_jcc8_taken[];
extern uint8_t poke_jcc32_site[], poke_jcc32_taken[];
extern uint8_t poke_one_site[], poke_branched_site[];
void poke_add_10(void), poke_add_100(void);

// Pokes over whatever is there now, as technique "poke-chk".
struct text_result poke_over(void *site, const void *replacement, size_t len);

// poke_check_reserve.c
enum check_result poke_check_owners_move(void);

// The forms that poke_five's site takes, and what the function answers then.
enum { POKE_FORMS = 4 };
extern const int poke_answers[POKE_FORMS];
void poke_make_form(uint8_t bytes[POKE_MAX], int form);

// The online CPU with the highest number, since CPU 0 is where the shell is; 0
// if there is no other. Then a check says so and is skipped.
unsigned poke_other_cpu(void);
enum check_result poke_alone(void);

// poke_check_stuck.c
enum check_result poke_check_stuck_early(void), poke_check_stuck_late(void);
enum check_result poke_check_stuck_given_up(void);
enum check_result poke_check_stuck_kept(void), poke_check_stuck_written(void);

// poke_check_reader.c
enum check_result poke_check_reader(void);
