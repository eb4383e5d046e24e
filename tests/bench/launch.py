#!/usr/bin/env python3
"""What a launch costs: `once -p PORT -- true` beside its peers, in turns, in one run.

    tests/bench/launch.py [--once build/release/once] [--rounds 400]

Machines are noisy, so only the ratios of one run mean something: the median of each command, and its
ratio to flock's. Peers that are not installed are left out, and named.
"""
import argparse
import os
import random
import shutil
import socket
import statistics
import tempfile
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(argv, environment):
    begun = time.perf_counter()
    child = os.posix_spawnp(argv[0], argv, environment)
    _, status = os.waitpid(child, 0)
    took = time.perf_counter() - begun
    if status != 0:
        raise SystemExit(f"{' '.join(argv)} ended with wait status {status}")
    return took * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--once", default="build/release/once")
    parser.add_argument("--rounds", type=int, default=400)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        # As an installation has it: what a linker writes piecemeal lies in single pages in the cache.
        once = shutil.copy(wish.once, os.path.join(folder, "once"))
        lock = os.path.join(folder, "lock")
        commands = {
            "bare": ["true"],
            "tini-static": ["tini-static", "-s", "--", "true"],
            "dumb-init": ["dumb-init", "true"],
            "timeout": ["timeout", "99", "true"],
            "flock": ["flock", "-n", "-F", lock, "true"],
            "flock (forks)": ["flock", "-n", lock, "true"],
            "once -p": [once, "-p", str(free_port()), "--", "true"],
            "once": [once, "--", "true"],
        }
        missing = [name for name, argv in commands.items() if not shutil.which(argv[0])]
        for name in missing:
            del commands[name]
        environment = dict(os.environ, ONCE_STATE_DIR=os.path.join(folder, "state"))
        times = {name: [] for name in commands}
        turns = list(commands.items())
        for _ in range(wish.rounds):
            random.shuffle(turns)  # whoever comes before leaves the caches and the cores as he does
            for name, argv in turns:
                times[name].append(launch(argv, environment))
    base = statistics.median(times["flock (forks)"])
    print(f"{'command':<14} {'median':>8} {'p10':>8} {'p90':>8}   of flock")
    for name, took in sorted(times.items(), key=lambda item: statistics.median(item[1])):
        cuts = statistics.quantiles(took, n=10)
        median = statistics.median(took)
        print(f"{name:<14} {median:8.0f} {cuts[0]:8.0f} {cuts[-1]:8.0f}   {median / base:5.2f}")
    if missing:
        print("not installed:", ", ".join(missing))


if __name__ == "__main__":
    main()
