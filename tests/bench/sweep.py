"""Ending a thousand processes: `once`, which has to find them, beside a loop that knows their pids."""
import os
import signal
import subprocess
import time

import processes
from bench import eventually
from result import Result
from turns import take_turns

OURS = "once -n NAME --"
LOOP = "a bare kill loop"
BOUND = 1.5
NOTE = """From a TERM to the leader, or to the loop, to the end of the tool; both have waited until all are gone. The
loop has been told the pids."""


def measure(bench):
    tree, ready = bench.helper("tree"), bench.folder / "ready"

    def end(argv):
        ready.unlink(missing_ok=True)
        tool = subprocess.Popen(argv, env=bench.environment)
        pid = int(eventually(lambda: ready.exists() and ready.read_text()))
        begun = time.perf_counter()
        os.kill(pid, signal.SIGTERM)
        tool.wait()
        took = time.perf_counter() - begun
        if left := [pid for pid in processes.below(os.getpid()) if processes.name_of(pid) == "tree"]:
            raise SystemExit(f"{len(left)} of the tree are left by {argv}")
        return took * 1e3

    commands = {OURS: [bench.once, "-n", "bench", "--", tree, str(ready)], LOOP: [tree, str(ready), "loop"]}
    series = take_turns({name: lambda argv=argv: end(argv) for name, argv in commands.items()}, bench.rounds(20, 2))
    ratio = series[OURS].median / series[LOOP].median
    return Result(
        title="ending a tree of 1,000 processes",
        bound=f"≤ {BOUND} × a bare kill loop",
        finding=f"{ratio:.2f} × the loop",
        is_met=ratio <= BOUND,
        unit="ms",
        ours=OURS,
        base=LOOP,
        series=series,
        notes=[NOTE],
    )
