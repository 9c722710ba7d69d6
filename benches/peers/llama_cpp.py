"""Builds llama.cpp's server and benchmark from the sources in PyPI's llama-cpp-python, and runs it.

    python llama_cpp.py

prints the server's path. The build takes about 6 minutes on two cores.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

VERSION = "0.3.36"  # of llama-cpp-python
HOME = Path(os.environ.get("FIMBLE_PEERS_HOME", "~/.cache/fimble-peers")).expanduser()
# Code completion needs neither the chat page nor HTTPS.
OPTIONS = [
    "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=OFF", "-DGGML_NATIVE=ON", "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF", "-DCMAKE_C_FLAGS=-w", "-DCMAKE_CXX_FLAGS=-w",
]  # fmt: skip
START_SECONDS = 120
# The options of the presets that llama.vim recommends (`--fim-qwen-1.5b-default` and others), without the model.
PRESET = ["--batch-size", "1024", "--ubatch-size", "1024", "--ctx-size", "0", "--cache-reuse", "256"]


def main() -> None:
    print(server())


def server() -> Path:
    """Returns the server's path. Builds the server unless there is a build of this version."""
    build = HOME / f"llama-cpp-{VERSION}" / "build"
    binary = build / "bin" / "llama-server"
    if not binary.exists():
        programs = Path(sys.executable).parent
        environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
        configure = ["cmake", "-G", "Ninja", "-S", sources(), "-B", build, *OPTIONS]
        targets = ["--target", "llama-server", "llama-bench"]
        for command in [configure, ["cmake", "--build", build, *targets]]:
            # The caller reads the path from standard output.
            subprocess.run(["nice", "-n", "10", *command], env=environment, stdout=sys.stderr, check=True)
    return binary


def sources() -> Path:
    """Unpacks the package and returns its folder with llama.cpp's sources."""
    folder = HOME / f"llama-cpp-{VERSION}"
    if not (folder / "source").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        package = "llama-cpp-python"
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package, "--dest", folder]
            + [f"{package}=={VERSION}"],
            check=True,
        )
        archive = folder / f"llama_cpp_python-{VERSION}.tar.gz"
        with tarfile.open(archive) as members:
            members.extractall(folder, filter="data")
        archive.unlink()
        (folder / f"llama_cpp_python-{VERSION}").rename(folder / "source")
    return folder / "source" / "vendor" / "llama.cpp"


@contextlib.contextmanager
def serve(model: Path) -> Iterator[str]:
    """Runs a server of one model while the block runs, and yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [server(), "--model", model, "--port", str(port), *PRESET]
    # llama.vim sends all its requests to the first slot.
    command += ["--parallel", "1"]
    log = HOME / "llama-server.log"
    with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            wait(process, address, log)
            yield address
        finally:
            # While a request runs, the server may never end by itself.
            process.kill()


def wait(process: subprocess.Popen, address: str, log: Path) -> None:
    """Waits until the model is loaded."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(f"{address}/health") as answer:
            if json.load(answer)["status"] == "ok":
                return
        time.sleep(0.1)
    raise SystemExit(f"llama-server did not start: see {log}")


if __name__ == "__main__":
    main()
