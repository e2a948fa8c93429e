// SPDX-License-Identifier: MIT
// Several threads that take and give back one key, as fast as they can.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { STATIC_KEY_RACERS = 4, STATIC_KEY_RACE_SITES = 4 };

struct static_key_race {
    uint32_t threads, cpus;
    uint32_t rounds;  // of all threads together
    uint32_t wrong;   // sites found off by somebody who held the key
    uint32_t refused; // changes that the door refused
    uint32_t writes;  // journal lines, one for each site of each change
    uint32_t left;    // sites still on, or astray, when all are done
    int32_t users;    // the count when all are done
};

// One thread on each CPU, four at most; on a machine with one CPU, two that
// the timer takes in turns. Each goes `rounds` rounds. Returns false if they
// could not be started. From the shell's thread.
bool static_key_race(uint32_t rounds, struct static_key_race *result);

// Is the result what it must be?
bool static_key_race_is_right(const struct static_key_race *result);
