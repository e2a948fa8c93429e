// SPDX-License-Identifier: MIT
#pragma once

// `cpu N online|offline`: the part of the command `cpu` that is about others.
int cpu_command(int argc, char **argv);
