"""From the last moment of the old job to the first of the new one."""
import contextlib
import time

from bench import PATH, eventually, free_port
from result import Result, number
from supervised import LEADER, Supervised, UnderPm2
from turns import Series, installed, take_turns

OURS, SCRIPT, PM2 = "once -p PORT --", "kill; sleep 2", "pm2 restart"
BOUND = 5
NOTE = """The leader ends at once when it is asked to, and listens. The moments are the last of the old one and the
first of the new one, as they themselves have read them from the clock."""


class Stamps:
    """What the leaders have written."""

    def __init__(self, file):
        self.file = file

    def last(self, word):
        lines = [line.split() for line in self.file.read_text().splitlines()]
        return [int(when) for what, when in lines if what == word][-1]

    def count(self, word):
        return self.file.read_text().count(word)


class Replacing:
    """A leader that is replaced again and again, by what `act` does."""

    def __init__(self, job, act):
        self.job, self.act = job, act
        self.stamps = Stamps(job.file)
        self.whole = []  # from the command's start, which also has to find and to end the old one

    def once_more(self):
        starts = self.stamps.count("start")
        begun = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self.act(self.job)
        eventually(lambda: self.stamps.count("start") > starts)
        self.whole.append((self.stamps.last("start") - begun) / 1e6)
        self.job.await_leader()
        return (self.stamps.last("start") - self.stamps.last("end")) / 1e6


def relaunch(job, argv):
    old = job.tool
    job.start(argv)
    old.wait()


def by_launching_again(job):
    relaunch(job, job.argv)


def by_script(job):
    """As scripts do that cannot know when the port is free."""
    relaunch(job, ["sh", "-c", f'kill {job.tool.pid}; sleep 2; exec "$0" "$@"'])


def by_pm2(job):
    job.call("restart", LEADER)


def measure(bench):
    ports = {name: free_port() for name in (OURS, SCRIPT, PM2)}
    commands = {
        OURS: ([bench.once, "-q", "-p", str(ports[OURS]), "--"], Supervised, by_launching_again),
        SCRIPT: (["sh", "-c", 'exec "$0" "$@"'], Supervised, by_script),
        PM2: ([bench.npm("pm2")], UnderPm2, by_pm2),
    }
    there, missing = installed({name: argv for name, (argv, _, _) in commands.items()}, PATH)
    with contextlib.ExitStack() as jobs:
        kept = {}
        for name, argv in there.items():
            _, kind, act = commands[name]
            kept[name] = Replacing(jobs.enter_context(kind(bench, argv, ports[name])), act)
        series = take_turns({name: one.once_more for name, one in kept.items()}, bench.rounds(20, 2))
    whole = {name: number(Series(one.whole).median) for name, one in kept.items()}
    return Result(
        title="replace: the old job gone → the new leader runs",
        bound=f"≤ {BOUND} ms",
        finding=f"{number(series[OURS].median)} ms",
        is_met=series[OURS].median <= BOUND,
        unit="ms",
        ours=OURS,
        base=OURS,
        series=series,
        columns={"ms from the command on": whole},
        missing=missing,
        notes=[NOTE],
    )
