"""Python processes that start at once: children of one process that has imported the libraries already.

Importing Snakemake costs 2 s of processor time and torch 3 s, in every dry run and every job of a tiny run. Here a
server imports both, and what nobody edits beside them, once; the executable `client` looks like Python from outside and
has a fresh child of the server do its work, with its arguments, folder, environment and streams. A script that runs in
a folder with a folder `.reads` leaves there what it has read (`tests/seen.py`). lucidag itself is
never imported by the server: each child finds it where its own folder and script say.
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path

LIBRARIES = (
    "snakemake.cli",
    "snakemake.script",
    "smart_open",
    "torchvision.transforms.v2",
    "torchvision.models",
    "torch.fx.experimental.optimization",
    "pandas",
    "pydantic",
    "yaml",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "PIL.Image",
    "cv2",
    "safetensors.torch",
    "safetensors.numpy",
    "scipy.stats",
    "scipy.ndimage",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "skimage.segmentation",
    "pytorch_grad_cam",
    "pytorch_grad_cam.metrics.road",
    "lime.lime_image",
    "zennit.composites",
    "zennit.canonizers",
    "crp.attribution",
    "filelock",
    "nbclient",
    "nbconvert",
    "nbformat",
    "open_clip",
)

# Starts in 20 ms: no site-packages. What is neither a module nor a file (`-c`, other options) is left to Python itself.
CLIENT = """\
#!{python} -SE
import json, os, socket, sys
words = sys.argv[1:]
if not words or (words[0].startswith("-") and words[:1] != ["-m"] and words[:2] != ["-P", "-m"]):
    os.execv({python!r}, [{python!r}, *words])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    task = json.dumps({{"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}}).encode()
    socket.send_fds(server, [len(task).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(task)
    answer = server.recv(1)
sys.exit(answer[0] if answer else 1)
"""


def serve(folder: Path, owner: int, libraries: Sequence[str] = LIBRARIES) -> Path:
    """Start the server, and give the executable that stands for Python until the process `owner` ends."""
    address, client = folder / "socket", folder / "python"
    client.write_text(CLIENT.format(python=sys.executable, address=str(address)), encoding="utf-8")
    client.chmod(0o755)
    words = [sys.executable, __file__, str(address), str(client), str(owner), *libraries]
    # What it forks keeps the modules of a folder compiled, whatever this process does: copies of the folder have them.
    # And each finds lucidag in its own folder, not where the server would.
    left_out = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    environment = {key: value for key, value in os.environ.items() if key not in left_out}
    server = subprocess.Popen(words, stdout=subprocess.PIPE, cwd="/", env=environment)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    server.stdout.close()
    return client


def main(address: str, client: str, owner: str, *libraries: str) -> None:
    """Import the libraries, then fork for each client until the owner ends."""
    sys.path.pop(0)  # the folder of this file
    for name in libraries:
        importlib.import_module(name)
    if "snakemake.cli" in libraries:
        sys.modules["snakemake.cli"].get_argument_parser()  # imports its plugins
    gc.collect()
    gc.freeze()  # the collector of a child touches, and so copies, no page of what stands here
    with socket.socket(socket.AF_UNIX) as listening, selectors.DefaultSelector() as waiting:
        listening.bind(address)
        listening.listen(64)
        waiting.register(listening, selectors.EVENT_READ)
        waiting.register(os.pidfd_open(int(owner)), selectors.EVENT_READ, lambda _: os._exit(0))
        print("ready", flush=True)
        while True:
            for key, _ in waiting.select():
                if key.fileobj is listening:
                    connection, _ = listening.accept()
                    if (task := _forked(connection, listening, waiting)) is not None:
                        break
                else:
                    key.data(waiting)
            else:
                continue
            break
    code = 0
    try:
        _work(client, **task)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # taking all that is imported apart touches, and so copies, every page: 8 s


def _forked(connection: socket.socket, listening: socket.socket, waiting: selectors.BaseSelector) -> dict | None:
    """Fork; return the child its task, and None to the server, which from now on watches both ends."""
    head, streams, _, _ = socket.recv_fds(connection, 8, 3)
    rest = int.from_bytes(head, "big")
    text = b""
    while len(text) < rest and (part := connection.recv(rest - len(text))):
        text += part
    child = os.fork()
    if child == 0:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, max(stream for stream in [*streams, connection.fileno(), waiting.fileno()]) + 64)
        for each in (connection, listening):
            each.detach()
        os.setpgid(0, 0)
        return json.loads(text)
    for stream in streams:
        os.close(stream)
    watched = os.pidfd_open(child)

    def ended(waiting: selectors.BaseSelector) -> None:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with contextlib.suppress(OSError):
            connection.sendall(bytes([status if status >= 0 else 128 - status]))
        waiting.unregister(watched)
        with contextlib.suppress(KeyError):
            waiting.unregister(connection)
        os.close(watched)
        connection.close()

    def left(waiting: selectors.BaseSelector) -> None:
        # The client is gone before its work is done: somebody ended it.
        waiting.unregister(connection)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGTERM)

    waiting.register(watched, selectors.EVENT_READ, ended)
    waiting.register(connection, selectors.EVENT_READ, left)
    return None


def _work(client: str, words: Sequence[str], folder: str, environment: dict[str, str]) -> None:
    """Be what ``python {words}`` would be."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.executable = client
    sys.path[:0] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    if "-m" in words[:2]:
        module = words.index("-m") + 1
        sys.argv = ["-m", *words[module + 1 :]]
        if words[0] != "-P":
            sys.path.insert(0, folder)
        runpy.run_module(words[module], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(words)
        sys.path.insert(0, str(Path(words[0]).resolve().parent))
        seen = runpy.run_path(str(Path(__file__).with_name("seen.py"))) if Path(".reads").is_dir() else None
        opened = seen["watch"]() if seen else set()
        names = runpy.run_path(words[0], run_name="__main__")
        if seen and "snakemake" in names:
            seen["keep"](opened, names["snakemake"])


if __name__ == "__main__":
    main(*sys.argv[1:])
