// SPDX-License-Identifier: MIT
// What the door asks of the machine's other processors. Weak answers for one
// processor stand in cpus.c, for as long as the kernel starts no other.
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define CPU_MAX 8

unsigned cpu_index(void);
uint32_t cpus_online(void);
void cpus_hold(void);
void cpus_release(void);
void cpu_send_ipi(unsigned cpu, uint8_t vector);
void preempt_off(void);
void preempt_on(void);
void kthread_yield(void);
