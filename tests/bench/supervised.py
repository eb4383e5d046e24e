"""The same leader, kept by one tool or another: what stays beside it while it runs."""
import json
import os
import signal
import subprocess

import processes
from bench import PATH, eventually, free_port
from turns import installed

LEADER = "stamp"


class Supervised:
    """A leader that listens, and the tool that was put in front of it, until the block is left."""

    def __init__(self, bench, argv, port):
        self.bench, self.argv, self.port = bench, argv, port
        self.file = bench.folder / f"stamps-{port}"

    def __enter__(self):
        self.file.unlink(missing_ok=True)
        self.start(self.argv)
        self.await_leader()
        return self

    def __exit__(self, *_):
        for pid in self.family():
            if processes.name_of(pid) == LEADER:  # not the tool: flock would go without it
                os.kill(pid, signal.SIGTERM)
        self.tool.wait()

    def start(self, argv):
        environment = dict(self.bench.environment, PORT=str(self.port))
        self.tool = subprocess.Popen([*argv, self.bench.helper(LEADER), self.file], env=environment)

    def await_leader(self):
        eventually(lambda: self.file.exists() and "start" in self.file.read_text())
        if self.argv[0] == self.bench.once:
            eventually(lambda: is_ready(self.bench, self.port))

    def keepers(self):
        """All that runs but the leader."""
        return [pid for pid in self.family() if processes.name_of(pid) != LEADER]

    def family(self):
        return [self.tool.pid, *processes.below(self.tool.pid)]


class UnderPm2(Supervised):
    """It has a daemon, which outlives its command."""

    def __enter__(self):
        self.file.unlink(missing_ok=True)
        self.environment = dict(self.bench.environment, PORT=str(self.port))
        self.environment["PM2_HOME"] = str(self.bench.folder / "pm2")
        self.call("start", self.bench.helper(LEADER), "--name", LEADER, "--", str(self.file))
        self.await_leader()
        return self

    def __exit__(self, *_):
        self.call("kill")
        # The daemon goes a moment after its command.
        eventually(lambda: not processes.is_alive(self.daemon))

    def call(self, *words):
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        subprocess.run([*self.argv, *words], env=self.environment, **quiet, check=True)
        if words[0] == "start":
            self.daemon = int((self.bench.folder / "pm2/pm2.pid").read_text())

    def keepers(self):
        return [self.daemon]


def is_ready(bench, port):
    """Has its once nothing more to do than to wait?"""
    asked = [bench.once, "status", str(port), "--json"]
    told = subprocess.run(asked, env=bench.environment, capture_output=True, check=False).stdout
    return any(job["state"] == "ready" for job in json.loads(told or "[]"))


def tools(bench):
    """By name: a maker of what is kept by it; and the names of what is not installed."""
    commands = {
        "once -p PORT --": [bench.once, "-p", "PORT", "--"],
        "tini-static": ["tini-static", "-s", "--"],
        "tini": ["tini", "-s", "--"],
        "catatonit": ["catatonit"],
        "dumb-init": ["dumb-init"],
        "timeout": ["timeout", "9999"],
        "flock -n FILE": ["flock", "-n", str(bench.folder / "lock")],
        "pm2 (its daemon)": [bench.npm("pm2")],
    }
    there, missing = installed(commands, PATH)
    makers = {}
    for name, argv in there.items():
        kind = UnderPm2 if name.startswith("pm2") else Supervised
        port = free_port()
        argv = [str(port) if word == "PORT" else word for word in argv]
        makers[name] = lambda kind=kind, argv=argv, port=port: kind(bench, argv, port)
    return makers, missing
