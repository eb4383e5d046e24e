"""Taking turns: several commands are measured in one run, in random order, round by round.

Machines are noisy and drift; only what was measured between each other can be compared.
"""
import random
import shutil
import statistics


class Series:
    """What one command took, round by round."""

    def __init__(self, values):
        self.values = sorted(values)
        self.median = statistics.median(values)
        cuts = statistics.quantiles(values, n=10, method="inclusive") if len(values) > 1 else values
        self.p10, self.p90 = cuts[0], cuts[-1]


def take_turns(commands, rounds):
    """Calls each of `commands` (by name: what measures it once) in each round; a Series for each.

    The first round is for the caches and does not count. Who comes before leaves the caches and the
    cores as he does: so each round has an order of its own.
    """
    took = {name: [] for name in commands}
    turns = list(commands.items())
    for number in range(rounds + 1):
        random.shuffle(turns)
        for name, measure in turns:
            value = measure()
            if number > 0:
                took[name].append(value)
    return {name: Series(values) for name, values in took.items()}


def installed(commands, path):
    """Parts commands (by name: argv) into those that can be run, found in `path`, and the names of the others."""
    found = {name: shutil.which(argv[0], path=path) for name, argv in commands.items()}
    there = {name: [found[name], *argv[1:]] for name, argv in commands.items() if found[name]}
    return there, [name for name in commands if name not in there]
