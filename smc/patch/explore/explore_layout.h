// SPDX-License-Identifier: MIT
// The answers that explore_subject.S and C must agree on.
#pragma once
#define EXPLORE_NO_RETURN 1000
#define EXPLORE_TORN 5000
