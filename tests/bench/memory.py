"""What a tool takes of the memory while its command runs: all its processes together, without the command."""
import processes
from result import Result, number
from supervised import tools
from turns import Series, take_turns

OURS = "once -p PORT --"
MOST_PSS, MOST_DIRTY = 1024, 300


def measure(bench):
    makers, missing = tools(bench)
    dirty = {name: [] for name in makers}
    counts = {}

    def look(name):
        # One at a time: beside others of its kind a program would look smaller than it is.
        with makers[name]() as job:
            keepers = job.keepers()
            sizes = [processes.memory(pid) for pid in keepers]
        dirty[name].append(sum(private for _, private in sizes))
        counts[name] = number(len(keepers))
        return sum(pss for pss, _ in sizes)

    series = take_turns({name: lambda name=name: look(name) for name in makers}, bench.rounds(5, 1))
    private = {name: Series(values).median for name, values in dirty.items()}
    return Result(
        title="memory of `once` and its keeper, idle",
        bound=f"PSS ≤ {number(MOST_PSS)} KiB together, private dirty ≤ {MOST_DIRTY} KiB",
        finding=f"{number(series[OURS].median)} KiB, {number(private[OURS])} KiB dirty",
        is_met=series[OURS].median <= MOST_PSS and private[OURS] <= MOST_DIRTY,
        unit="KiB PSS",
        ours=OURS,
        base=OURS,
        series=series,
        columns={"private dirty KiB": {name: number(size) for name, size in private.items()}, "processes": counts},
        missing=missing,
        notes=["What a tool shares with others (the C library of a dynamic one) PSS counts in parts only."],
    )
