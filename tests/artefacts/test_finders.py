"""Finders against what was drawn, against simple images, and against a person's flags."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from lucidag.artefacts.finders import FINDERS, scan
from lucidag.artefacts.grading import grade
from lucidag.artefacts.patches import fit_circle
from lucidag.artefacts.rings import size
from lucidag.data.images import decode
from lucidag.data.lesions import draw_one
from lucidag.ground.errors import InputError

ring, dark_corner, ruler = (FINDERS[name].find for name in ("ring", "dark_corner", "ruler"))
HALF = {"benign": 0.5, "malignant": 0.5}


def skin(height=120, width=160):
    noise = np.random.default_rng(0).normal(0, 1, (height, width, 1))
    return np.clip(np.array([210, 170, 150]) + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def drawn():
    return [draw_one(index, 64, 5, 0.5, 0.3, patch=HALF, ring=HALF) for index in range(120)]


@pytest.mark.parametrize(("finder", "planted", "least"), [("ring", "ring", 0.7), ("patch", "patch", 0.85)])
def test_planted_artefacts_are_found_at_their_pixels(drawn, finder, planted, least):
    there = np.array([getattr(one, planted).any() for one in drawn])
    findings = [FINDERS[finder].find(one.image) for one in drawn]
    found = np.array([one.score > FINDERS[finder].threshold for one in findings])
    assert (found & there).sum() >= 0.95 * there.sum()
    assert (found & ~there).sum() <= 0.05 * (~there).sum()
    for one, finding in zip(drawn, findings, strict=True):
        truth = getattr(one, planted)
        if truth.any():
            assert (finding.mask & truth).sum() / (finding.mask | truth).sum() > least


def test_the_circle_finds_the_ring_and_hairs_rank_above_no_hairs(drawn):
    for one in drawn:
        finding = dark_corner(one.image)
        assert (finding.score > 0.1) == bool(one.ring.any())
    hairs = np.array([one.hair.any() for one in drawn])
    assert roc_auc_score(hairs, [FINDERS["hair"].find(one.image).score for one in drawn]) > 0.97


@pytest.mark.parametrize("shape", [(256, 256), (64, 64), (100, 300)])
def test_a_ring_is_four_corners_below_ten(shape):
    rows, columns = (int(np.ceil(10 * side / 256 + side / 512)) for side in shape)  # with what scaling blurs
    pixels = np.full((*shape, 3), 200, np.uint8)
    for vertical in (slice(0, rows), slice(-rows, None)):
        for across in (slice(0, columns), slice(-columns, None)):
            pixels[vertical, across] = 9
    assert ring(pixels).score == 246 > FINDERS["ring"].threshold
    pixels[-rows:, -columns:] = 10  # one corner is not below 10
    assert ring(pixels).score == 245 <= FINDERS["ring"].threshold
    pixels[-1, -1] = 250
    assert ring(pixels).score < 245


@pytest.mark.parametrize(("radius", "middle"), [(40, (80, 60)), (55, (75, 62))])
def test_dark_corners_are_what_is_outside_the_circle(radius, middle):
    rows, columns = np.mgrid[:120, :160]
    outside = np.hypot(columns - middle[0], rows - middle[1]) > radius
    pixels = skin()
    pixels[outside] = 5
    finding = dark_corner(pixels)
    assert finding.score == pytest.approx(outside.mean(), abs=0.02)
    assert (finding.mask == outside).mean() > 0.98
    assert dark_corner(skin()).score == 0


@pytest.mark.parametrize(
    ("share", "name"), [(0, "other"), (0.0099, "other"), (0.01, "small"), (0.3, "medium"), (0.5, "large"), (1, "large")]
)
def test_sizes_of_dark_corners(share, name):
    assert size(share) == name


def test_dark_skin_is_no_dark_corner():
    assert dark_corner(skin() // 3).score == 0


def test_a_circle_goes_through_its_points():
    angles = np.linspace(0, 1.5, 20)
    circle = fit_circle(np.column_stack([300 + 200 * np.cos(angles), -50 + 200 * np.sin(angles)]))
    assert circle == pytest.approx((300, -50, 200), abs=1e-6)
    assert fit_circle(np.column_stack([np.arange(9), np.arange(9)])) is None


def patched(colour, disc=True, middle=(150, 60)):
    rows, columns = np.mgrid[:120, :160]
    inside = np.hypot(columns - middle[0], rows - middle[1]) < 30
    if not disc:
        inside = (np.abs(columns - 80) < 12) & (rows < 90)
    pixels = skin()
    pixels[inside] = colour
    return pixels, inside


@pytest.mark.parametrize("colour", [(40, 90, 200), (240, 210, 40), (60, 170, 70), (220, 40, 50)])
def test_a_patch_is_coloured_round_and_at_the_rim(colour):
    limit = FINDERS["patch"].threshold
    pixels, inside = patched(colour)
    finding = FINDERS["patch"].find(pixels)
    assert finding.score > limit
    assert (finding.mask & inside).sum() / (finding.mask | inside).sum() > 0.9
    assert FINDERS["patch"].find(patched((150, 110, 90))[0]).score < limit  # a round mole, brown
    assert FINDERS["patch"].find(patched(colour, disc=False)[0]).score < limit
    assert FINDERS["patch"].find(patched(colour, middle=(80, 60))[0]).score < limit
    assert FINDERS["patch"].find(skin()).score == 0


@pytest.mark.parametrize("angle", [0, 20, -45])
def test_a_straight_scale_is_a_ruler_and_a_bend_is_none(angle):
    pixels = skin(170, 256)
    t = np.linspace(-65, 65, 800)
    turn = np.deg2rad(angle)
    for bend, found in ((0.0, True), (0.012, False)):
        ink = pixels.copy()
        x, y = t, bend * t**2
        columns = np.rint(128 + x * np.cos(turn) - y * np.sin(turn)).astype(int)
        rows = np.rint(75 + x * np.sin(turn) + y * np.cos(turn)).astype(int)
        inside = (rows >= 0) & (rows < 170)
        for thick in (0, 1):
            ink[np.minimum(rows[inside] + thick, 169), columns[inside]] = 60
        assert (ruler(ink).score > FINDERS["ruler"].threshold) == found
    assert ruler(pixels).score < FINDERS["ruler"].threshold


def test_even_ticks_are_a_ruler_and_uneven_ones_are_none():
    even, uneven = skin(170, 256), skin(170, 256)
    for number in range(8):
        even[20 + 10 * number : 21 + 10 * number, 3:10] = 40
        uneven[20 + number**2 * 2 + 3 * (number % 2) : 21 + number**2 * 2 + 3 * (number % 2), 3:10] = 40
    assert ruler(even).score == pytest.approx(8 / 5)
    assert ruler(even).mask[20:92, 3:10].sum() >= 8 * 5
    assert ruler(uneven).score < FINDERS["ruler"].threshold


def test_the_table_does_not_depend_on_threads_and_grey_images_are_read(drawn):
    frames = [one.image for one in drawn[:12]] + [drawn[0].image[:, :, :1], np.zeros((16, 16, 1), np.uint8)]
    names = [f"p{index}" for index in range(len(frames))]
    one = scan(names, lambda row: frames[row], list(FINDERS))
    pd.testing.assert_frame_equal(one, scan(names, lambda row: frames[row], list(FINDERS), threads=3))
    assert list(one) == ["image", *FINDERS]
    assert np.isfinite(one[list(FINDERS)].to_numpy()).all()


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 40, 3), np.uint8), np.zeros((40, 40, 4), np.uint8), np.ones((20, 20, 3))]
)
def test_what_is_no_image_is_named(pixels):
    with pytest.raises(InputError, match="image 'a'"):
        scan(["a"], lambda row: pixels, list(FINDERS))
    with pytest.raises(InputError, match="did you mean 'ruler'"):
        scan(["a"], lambda row: skin(), ["rulr"])


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("finder", "column", "precision", "recall"),
    [("dark_corner", "dark_corner", 0.75, 0.7), ("patch", "patches", 0.85, 0.7), ("ruler", "ruler", 0.7, 0.65)],
)
def test_real_images_are_judged_as_a_person_did(shared_data, finder, column, precision, recall):
    folder = shared_data / "isic2018"
    table = pd.read_csv(folder / "labels.csv")
    flag = table[column].to_numpy(bool)
    rng = np.random.default_rng(11)
    rows = np.concatenate([rng.permutation(np.flatnonzero(flag == side))[:70] for side in (True, False)])
    scores = scan([str(row) for row in rows], lambda i: decode(folder / table["image"][rows[i]]), [finder])[finder]
    found = grade(finder, scores.to_numpy(), flag[rows], column, FINDERS[finder].threshold, False, None, 0, 0.95)
    assert found["chosen"]["precision"]["value"] > precision
    assert found["chosen"]["recall"]["value"] > recall


@pytest.mark.shared_data
def test_real_rings_are_dark_corners(shared_data):
    folder = shared_data / "isic2018"
    table = pd.read_csv(folder / "labels.csv")
    scores = np.array([ring(decode(folder / image)).score for image in table["image"][:300]])
    found = scores > FINDERS["ring"].threshold
    assert 0 < found.sum() < 30
    assert table["dark_corner"][:300].to_numpy(bool)[found].all()
