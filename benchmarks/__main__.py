"""Run the benchmarks: python -m benchmarks [name ...] [--quick] [--full]."""

import argparse
import importlib
import os

import torch

# Imported when asked for: one benchmark should not pay for the packages of another.
BENCHMARKS = {
    "sweep": "benchmarks.sweep_speed",
    "scaling": "benchmarks.sweep_scaling",
    "memory": "benchmarks.sweep_memory",
    "images": "benchmarks.decode_once",
    "cam": "benchmarks.cam_speed",
    "concepts": "benchmarks.clip_speed",
    "lime": "benchmarks.lime_speed",
    "engine": "benchmarks.engine_speed",
    "dissect": "benchmarks.dissect_speed",
    "faithfulness": "benchmarks.faithfulness_speed",
    "crp": "benchmarks.crp_speed",
    "lrp": "benchmarks.lrp_speed",
    "attention": "benchmarks.attention_speed",
    "plan": "benchmarks.plan_speed",
    "finders": "benchmarks.finders_speed",
    "effects": "benchmarks.effects_speed",
    "atlas": "benchmarks.atlas_browser",
    "default": "benchmarks.default_run",
    "validity": "benchmarks.validity",
}
# What a benchmark is asked for besides how long it may take.
OPTIONS = {"validity": ("simulations", "only")}


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmarks that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that they run, not how fast")
    parser.add_argument("--full", action="store_true", help="nothing extrapolated that can be run; takes many minutes")
    parser.add_argument("--threads", type=int, default=2, help="threads of PyTorch (default 2)")
    parser.add_argument("--simulations", type=int, help="of each row of validity (default 2000)")
    parser.add_argument("--only", metavar="TOPIC", help="of validity")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark '{unknown[0]}'; there are {', '.join(BENCHMARKS)}")
    torch.set_num_threads(chosen.threads)
    print(f"{os.cpu_count()} cores, {chosen.threads} threads, load {os.getloadavg()[0]:.1f} over the last minute")
    for name in chosen.names or BENCHMARKS:
        more = {option: getattr(chosen, option) for option in OPTIONS.get(name, ())}
        importlib.import_module(BENCHMARKS[name]).run(chosen.quick, chosen.full, **more)


if __name__ == "__main__":
    main()
