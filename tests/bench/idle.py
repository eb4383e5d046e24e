"""How often a tool wakes up while its command runs and nothing happens."""
import contextlib
import time

import processes
from bench import eventually
from result import Result
from supervised import tools
from turns import Series

OURS = "once -p PORT --"


def stretch(makers, seconds):
    """All at the same time: nobody disturbs anybody, since nobody has anything to do."""
    with contextlib.ExitStack() as jobs:
        keepers = {name: jobs.enter_context(make()).keepers() for name, make in makers.items()}
        for pid in sum(keepers.values(), []):
            eventually(lambda pid=pid: processes.is_asleep(pid))
        before = {name: count(pids) for name, pids in keepers.items()}
        time.sleep(seconds)  # here it is the time itself that is waited for
        return {name: count(pids) - before[name] for name, pids in keepers.items()}


def count(pids):
    return sum(processes.switches(pid) for pid in pids)


def measure(bench):
    seconds = bench.rounds(10, 2)
    makers, missing = tools(bench)
    stretches = [stretch(makers, seconds) for _ in range(bench.rounds(3, 1))]
    series = {name: Series([one[name] for one in stretches]) for name in makers}
    return Result(
        title=f"wake-ups in {seconds} s in which nothing happens",
        bound="0",
        finding=f"at most {max(series[OURS].values)}",
        is_met=max(series[OURS].values) == 0,
        unit="wake-ups",
        ours=OURS,
        base=OURS,
        series=series,
        missing=missing,
        notes=["Context switches, voluntary or not, of all threads of all its processes (/proc/PID/status)."],
    )
