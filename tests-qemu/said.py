# SPDX-License-Identifier: MIT
"""What commands of the shell print, taken apart."""
import re

WIDTH = 80  # of the text screen: no line may fill it


def in_use(console):
    """Pages and heap blocks in use: what a failed load must give back."""
    said = console.run("mem")
    return (re.search(r"(\d+) in use", said)[1],
            re.search(r"^heap: +(\d+) blocks, (\d+) bytes", said, re.M)[0])


def rows(said):
    """What `modules` says: the words of each line, by name."""
    return {line.split()[0]: line.split()[1:] for line in said.splitlines()
            if re.match(r"\S+ +(ELF|PE)", line)}
