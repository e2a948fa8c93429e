// SPDX-License-Identifier: MIT
// Between the files of suite `smp`.
#pragma once
#include "kernel/lab.h"
#include "kernel/smp.h"

// Starts one thread per online CPU, pinned to it, each with the address of its
// number in numbers[], and joins all. Returns how many there were.
unsigned smp_on_each(void (*fn)(void *number));

// For checks that need company: says so and returns false on one CPU.
bool smp_needs_two(void);

// Waits, for a while, until *count reaches `wanted`. Interrupts stay on.
bool smp_await(const volatile uint32_t *count, uint32_t wanted);

// How many are online.
unsigned smp_count_online(void);

// The CPU with the highest number that is online.
unsigned smp_last(void);

// smp_check_nmi.c
enum check_result smp_check_nmi(void);
enum check_result smp_check_nmi_nested(void);
enum check_result smp_check_nmi_unasked(void);
enum check_result smp_check_nmi_offline(void);

// smp_check_thread.c
enum check_result smp_check_parallel(void);
enum check_result smp_check_spinlock(void);
enum check_result smp_check_preemption(void);
enum check_result smp_check_preempt_off(void);
enum check_result smp_check_migration(void);
enum check_result smp_check_join(void);
enum check_result smp_check_trap_try(void);
enum check_result smp_check_once_apart(void);

// smp_check_hotplug.c
enum check_result smp_check_pinned(void);
enum check_result smp_check_hotplug(void);
enum check_result smp_check_late(void);

// smp_check_table.c
enum check_result smp_check_madt(void);
enum check_result smp_check_mp(void);
enum check_result smp_check_table_found(void);
