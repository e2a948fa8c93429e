# SPDX-License-Identifier: MIT
"""A strict reader of TAP 13, the format in which the kernel reports checks.

A lenient reader is how a dead kernel passes: half a report looks like a
report. So the plan comes first, the numbers are consecutive, nothing is
missing, nothing is left over, and every failure is named.

    # suite intn
    TAP version 13
    1..2
    ok 1 - same n does not write: 0 writes
    ok 2 - gate below the caller's ring # SKIP no ring 3
"""
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

HEADER = re.compile(r"# suite (\S+)")
VERSION = "TAP version 13"
PLAN = re.compile(r"1\.\.(\d+)")
RESULT = re.compile(r"(not ok|ok) (\d+) - (.*)")
SKIP = re.compile(r"(.*?) # SKIP (.+)")


@dataclass
class Result:
    ok: bool
    number: int
    name: str            # before the colon
    judged: str          # after it: the bytes or figures that were judged
    skip: str = ""       # the reason, if it was skipped


@dataclass
class Suite:
    name: str
    plan: int = -1
    results: list = field(default_factory=list)
    errors: list = field(default_factory=list)


def parse(text):
    """Returns the suites of a serial log, each with what is wrong in it."""
    suites, header, previous = [], None, ""
    for line in text.replace("\r", "").splitlines():
        if m := HEADER.fullmatch(line):
            header = m[1]
        elif line == VERSION:
            suites.append(Suite(header or "?"))
            if header is None:
                suites[-1].errors.append("no `# suite NAME` before the TAP")
            header = None
        elif suites:
            _line(suites[-1], line, previous)
        elif RESULT.fullmatch(line):
            suites.append(Suite("?"))
            suites[-1].errors.append(f"result before any TAP: {line}")
        previous = line
    for suite in suites:
        _complete(suite)
    return suites


def _line(suite, line, previous):
    if previous == VERSION and not PLAN.fullmatch(line):
        suite.errors.append(f"the plan does not follow the version: {line!r}")
    if m := PLAN.fullmatch(line):
        if previous != VERSION:
            suite.errors.append(f"a plan out of place: {line}")
        suite.plan = int(m[1])
    elif m := RESULT.fullmatch(line):
        result = _result(m)
        if result.number != len(suite.results) + 1:
            suite.errors.append(f"number {len(suite.results) + 1} expected, "
                                f"not {result.number}: {line}")
        if "# SKIP" in line and not result.skip:
            suite.errors.append(f"SKIP without a reason: {line}")
        suite.results.append(result)
    elif re.match(r"(not )?ok\b", line):
        suite.errors.append(f"malformed result: {line!r}")
    elif line.startswith("Bail out!"):
        suite.errors.append(line)


def _result(match):
    text, reason = match[3], ""
    if m := SKIP.fullmatch(text):
        text, reason = m[1], m[2]
    name, _, judged = text.partition(": ")
    return Result(match[1] == "ok", int(match[2]), name, judged, reason)


def _complete(suite):
    if suite.plan < 0:
        suite.errors.append("no plan")
    elif suite.plan == 0:
        suite.errors.append("an empty plan proves nothing")
    elif suite.plan != len(suite.results):
        suite.errors.append(f"planned {suite.plan} results, "
                            f"got {len(suite.results)}")


def verdict(text, *, suites=None, skips=()):
    """Returns every reason not to believe this report; empty means green.

    `suites` names the suites that must have reported, in order; `skips` the
    checks that are allowed to be skipped, as `suite/name` or `suite/*`.
    """
    found = parse(text)
    reasons = [f"{s.name}: {e}" for s in found for e in s.errors]
    if not found:
        reasons.append("no TAP at all")
    names = [s.name for s in found]
    if suites is not None and names != list(suites):
        reasons.append(f"suites {list(suites)} expected, {names} reported")
    for s in found:
        for r in s.results:
            if not r.ok:
                reasons.append(f"{s.name}: not ok {r.number} - {r.name}: "
                               f"{r.judged}")
            elif r.skip and not any(fnmatchcase(f"{s.name}/{r.name}", p)
                                    for p in skips):
                reasons.append(f"{s.name}: undeclared SKIP of {r.name!r}: "
                               f"{r.skip}")
    return reasons
