// SPDX-License-Identifier: MIT
#pragma once

// Judges the emulator where no native run can: other privilege levels, locked
// accesses that lose a race, worlds without segments, what it must refuse.
void known_answers(void);

// Judges each condition in every state of the flags.
void known_conditions(void);

// Judges that nothing is emulated but the instructions that are meant.
void known_names(void);
