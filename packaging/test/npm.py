#!/usr/bin/env python3
"""npm.py FOLDER: installs the packages in FOLDER with npm, pnpm, yarn and npx as users do, from a
registry on this machine, and looks who stands between a script and its server: once, and nobody else.

What they need besides (tsx, pnpm, yarn) comes from the registry that npm is set up for; what cannot be
had is skipped."""

import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from registry import Registry

MACHINE = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
SERVER = """import { createServer } from "node:http";
createServer((_, answer) => answer.end("hello")).listen(Number(process.env.PORT), "127.0.0.1");
"""
PATIENCE = 60


def eventually(holds, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain: {what}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processes():
    """pid -> (parent, program)"""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            status = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if status[0] not in "ZX":
                found[int(entry.name)] = (int(status[1]), os.readlink(entry / "exe"))
        except OSError:
            pass
    return found


def answers(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).read() == b"hello"
    except OSError:
        return False


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="once-npm-"))
        cls.registry = Registry(PACKAGES)
        cls.name = next(n for n, m in cls.registry.manifests.items() if "bin" in m)
        cls.version = cls.registry.manifests[cls.name]["version"]
        cls.scope = cls.name.split("/")[0]
        cls.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ONCE")},
            "CI": "1",
            "ONCE_STATE_DIR": str(cls.root / "state"),
            "npm_config_cache": str(cls.root / "npm-cache"),
            "npm_config_update_notifier": "false",
            "YARN_CACHE_FOLDER": str(cls.root / "yarn-cache"),
            "YARN_ENABLE_TELEMETRY": "0",
            "YARN_GLOBAL_FOLDER": str(cls.root / "yarn-global"),
            "COREPACK_ENABLE_STRICT": "0",
        }
        cls.tools = {}

    @classmethod
    def tearDownClass(cls):
        cls.registry.close()
        shutil.rmtree(cls.root, ignore_errors=True)

    def setUp(self):
        self.project = self.root / self.id().rsplit(".", 1)[1]
        self.port = free_port()
        (self.project / "src").mkdir(parents=True)
        (self.project / "src/index.ts").write_text(SERVER)
        (self.project / ".npmrc").write_text(f"{self.scope}:registry={self.registry.url}\n")
        (self.project / "package.json").write_text(json.dumps({
            "name": "shop", "version": "1.0.0", "private": True, "type": "module",
            "scripts": {"dev": f"once -p {self.port} -- tsx watch src/index.ts"},
            "devDependencies": {self.name: self.version, "tsx": "^4"},
        }))
        self.registry.fetched.clear()

    def call(self, command, status=0, **how):
        result = subprocess.run([str(word) for word in command], cwd=self.project,
                                env=self.environment, capture_output=True, text=True, timeout=300, **how)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def tool(self, package, script):
        """The script of a tool that comes from the registry itself."""
        folder = self.root / "tools" / package.replace("/", "-")
        if package not in self.tools:
            made = subprocess.run(["npm", "install", "--silent", "--no-save", "--prefix", str(folder), package],
                                  env=self.environment, capture_output=True, text=True, check=False)
            self.tools[package] = made.returncode == 0
        if not self.tools[package]:
            self.skipTest(f"{package} cannot be had")
        return ["node", str(folder / "node_modules" / script)]

    def pnpm(self):
        return [*self.tool("pnpm@10", "pnpm/bin/pnpm.cjs"), "--config.store-dir=" + str(self.root / "pnpm-store")]

    def yarn(self):
        return self.tool("yarn@1.22.22", "yarn/bin/yarn.js")

    def modern_yarn(self, linker):
        (self.project / ".yarnrc.yml").write_text(
            f'nodeLinker: {linker}\nnpmScopes:\n  {self.scope[1:]}:\n    npmRegistryServer: "{self.registry.url}"\n'
            'unsafeHttpWhitelist: ["127.0.0.1"]\nenableImmutableInstalls: false\n')
        registry = self.call(["npm", "config", "get", "registry"]).strip().rstrip("/")
        with open(self.project / ".yarnrc.yml", "a", encoding="utf-8") as settings:
            settings.write(f'npmRegistryServer: "{registry}"\n')
        return self.tool("@yarnpkg/cli-dist@4", "@yarnpkg/cli-dist/bin/yarn.js")

    def check_launch(self, command):
        """The server answers, only shells stand between the manager and once, nobody between once and
        its keeper; and SIGKILL of once frees the port."""
        manager = subprocess.Popen([str(word) for word in command], cwd=self.project, env=self.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True, start_new_session=True)
        try:
            eventually(lambda: answers(self.port) or manager.poll() is not None, "the server answers")
            self.assertIsNone(manager.poll(), manager.stdout.read() if manager.poll() is not None else "")
            alive = processes()
            wanted = f"/once-linux-{MACHINE}/bin/once"
            ours = [pid for pid, (_, program) in alive.items() if program.endswith(wanted)]
            self.assertEqual(len(ours), 2, alive)  # once and its keeper
            (once,) = [pid for pid in ours if alive[pid][0] not in ours]
            between = []
            above = alive[once][0]
            while above != manager.pid:
                between.append(alive[above][1])
                above = alive[above][0]
            self.assertEqual([p for p in between if os.path.basename(p) not in ("sh", "dash", "bash")], [])
            os.kill(once, signal.SIGKILL)
            eventually(lambda: is_free(self.port), "the port is free after SIGKILL")
            manager.communicate(timeout=PATIENCE)
            eventually(lambda: len(processes()) <= 3, "nothing is left")  # init, we, and a reader
        finally:
            if manager.poll() is None:
                os.killpg(manager.pid, signal.SIGKILL)
            manager.communicate()

    def check_only_this_machine(self, fetches_all):
        """Only this machine's program is installed and, but with the first yarn, fetched."""
        ours = f"once-linux-{MACHINE}"
        others = [file for file in self.registry.fetched if "-linux-" in file and not file.startswith(ours)]
        self.assertTrue(fetches_all or not others, others)
        installed = {path.parent.parent.name for path in self.project.rglob("once-linux-*/bin/once")}
        self.assertEqual(installed, {ours})

    def check_manager(self, install, run, fetches_all=False):
        self.call(install)
        self.check_only_this_machine(fetches_all)
        self.check_launch(run)

    def test_npm(self):
        self.check_manager(["npm", "install"], ["npm", "run", "dev"])

    def test_npm_without_scripts(self):
        self.check_manager(["npm", "install", "--ignore-scripts"], ["npm", "run", "dev"])

    def test_npm_for_everybody(self):
        self.call(["npm", "install", "-g", "--prefix", self.project / "usr", self.name,
                   f"--{self.scope}:registry={self.registry.url}"])
        self.assertEqual(self.call([self.project / "usr/bin/once", "--version"]), f"once {self.version}\n")

    def test_npm_in_a_workspace(self):
        self.call(["npm", "install"])
        nested = self.project / "packages/api/node_modules" / self.name
        nested.parent.mkdir(parents=True)
        (self.project / "node_modules" / self.name).rename(nested)
        self.assertEqual(self.call([nested / "bin/once.bin", "--version"]), f"once {self.version}\n")

    def test_npx(self):
        self.call(["npm", "install", "--no-save", "tsx@4"])
        command = ["npx", "--yes", "--package", f"{self.name}@{self.version}", "--", "once"]
        self.check_launch([*command, "-p", self.port, "--", "node_modules/.bin/tsx", "watch", "src/index.ts"])

    def test_npx_of_the_package_itself(self):
        self.assertEqual(self.call(["npx", "--yes", f"{self.name}@{self.version}", "--version"]),
                         f"once {self.version}\n")

    def test_pnpm(self):
        self.check_manager([*self.pnpm(), "install"], [*self.pnpm(), "run", "dev"])

    def test_pnpm_without_scripts(self):
        self.check_manager([*self.pnpm(), "install", "--ignore-scripts"], [*self.pnpm(), "dev"])

    def test_yarn(self):
        self.check_manager([*self.yarn(), "install"], [*self.yarn(), "run", "dev"], fetches_all=True)

    def test_yarn_without_scripts(self):
        self.check_manager([*self.yarn(), "install", "--ignore-scripts"], [*self.yarn(), "dev"], fetches_all=True)

    def test_modern_yarn(self):
        self.check_manager([*self.modern_yarn("node-modules"), "install"],
                           [*self.modern_yarn("node-modules"), "run", "dev"])

    def test_modern_yarn_without_node_modules(self):
        self.check_manager([*self.modern_yarn("pnp"), "install"], [*self.modern_yarn("pnp"), "run", "dev"])

    def test_without_optional_dependencies_it_says_what_is_missing(self):
        self.call(["npm", "install", "--omit=optional", "--ignore-scripts"])
        said = self.call(["node_modules/.bin/once", "--version"], status=125)
        self.assertIn(f"{self.name}-linux-{MACHINE} is not installed", said)


if __name__ == "__main__":
    PACKAGES = sys.argv.pop(1)
    if shutil.which("npm") is None:
        print("skipped: npm is not installed")
        sys.exit(77)
    # A pid namespace of its own: whatever goes wrong, nothing is left.
    if os.geteuid() == 0 and os.getpid() != 1 and "ONCE_IN_NAMESPACE" not in os.environ:
        os.environ["ONCE_IN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child",
                              sys.executable, __file__, PACKAGES, *sys.argv[1:]])
    unittest.main(verbosity=2)
