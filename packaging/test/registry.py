"""A registry of packages on this machine: every .tgz of a folder, served to npm, pnpm and yarn."""

import base64
import hashlib
import http.server
import io
import json
import pathlib
import tarfile
import threading
import urllib.parse


def manifest_of(tarball):
    with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
        return json.load(archive.extractfile("package/package.json"))


def without_program(name, version, cpu):
    """The package of another kind of machine, for installers to look at and leave."""
    manifest = {"name": name, "version": version, "os": ["linux"], "cpu": [cpu]}
    content = json.dumps(manifest).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        entry = tarfile.TarInfo("package/package.json")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


class Registry:
    """Serves while it is open. `fetched` names the tarballs that somebody has asked for."""

    def __init__(self, folder):
        self.fetched = []
        self.tarballs = {}
        self.manifests = {}
        for file in pathlib.Path(folder).glob("*.tgz"):
            self.add(file.read_bytes())
        for manifest in list(self.manifests.values()):
            for name, version in manifest.get("optionalDependencies", {}).items():
                if name not in self.manifests:
                    self.add(without_program(name, version, name.rsplit("-", 1)[1]))
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                registry.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, tarball):
        manifest = manifest_of(tarball)
        file = f"{manifest['name'].split('/')[-1]}-{manifest['version']}.tgz"
        self.tarballs[file] = tarball
        self.manifests[manifest["name"]] = manifest

    def packument(self, name):
        manifest = dict(self.manifests[name])
        file = f"{name.split('/')[-1]}-{manifest['version']}.tgz"
        digest = hashlib.sha512(self.tarballs[file]).digest()
        manifest["dist"] = {
            "tarball": f"{self.url}-/{file}",
            "shasum": hashlib.sha1(self.tarballs[file]).hexdigest(),
            "integrity": "sha512-" + base64.b64encode(digest).decode(),
        }
        version = manifest["version"]
        return {
            "name": name,
            "dist-tags": {"latest": version},
            "versions": {version: manifest},
            "time": {version: "2020-01-01T00:00:00.000Z"},  # yarn keeps back what is new
        }

    def answer(self, request):
        path = urllib.parse.unquote(request.path).lstrip("/")
        content = None
        if path.startswith("-/") and path[2:] in self.tarballs:
            self.fetched.append(path[2:])
            content = self.tarballs[path[2:]]
        elif path in self.manifests:
            content = json.dumps(self.packument(path)).encode()
        request.send_response(404 if content is None else 200)
        content = content or b"{}"
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
