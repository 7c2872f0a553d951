import os
import platform
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from lucidag.ground import device as module
from lucidag.ground.device import lease, visible_devices

NAMES = ["GPU-a/1", "GPU-b/2"]

HOLD = """
import sys, time
from pathlib import Path
from lucidag.ground.device import lease
folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
with lease(1, folder, ["GPU-a/1", "GPU-b/2"], poll=0.01) as device:
    mark = folder / ("held-" + device.replace(":", ""))
    mark.open("x").close()
    print(device, flush=True)
    time.sleep(seconds)
    mark.unlink()
"""


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.delenv("SLURMD_NODENAME", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def hold(root: Path, folder: Path, seconds: float) -> subprocess.Popen[str]:
    """Start a process that holds one of two devices; it fails if another process holds the same one."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(seconds)],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def test_eight_processes_never_share_one_of_two_devices(root, tmp_path):
    with ExitStack() as taken:
        for _ in NAMES:
            taken.enter_context(lease(1, tmp_path, NAMES))
        jobs = [hold(root, tmp_path, 0.3) for _ in range(8)]
        told = [job.stderr.readline() for job in jobs]
    results = [(*job.communicate(timeout=60), job.returncode) for job in jobs]
    assert [code for _, _, code in results] == [0] * 8, results
    assert {out.strip() for out, _, _ in results} == {"cuda:0", "cuda:1"}
    assert told == ["device: all of GPU-a/1, GPU-b/2 are taken, waiting for one\n"] * 8


def test_the_lease_of_a_killed_process_is_free_at_once(root, tmp_path, monkeypatch):
    jobs = [hold(root, tmp_path, 60) for _ in NAMES]
    held = [job.stdout.readline().strip() for job in jobs]
    assert set(held) == {"cuda:0", "cuda:1"}
    jobs[0].send_signal(signal.SIGKILL)
    jobs[0].wait()
    monkeypatch.setattr(module.time, "sleep", lambda _: pytest.fail("it had to wait"))
    with lease(1, tmp_path, NAMES) as device:
        assert device == held[0]
    jobs[1].kill()
    for job in jobs:
        job.communicate()


def test_all_jobs_of_a_machine_meet_wherever_they_keep_temporary_files(root, tmp_path):
    """Schedulers such as PBS give each job a TMPDIR of its own."""
    name = f"GPU-{uuid4()}"
    code = (
        "import sys\nfrom lucidag.ground.device import lease\n"
        "with lease(1, devices=sys.argv[1:]) as device:\n    print(device, flush=True)\n    sys.stdin.read()\n"
    )
    jobs = []
    try:
        for number in range(2):
            own = tmp_path / str(number)
            own.mkdir()
            jobs.append(
                subprocess.Popen(
                    [sys.executable, "-c", code, name, f"{name}-b"],
                    cwd=root,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, "TMPDIR": str(own)},
                )
            )
        assert {job.stdout.readline().strip() for job in jobs} == {"cuda:0", "cuda:1"}
    finally:
        for job in jobs:
            job.communicate(timeout=60)
        for file in module._user_folder().glob(f"*{name}*"):
            file.unlink()


def test_two_leases_in_one_process_differ_and_end(tmp_path):
    names = ["0", "1"]
    with lease(1, tmp_path, names) as first:
        with lease(1, tmp_path, names) as second:
            assert (first, second) == ("cuda:0", "cuda:1")
        with lease(1, tmp_path, names) as third:
            assert third == "cuda:1"
    with pytest.raises(KeyError), lease(1, tmp_path, names):
        raise KeyError
    with lease(1, tmp_path, names) as again:
        assert again == "cuda:0"


def test_nothing_granted_or_nothing_there_is_the_cpu(tmp_path):
    with lease(0, tmp_path, ["0"]) as device:
        assert device == "cpu"
    with lease(1, tmp_path, []) as device:
        assert device == "cpu"
    assert list(tmp_path.iterdir()) == []


def test_under_slurm_the_schedulers_choice_stands(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with lease(1, tmp_path, ["3"]) as one, lease(1, tmp_path, ["3"]) as two:
        assert one == two == "cuda:0"
    with lease(0, tmp_path, ["3"]) as device:
        assert device == "cpu"
    assert list(tmp_path.iterdir()) == []


def test_several_devices_of_one_job_of_slurm_are_shared_out_in_it(tmp_path, monkeypatch):
    """As where Snakemake itself runs inside an allocation; another job may count its own devices from 0, too."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr(module.time, "sleep", lambda _: pytest.fail("it had to wait"))
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    with lease(1, tmp_path, ["0", "1"]) as one, lease(1, tmp_path, ["0", "1"]) as two:
        assert (one, two) == ("cuda:0", "cuda:1")
        monkeypatch.setenv("SLURM_JOB_ID", "8")
        with lease(1, tmp_path, ["0", "1"]) as other:
            assert other == "cuda:0"


@pytest.mark.parametrize(("granted", "names", "device"), [(0, ["3"], "cpu"), (1, [], "cpu"), (1, ["3"], "cuda:0")])
def test_the_log_says_which_device_on_which_node(granted, names, device, tmp_path, monkeypatch, capsys):
    with lease(granted, tmp_path, names):
        assert capsys.readouterr().err == f"device: {device} on {platform.node()}\n"
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURMD_NODENAME", "n1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    with lease(granted, tmp_path, names):
        assert capsys.readouterr().err == f"device: {device} on n1, Slurm job 7, CUDA_VISIBLE_DEVICES=3\n"


def test_devices_go_by_their_ids_on_the_machine(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert visible_devices() == ("0", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5, GPU-1f")
    assert visible_devices() == ("5", "GPU-1f")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert visible_devices() == ()


def test_jobs_that_see_different_devices_do_not_wait_for_each_other(tmp_path):
    with lease(1, tmp_path, ["5"]) as one, lease(1, tmp_path, ["6"]) as two:
        assert one == two == "cuda:0"


def test_without_a_grant_torch_is_not_imported(root):
    code = (
        "import sys\nfrom lucidag.ground.device import lease\nwith lease(0) as device: pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
