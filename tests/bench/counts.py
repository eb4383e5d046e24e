"""What does not depend on the weather: system calls, and instructions in user space.

The smallest of a few runs: a launch that is looked at takes longer than one that is not, and `once` writes
its record when the command has lived for some milliseconds. One that was not slowed down so far tells.
"""
import re
import shutil
import subprocess


def system_calls(bench, argv):
    """Of the tool and of all that it starts; None without strace."""
    if not shutil.which("strace"):
        return None
    report = bench.folder / "strace"
    counts = []
    for _ in range(bench.rounds(9, 2)):
        run(bench, ["strace", "-f", "-c", "-o", str(report), *argv])
        total = re.search(r"^100\.00\s.*?(\d+)\s+(?:\d+\s+)?total$", report.read_text(), re.M)
        counts.append(int(total[1]))
    return min(counts)


def instructions(bench, argv):
    """Of the tool's first process alone, without what it forks; None without valgrind."""
    if not shutil.which("valgrind"):
        return None
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    tool.append("--child-silent-after-fork=yes")
    # Who executes the command in his own place takes the count along: he is given one that does not exist.
    nothing = [*argv[:-1], "/nonexistent"]
    counts = []
    for _ in range(bench.rounds(5, 1)):
        told = collected(run(bench, [*tool, *argv])) or collected(run(bench, [*tool, *nothing]))
        counts.append(int(told[1]))
    return min(counts)


def collected(words):
    return re.search(r"Collected : (\d+)", words)


def run(bench, argv):
    done = subprocess.run(
        argv, env=bench.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout
