"""The benchmarks check what they time: a wrong result must stop them."""

import dataclasses

import numpy as np
import pytest
import torch

from benchmarks import __main__, cam_speed, decode_once, effects_speed, measure, sweep_scaling, sweep_speed
from lucidag.rof.sweep import sweep
from tests.cam.networks import image, network


def test_the_plain_loop_is_the_sweep():
    p = measure.problem(300, 20, 5)
    result = sweep(p.features, p.labels, p.weight, p.bias, p.order, p.groups, p.group_count)
    for k in (0, 7, 20):
        accuracy, loss, by_group = measure.plain_step(p, k, torch.float64)
        assert result.accuracy[k] == accuracy
        assert result.loss[k] == pytest.approx(loss, abs=1e-12)
        assert result.group_accuracy[:, k].tolist() == by_group
    assert sweep_speed._equality(p, result) < 1e-12


def test_a_wrong_sweep_stops_the_benchmark():
    p = measure.problem(300, 20, 5)
    result = sweep(p.features, p.labels, p.weight, p.bias, p.order[::-1].copy(), p.groups, p.group_count)
    with pytest.raises(AssertionError, match="accuracy at k"):
        sweep_speed._equality(p, result)
    right = sweep(p.features, p.labels, p.weight, p.bias, p.order, p.groups, p.group_count)
    with pytest.raises(AssertionError, match="loss is"):
        sweep_speed._equality(p, dataclasses.replace(right, loss=right.loss + 2e-6))


def test_small_runs_print_their_ratio(monkeypatch, capsys):
    monkeypatch.setattr(sweep_speed, "CASES", ((2_000, 64, 5, 3.0),))
    monkeypatch.setattr(sweep_scaling, "BASE", {"images": 200, "units": 16, "classes": 4})
    threads = torch.get_num_threads()
    try:
        __main__.main(["sweep", "scaling", "--quick"])
    finally:
        torch.set_num_threads(threads)
    out = capsys.readouterr().out
    assert "ratio" in out
    assert "(goal 3)" in out
    assert out.count("slope") == 3


def test_an_unknown_name_is_refused(capsys):
    with pytest.raises(SystemExit):
        __main__.main(["sweeps"])
    assert "no benchmark 'sweeps'" in capsys.readouterr().err


def test_images_both_ways_agree(tmp_path):
    body, head = decode_once._network()
    paths, labels = decode_once._draw(tmp_path, 6), np.arange(6) % 2
    result, order = decode_once._ours(body, head, paths, labels)
    accuracy, loss = decode_once._plain(body, head, paths, labels, order[:100])
    assert result.loss[100] == pytest.approx(loss, abs=1e-5)
    assert result.accuracy[100] == pytest.approx(accuracy, abs=1 / 6)


def test_maps_both_ways_agree(capsys):
    model, x = network("small_cnn", 1), image("small_cnn", 1)
    cam_speed._compare(model, x, "ablationcam", "blocks", 200.0, rounds=1)
    cam_speed._compare(model, x, "scorecam", "blocks.block2", 1.0, rounds=1)
    out = capsys.readouterr().out
    assert out.count("against the library  map within") == 2
    assert out.count("not the network") == 1


def test_a_wrong_map_stops_the_benchmark():
    found, weights = np.random.default_rng(0).random((2, 4, 4), dtype=np.float32)
    assert cam_speed.equality(found, weights, found, weights) == (0, 0)
    with pytest.raises(AssertionError, match="maps are"):
        cam_speed.equality(found, weights, found + 0.01, weights)
    with pytest.raises(AssertionError, match="weights"):
        cam_speed.equality(found, weights, found, weights * 1.01)


def test_effects_of_units_that_are_apart_stop_the_benchmark():
    assert effects_speed.equality(np.ones((2, 2)), np.ones((2, 2)) + 1e-6) < 2e-6
    with pytest.raises(AssertionError, match=r"the loss are 0\.01"):
        effects_speed.equality(np.ones((2, 2)), np.ones((2, 2)) + 0.01)
