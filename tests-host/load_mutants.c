// SPDX-License-Identifier: MIT
// Thousands of damaged files through the loader. Each must end in an image or
// in words, with all memory back; none is ever run.
//
//   load_mutants [--count N] [--seed N] [--seconds N] FILE... [with FILE...]
//
// The first files are damaged in turn; the others are what they need. What
// takes the processor more than 10 seconds, or N, for one mutant is taken for
// a hang. A worker does the work, so that a crash or a hang is counted, told
// and passed over:
//
//   parent   fork --> wait --> crash at 7! --> fork --> wait --> table
//   worker          0 .. 7                          8 .. N
//
// Mutant i depends on the seed, i and the files only. Of the kinds of mutate.h
// the first is what other people's loaders were given, too.
#include "kernel/string.h"
#include "tests-host/host.h"
#include "tests-host/load_trial.h"
#include "tests-host/mutate.h"
#include "tests-host/stand_in.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_FILES = 64, LIMIT = 10 }; // seconds

// Seen by the parent and the worker.
static struct tally {
    uint64_t at; // the mutant that is being loaded
    uint64_t loaded, refused, wrong, crashed, hung;
    uint64_t kinds[MUTATIONS];
} * tally;

static struct target {
    const struct module *file;
    struct mutate_range ranges[MUTATE_RANGES];
    unsigned count;
} targets[MOST_FILES];
static unsigned target_count;

static void demand(bool ok, const struct module *file, const char *what)
{
    if (ok)
        return;
    tally->wrong++;
    printf("FAIL: mutant %llu of %s: %s\n", (unsigned long long)tally->at,
           file->name, what);
}

// The work ----------------------------------------------------------------

// From now on. A clock on the wall would count what others do meanwhile.
static void set_limit(void)
{
    struct itimerval timer = {0};

    timer.it_value.tv_sec = host.seconds ? (time_t)host.seconds : LIMIT;
    setitimer(ITIMER_PROF, &timer, NULL);
}

static void load_mutant(uint64_t index)
{
    const struct target *target = &targets[index % target_count];
    struct module file = *target->file;
    struct load_trial trial;
    enum mutation what;
    uint8_t *bytes;

    host_reseed(index);
    bytes = mutate(&file, target->ranges, target->count, &file.size, &what);
    file.data = bytes;
    load_trial(&file, &trial);
    demand(!*trial.wrong, &file, trial.wrong);
    free(bytes);
    tally->kinds[what]++;
    *(trial.loaded ? &tally->loaded : &tally->refused) += 1;
}

// The first request is refused, the second, and so on until there are no
// more: no failure may leave anything behind. What goes another way when it is
// refused finds that one barred as well if `times` is more than one.
static void starve(const struct module *file, uint32_t times)
{
    struct load_trial trial;
    uint32_t n = 1;

    do {
        set_limit();
        stand_in_starve(n++, times);
        load_trial(file, &trial);
        demand(!*trial.wrong, file, trial.wrong);
    } while (stand_in_starve(0, 0));
    demand(trial.loaded && !trial.stayed, file, "is refused undamaged");
}

static _Noreturn void work(uint64_t first, uint64_t count)
{
    for (unsigned i = 0; first == 0 && i < target_count; i++) {
        starve(targets[i].file, 1);
        starve(targets[i].file, 2);
        starve(targets[i].file, UINT32_MAX); // as if for good
    }
    for (uint64_t i = first; i < count; i++) {
        tally->at = i;
        set_limit();
        load_mutant(i);
    }
    tally->at = count;
    exit(0); // LeakSanitizer has a look, too
}

// From `first` to the end or to the mutant that ends the worker. Returns the
// one to go on with.
static uint64_t run_worker(uint64_t first, uint64_t count)
{
    int status;
    pid_t pid;

    fflush(stdout); // or both would print what is in the buffer
    pid = fork();
    if (pid == 0)
        work(first, count);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        host_die("no worker");
    if (status == 0)
        return count;
    bool hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
    *(hung ? &tally->hung : &tally->crashed) += 1;
    printf("FAIL: mutant %llu of %s: %s, status %x\n",
           (unsigned long long)tally->at,
           targets[tally->at % target_count].file->name,
           hung ? "hangs" : "crashes", status);
    return tally->at + 1;
}

// What others did on mutants of the first kind, measured once: glibc 2.36's
// ld.so, Wine 8.0 and GRUB 2.06 are no part of this program.
static void print_table(const char *format, uint64_t count)
{
    double bad = (double)(tally->crashed + tally->hung);

    printf("%-36s %8s %8s %8s %12s\n", "loader, file", "mutants", "loaded",
           "refused", "crash, hang");
    printf("palimpsest, %2u files, %-14s %8llu %6.1f %% %6.1f %% %10.1f %%\n",
           target_count, format, (unsigned long long)count,
           100 * (double)tally->loaded / (double)count,
           100 * (double)tally->refused / (double)count,
           100 * bad / (double)count);
    printf("%-36s %8u %28.1f %%\n", "glibc, libz.so.1", 2750, 22.7);
    printf("%-36s %8u %28.1f %%\n", "Wine, zlib1.dll rebased", 700, 6.1);
    printf("%-36s %8u %28.1f %%\n", "GRUB, gcry_sha256.mod", 266, 3.4);
    printf("of ours %llu have one wrong word, %llu have more, %llu are cut\n",
           (unsigned long long)tally->kinds[MUTATION_WORD],
           (unsigned long long)tally->kinds[MUTATION_WORDS],
           (unsigned long long)tally->kinds[MUTATION_CUT]);
}

// All files are boot modules; those before "with" are damaged as well.
static void take_files(void)
{
    int with = 0, last = host.file_count;

    while (with < last && strcmp(host.files[with], "with") != 0)
        with++;
    if (with == 0 || with > MOST_FILES)
        host_die("name 1 to %d files", MOST_FILES);
    if (with < last) // close the gap
        memmove(&host.files[with], &host.files[with + 1],
                (size_t)(--last - with) * sizeof host.files[0]);
    stand_in_files(host.files, (size_t)last);
    target_count = (unsigned)with;
    for (unsigned i = 0; i < target_count; i++) {
        targets[i].file = stand_in_file(i);
        targets[i].count = mutate_ranges(targets[i].file, targets[i].ranges);
    }
}

int main(int argc, char **argv)
{
    host_begin(argc, argv, "damaged files through the loader");
    take_files();
    uint64_t count = host.count ? host.count : 10000, at = 0;
    tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tally == MAP_FAILED)
        host_die("no shared memory");
    while (at < count)
        at = run_worker(at, count);
    print_table(targets[0].file->data[0] == 0x7f ? "ELF" : "PE", count);
    host_judge(tally->crashed == 0, "%llu mutants crash",
               (unsigned long long)tally->crashed);
    host_judge(tally->hung == 0, "%llu mutants hang",
               (unsigned long long)tally->hung);
    host_judge(tally->wrong == 0, "%llu are judged wrong",
               (unsigned long long)tally->wrong);
    host_judge(tally->loaded && tally->refused, "all are alike");
    return host_end();
}
