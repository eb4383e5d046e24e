#!/usr/bin/env python3
"""What it costs to find who has a port, among 700 processes and 900 listening sockets.

    unshare --fork --pid --mount-proc --net --kill-child tests/bench/who.py [--once build/release/once]

Whole programs, in turns and in random order, in one run: the median of each, and its ratio to `once who`.
Peers that are not installed are left out, and named.
"""
import argparse
import os
import random
import shutil
import socket
import statistics
import subprocess
import tempfile
import time

PROCESSES = 700
SOCKETS = 900
HOLDERS = 30  # processes that share out the sockets


def crowd(first_port):
    """Starts the crowd; answers with the pids to end."""
    pids = []
    for number in range(HOLDERS):
        pid = os.fork()
        if pid == 0:
            sockets = []
            for offset in range(number, SOCKETS, HOLDERS):
                one = socket.socket()
                one.bind(("127.0.0.1", first_port + offset))
                one.listen()
                sockets.append(one)
            signal_ready()
            wait_for_ever()
        pids.append(pid)
    for _ in range(PROCESSES - HOLDERS):
        pid = os.fork()
        if pid == 0:
            signal_ready()
            wait_for_ever()
        pids.append(pid)
    for _ in range(PROCESSES):
        os.read(READY[0], 1)
    return pids


def signal_ready():
    os.write(READY[1], b".")


def wait_for_ever():
    import signal

    while True:
        signal.pause()


def look(argv, environment):
    begun = time.perf_counter()
    subprocess.run(argv, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return (time.perf_counter() - begun) * 1e3


READY = os.pipe()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--once", default="build/release/once")
    parser.add_argument("--rounds", type=int, default=40)
    wish = parser.parse_args()
    if os.path.isdir("/sys/class/net/lo"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=False, stderr=subprocess.DEVNULL)
    first_port = 20000
    port = str(first_port + SOCKETS // 2)
    pids = crowd(first_port)
    try:
        with tempfile.TemporaryDirectory() as folder:
            once = shutil.copy(wish.once, os.path.join(folder, "once"))
            commands = {
                "once who": [once, "who", port],
                "ss -ltnp": ["ss", "-ltnp", f"sport = :{port}"],
                "fuser": ["fuser", f"{port}/tcp"],
                "lsof": ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN"],
            }
            missing = [name for name, argv in commands.items() if not shutil.which(argv[0])]
            for name in missing:
                del commands[name]
            environment = dict(os.environ, ONCE_STATE_DIR=os.path.join(folder, "state"))
            times = {name: [] for name in commands}
            turns = list(commands.items())
            for _ in range(wish.rounds):
                random.shuffle(turns)
                for name, argv in turns:
                    times[name].append(look(argv, environment))
    finally:
        for pid in pids:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    base = statistics.median(times["once who"])
    print(f"{'command':<10} {'median ms':>10} {'p10':>8} {'p90':>8}   of once")
    for name, took in sorted(times.items(), key=lambda item: statistics.median(item[1])):
        cuts = statistics.quantiles(took, n=10)
        median = statistics.median(took)
        print(f"{name:<10} {median:10.1f} {cuts[0]:8.1f} {cuts[-1]:8.1f}   {median / base:5.2f}")
    if missing:
        print("not installed:", ", ".join(missing))


if __name__ == "__main__":
    main()
