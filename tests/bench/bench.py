"""What all rows of the bench share: the program under test, the helpers, a folder that is gone afterwards."""
import os
import pathlib
import shutil
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NPM = ROOT / "build/bench/node_modules/.bin"  # where packaging/prerequisites --bench puts it
# Not the caller's: every tool searches it for the command, and some people's is long.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Bench:
    def __init__(self, once, folder, is_quick):
        self.folder = pathlib.Path(folder)
        # As an installation has it: what a linker writes piecemeal lies in single pages in the cache,
        # and what is not on the disk yet counts as dirty memory.
        self.once = str(shutil.copy(once, self.folder / "once"))
        os.sync()
        self.is_quick = is_quick
        node = shutil.which("node")  # may be anywhere; last, so that nobody's search is longer for it
        path = f"{PATH}:{os.path.dirname(node)}" if node else PATH
        self.environment = dict(os.environ, PATH=path, ONCE_STATE_DIR=str(self.folder / "state"))

    def rounds(self, many, few):
        return few if self.is_quick else many

    def helper(self, name):
        """One of our own little programs, built when it is first asked for."""
        program = self.folder / name
        if not program.exists():
            compiler = os.environ.get("CXX", "c++")
            flags = ["-std=c++20", "-O2", "-static"]
            subprocess.run([compiler, *flags, HERE / f"{name}.cpp", "-o", program], check=True)
        return str(program)

    def npm(self, name):
        """A program from the npm registry, or one that is installed anyway."""
        return str(NPM / name) if (NPM / name).exists() else name


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(look, patience=30):
    """Looks until there is something to see, and gives up late."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if seen := look():
            return seen
        time.sleep(0.005)
    raise SystemExit("what was waited for did not come")
