"""What a launch costs: `once -p PORT -- true` beside tools that do less."""
import os
import shutil
import time

import counts
from bench import PATH, free_port
from result import Result, number
from supervised import LEADER, UnderPm2
from turns import Series, installed, take_turns

OURS = "once -p PORT --"
BASE = "flock -n FILE"
PM2 = "pm2 start"
BOUND = 0.9
NOTE = """System calls and page faults are those of the tool and of `true` together. Instructions are those of the
tool's first process in user space (callgrind), without `true` and without the keeper of `once`, which does little
but system calls. Under callgrind `true` outlives the first 5 ms, so that they include the writing of the record,
which the launch of so short a command otherwise does without. Who executes `true` in his own place (setlock, chpst,
flock -F) leaves nobody behind who could tidy up."""


def commands(bench):
    lock = str(bench.folder / "lock")
    return {
        "no tool": ["true"],
        "vfork, exec, wait": [bench.helper("spawn"), "true"],
        "tini-static": ["tini-static", "-s", "--", "true"],
        "tini": ["tini", "-s", "--", "true"],
        "catatonit": ["catatonit", "true"],
        "dumb-init": ["dumb-init", "true"],
        "timeout": ["timeout", "99", "true"],
        "setlock FILE": ["setlock", lock, "true"],
        "chpst -L FILE": ["chpst", "-L", lock, "true"],
        "flock -n -F FILE": ["flock", "-n", "-F", lock, "true"],
        BASE: ["flock", "-n", lock, "true"],
        OURS: [bench.once, "-p", str(free_port()), "--", "true"],
        "once -n NAME --": [bench.once, "-n", "bench", "--", "true"],
        "once --": [bench.once, "--", "true"],
    }


def launch(argv, environment, faults):
    begun = time.perf_counter()
    child = os.posix_spawn(argv[0], argv, environment)
    _, status, used = os.wait4(child, 0)
    took = time.perf_counter() - begun
    if status != 0:
        raise SystemExit(f"{' '.join(argv)} ended with wait status {status}")
    faults.append(used.ru_minflt)  # its own, and those of the children that it has waited for
    return took * 1e6


def pm2_start(bench):
    """Its command, with its daemon running; not in turns with the others, it takes a hundred times as long."""
    pm2, missing = installed({PM2: [bench.npm("pm2")]}, PATH)
    if missing:
        return {}, missing
    with UnderPm2(bench, pm2[PM2], free_port()) as daemon:

        def start():
            begun = time.perf_counter()
            daemon.call("start", bench.helper(LEADER), "--name", "another", "--", os.devnull)
            took = time.perf_counter() - begun
            daemon.call("delete", "another")
            return took * 1e6

        daemon.environment.pop("PORT")  # the first one has it
        return take_turns({PM2: start}, bench.rounds(10, 1)), []


def columns(bench, there, faults):
    def text(count):
        return "" if count is None else number(count)

    calls = {name: text(counts.system_calls(bench, argv)) for name, argv in there.items()}
    steps = {name: text(counts.instructions(bench, argv)) for name, argv in there.items()}
    pages = {name: text(Series(faults[name]).median) for name in there}
    return {"system calls": calls, "instructions": steps, "page faults": pages}


def measure(bench):
    there, missing = installed(commands(bench), PATH)
    faults = {name: [] for name in there}
    runs = {
        name: lambda argv=argv, name=name: launch(argv, bench.environment, faults[name])
        for name, argv in there.items()
    }
    series = take_turns(runs, bench.rounds(400, 20))
    slow, without = pm2_start(bench)
    series |= slow
    missing += without + [name for name in ("strace", "valgrind") if not shutil.which(name)]
    ratio = series[OURS].median / series[BASE].median if BASE in series else 0
    return Result(
        title="a launch: `once -p PORT -- true`",
        bound=f"≤ {BOUND} × `flock -n FILE true`, which only locks",
        finding=f"{ratio:.2f} × flock",
        is_met=0 < ratio <= BOUND,
        unit="µs",
        ours=OURS,
        base=BASE,
        series=series,
        columns=columns(bench, there, faults),
        missing=missing,
        notes=[NOTE],
    )
