// SPDX-License-Identifier: MIT
// A fuzz target without libFuzzer: runs it over files and directories of
// files. So a corpus can be replayed where there is no clang, and a finding
// be looked at in a debugger.
#include "tests-host/fuzz.h"
#include "tests-host/host.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

// A finding ends the program; whoever comes back has passed.
static void replay(const char *path)
{
    size_t size;
    uint8_t *data = host_read_file(path, &size);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    host_judge(true, "%s", path);
}

// Hidden files are not inputs: a corpus in a checkout may have some.
static void replay_all(const char *path, DIR *directory)
{
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            replay(file);
    }
    closedir(directory);
}

// Status 1 if there was no input at all: nothing was judged then.
int main(int argc, char **argv)
{
    host_begin(argc, argv, "replay the inputs of a fuzz target");
    for (int i = 0; i < host.file_count; i++) {
        DIR *directory = opendir(host.files[i]);
        if (directory)
            replay_all(host.files[i], directory);
        else
            replay(host.files[i]);
    }
    return host_end();
}
