"""A Slurm cluster on this machine: munged, slurmctld, and a slurmd for each node, all without systemd."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from filelock import FileLock

SETTINGS = Path("/etc/slurm")
MARK = "# Written by lucidag's tests for a cluster that lives as long as they do."
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scontrol", "scancel", "setpriv")
# Each node with its number of GPUs.
NODES = {"n1": 2, "n2": 1}
FILES = ("slurm.conf", "gres.conf")

# Jobs do not inherit SLURM_CONF from the executor, so the settings have to lie where Slurm looks by itself.
# Memory is watched without cgroups, which containers seldom have: a step over its limit is killed by polling.
# After a node has failed, its jobs wait until their credentials expire: two minutes unless `cred_expire` says less.
SLURM_CONF = """\
{mark}
ClusterName=lucidag
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=1,sched_interval=2
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
SlurmdTimeout=8
MessageTimeout=6
TCPTimeout=2
BatchStartTimeout=5
MinJobAge=3600
ReturnToService=2
KillWait=2
MailProg=/bin/true
GresTypes=gpu
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory={memory} Gres=gpu:{gpus} "
    "State=UNKNOWN"
)
GRES = "NodeName={name} Name=gpu File={file}"


class NoClusterError(Exception):
    """There can be no cluster here; the message says in one sentence why, and what would help."""


class Cluster:
    """Slurm's programs on this machine, every node a slurmd of its own."""

    def __init__(self, folder: Path, memory: int) -> None:
        self.folder = folder
        self.memory = memory
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Write the settings, start every daemon and wait until all nodes are idle."""
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        self._write_settings()
        munge = {"socket": "munge.socket", "pid-file": "munge.pid", "log-file": "munge.log", "seed-file": "munge.seed"}
        files = [f"--{option}={self.folder / file}" for option, file in munge.items()]
        self._launch("munged", ["munged", "--foreground", "--force", f"--key-file={key}", *files])
        self._wait(lambda: (self.folder / "munge.socket").exists(), "munged has made no socket", 15)
        self._launch("slurmctld", ["slurmctld", "-D"])
        for node in NODES:
            self.revive(node)
        self._wait(lambda: self.states() == dict.fromkeys(NODES, "idle"), "the nodes are not idle", 40)

    def stop(self) -> None:
        """End all that was started, jobs first, and take the settings away."""
        try:
            for node in NODES:
                self.kill(node)
        finally:
            for daemon in reversed(self.daemons.values()):
                daemon.kill()
                daemon.wait()
            for file in FILES:
                path = SETTINGS / file
                if path.exists() and path.read_text(encoding="utf-8").startswith(MARK):
                    path.unlink()

    def revive(self, node: str) -> None:
        """Start the daemon of a node."""
        self._launch(node, ["slurmd", "-D", "-N", node])

    def kill(self, node: str) -> None:
        """Let a node die: its daemon and every process of its jobs, by their ids."""
        daemon = self.daemons.pop(node, None)
        if daemon is not None:
            daemon.kill()
            daemon.wait()
        # The stewards first: one that outlived its job would still tell Slurm how the job ended.
        while found := self._processes(node):
            for pid in [*_stewards(found), *found]:
                with _gone():
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def states(self) -> dict[str, str]:
        """Give the state of each node."""
        said = subprocess.run(["sinfo", "-h", "-N", "-o", "%N %T"], capture_output=True, text=True, check=False).stdout
        return dict(line.split() for line in said.splitlines())

    def logs(self) -> str:
        """Give the ends of all daemons' logs."""
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in sorted(self.folder.glob("*.log")))

    def _write_settings(self) -> None:
        host, control, *ports = socket.gethostname(), *_free_ports(1 + len(NODES))
        # What Slurm hands out as GPUs has to be a device: any does, because nothing here computes on it.
        files = {node: [self.folder / f"{node}-gpu{index}" for index in range(gpus)] for node, gpus in NODES.items()}
        for file in chain.from_iterable(files.values()):
            file.symlink_to("/dev/null")
        nodes = [
            NODE.format(name=name, host=host, port=port, memory=self.memory, gpus=gpus)
            for (name, gpus), port in zip(NODES.items(), ports, strict=True)
        ]
        settings = SLURM_CONF.format(mark=MARK, host=host, control=control, folder=self.folder, nodes="\n".join(nodes))
        gres = [MARK, *(GRES.format(name=node, file=file) for node in NODES for file in files[node])]
        SETTINGS.mkdir(exist_ok=True)
        (SETTINGS / "slurm.conf").write_text(settings, encoding="utf-8")
        (SETTINGS / "gres.conf").write_text("\n".join(gres) + "\n", encoding="utf-8")

    def _launch(self, name: str, words: list[str]) -> None:
        with (self.folder / f"{name}.out.log").open("ab") as log:
            # A daemon ends with this process, however that ends.
            bound = ["setpriv", "--pdeathsig", "KILL", "--", *words]
            self.daemons[name] = subprocess.Popen(
                bound, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _processes(self, node: str) -> list[int]:
        """Find what the jobs of a node run, by the name of the node in the environment."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with _gone():
                words = (entry / "environ").read_bytes().split(b"\0")
                if f"SLURMD_NODENAME={node}".encode() in words:
                    found.append(int(entry.name))
        return found

    def _wait(self, done: Callable[[], bool], what: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise NoClusterError(f"{what} after {seconds:g} s:\n{self.logs()}")
            time.sleep(0.1)


@contextmanager
def running(folder: Path, memory: int) -> Iterator[Cluster]:
    """Start a cluster whose nodes have this many megabytes each, and stop it in any case.

    Raises
    ------
    NoClusterError
        If a program is missing, this is not root, or the machine has settings of Slurm of its own.
    """
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        raise NoClusterError(f"{missing[0]} is not here: `apt-get install slurm-wlm munge` (as root) brings Slurm")
    if os.geteuid() != 0:
        raise NoClusterError("only root can start a Slurm cluster: run the tests as root, in a container")
    for file in FILES:
        path = SETTINGS / file
        if path.exists() and not path.read_text(encoding="utf-8").startswith(MARK):
            raise NoClusterError(f"{path} is not of these tests and stays as it is: they need a machine without Slurm")
    cluster = Cluster(folder, memory)
    # The settings lie in one place on the machine: one cluster at a time.
    with FileLock(Path(tempfile.gettempdir()) / "lucidag-slurm.lock", timeout=900):
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def _stewards(jobs: list[int]) -> list[int]:
    """Find Slurm's own processes that watch over these."""
    found = []
    for pid in jobs:
        with _gone():
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            if Path(f"/proc/{parent}/cmdline").read_bytes().startswith(b"slurmstepd"):
                found.append(parent)
    return found


@contextmanager
def _gone() -> Iterator[None]:
    """Ignore that a process has ended in the meantime."""
    with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
        yield


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
