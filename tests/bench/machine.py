"""On what was measured, and what was measured."""
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess

from bench import ROOT

PACKAGES = "util-linux coreutils tini dumb-init catatonit daemontools runit iproute2 psmisc lsof".split()


def describe(bench):
    processor = re.search(r"^model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    kind = processor[1] if processor else platform.machine()
    version = subprocess.run([bench.once, "--version"], capture_output=True, text=True, check=True)
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{datetime.date.today()}, {kind}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"load {load} at the end. {version.stdout.strip()}, beside {', '.join(peers())}."
    )


def peers():
    found = []
    if shutil.which("dpkg-query"):
        asked = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n", *PACKAGES]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        found = re.findall(r"^installed (.*)", told, re.M)
    for manifest in sorted(ROOT.glob("build/bench/node_modules/*/package.json")):
        if manifest.parent.name in ("pm2", "kill-port"):
            found.append(f"{manifest.parent.name} {json.loads(manifest.read_text())['version']}")
    return found or ["what is installed"]
