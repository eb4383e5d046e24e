"""What it costs to find who has a port, among 700 processes and 900 listening sockets: whole programs."""
import os
import signal
import socket
import subprocess
import time

from bench import PATH
from result import Result
from turns import installed, take_turns

PROCESSES = 700
SOCKETS = 900
HOLDERS = 30  # processes that share out the sockets
FIRST_PORT = 20000
OURS = "once who PORT"
BOUND = 5


class Crowd:
    def __enter__(self):
        self.news, self.word = os.pipe()
        self.pids = [self.start(number) for number in range(PROCESSES)]
        for _ in self.pids:
            os.read(self.news, 1)
        return self

    def __exit__(self, *_):
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)

    def start(self, number):
        pid = os.fork()
        if pid != 0:
            return pid
        sockets = []
        for offset in range(number, SOCKETS if number < HOLDERS else 0, HOLDERS):
            sockets.append(socket.create_server(("127.0.0.1", FIRST_PORT + offset)))
        os.write(self.word, b".")
        while True:
            signal.pause()


def look(bench, argv):
    begun = time.perf_counter()
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(argv, env=bench.environment, **quiet, check=False)
    return (time.perf_counter() - begun) * 1e3


def measure(bench):
    port = str(FIRST_PORT + SOCKETS // 2)
    commands = {
        OURS: [bench.once, "who", port],
        "ss -ltnp": ["ss", "-ltnp", f"sport = :{port}"],
        "fuser": ["fuser", f"{port}/tcp"],
        "lsof": ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN"],
        # Of a port that nobody has: else it would end the holder. So it looks once, not twice.
        "kill-port": [bench.npm("kill-port"), str(FIRST_PORT - 1)],
    }
    there, missing = installed(commands, PATH)
    runs = {name: lambda argv=argv: look(bench, argv) for name, argv in there.items()}
    with Crowd():
        series = take_turns(runs, bench.rounds(40, 3))
    peers = [one.median for name, one in series.items() if name != OURS]
    ratio = min(peers) / series[OURS].median if peers else 0
    return Result(
        title=f"the holder of a port, among {PROCESSES} processes and {SOCKETS} listeners",
        bound=f"≥ {BOUND} × faster than each",
        finding=f"{ratio:.1f} × faster than the fastest",
        is_met=ratio >= BOUND,
        unit="ms",
        ours=OURS,
        base=OURS,
        series=series,
        missing=missing,
    )
