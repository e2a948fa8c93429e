// SPDX-License-Identifier: MIT
// A CPU that does not answer, for checks of what pokes do then.
#pragma once
#include "smc/door/text.h"

struct kthread;

// From now on this CPU has its interrupts off, and answers only to changes of
// mappings; until the end. It must be online and not the caller's.
struct kthread *stuck_start(unsigned cpu);
void stuck_end(struct kthread *thread);

// Calls fn(arg), which pokes, while the stuck CPU answers so many questions
// more, and then none. What goes wrong is its doing, not that of a CPU that is
// only slow: fn is called again, with more patience, as long as nothing was
// written and another CPU is among those that have not answered in time.
struct text_result stuck_while(struct text_result (*fn)(void *arg), void *arg,
                               unsigned cpu, uint32_t answers);
