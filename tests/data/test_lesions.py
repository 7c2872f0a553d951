"""Drawn lesions: what the columns say is in the image, and the class is in border and colour alone."""

from functools import partial

import numpy as np
import pytest
from scipy import ndimage
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import balanced_accuracy_score

from lucidag.config.load import load_config
from lucidag.data import lesions
from lucidag.data.lesions import SKINS
from lucidag.data.sources.lesions import Lesions
from lucidag.ground.errors import InputError

SIZE = 64
PATCH = {"benign": 0.5, "malignant": 0.1}
RING = {"benign": 0.1, "malignant": 0.4}
draw, draw_one = (partial(each, malignant=0.5, hair=0.3) for each in (lesions.draw, lesions.draw_one))


@pytest.fixture(scope="module")
def drawn():
    """Draw 1000 images; give images, masks, columns as arrays."""
    images, masks, columns = draw(1000, SIZE, 7, patch=PATCH, ring=RING, hair=0.3)
    return images, masks, {name: np.array(values) for name, values in columns.items()}


def roughness(mask):
    """Perimeter squared over area, times 1 / (4 pi): 1 for a disc."""
    mask = mask.astype(bool)
    edge = mask & ~ndimage.binary_erosion(mask)
    return edge.sum() ** 2 / (4 * np.pi * max(mask.sum(), 1))


def test_a_image_depends_on_seed_and_number_alone():
    images, masks, columns = draw(12, 48, 3, patch=PATCH, ring=RING)
    first, _, few = draw(5, 48, 3, patch=PATCH, ring=RING)
    assert (first == images[:5]).all()
    assert {name: values[:5] for name, values in columns.items()} == few
    one = draw_one(11, 48, 3, patch=PATCH, ring=RING)
    assert (one.image == images[11]).all()
    assert (one.lesion == masks[11]).all()
    assert not (draw(5, 48, 4)[0] == draw(5, 48, 3)[0]).all(axis=(1, 2, 3)).any()
    assert len(np.unique(images.reshape(12, -1), axis=0)) == 12


@pytest.mark.parametrize("artefact", ["patch", "ring"])
def test_a_probability_changes_nothing_but_its_artefact(artefact):
    everywhere = {"benign": 1.0, "malignant": 1.0}
    for index in range(6):
        without = draw_one(index, SIZE, 5)
        planted = draw_one(index, SIZE, 5, **{artefact: everywhere})
        where = getattr(planted, artefact)
        assert where.any()
        assert not getattr(without, artefact).any()
        # a ring that touches the frame has a soft edge a little further than its own pixels
        near = ndimage.binary_dilation(where, iterations=8)
        assert near.mean() < 0.8
        assert (without.image[~near] == planted.image[~near]).all()
        assert (without.lesion[~near] == planted.lesion[~near]).all()
        assert (without.image[where] != planted.image[where]).any(axis=1).mean() > 0.95
        assert without.label == planted.label


def test_hairs_are_thin_dark_and_change_nothing_else():
    for index in range(6):
        bald, hairy = draw_one(index, SIZE, 5, hair=0.0), draw_one(index, SIZE, 5, hair=1.0)
        assert not bald.hair.any()
        assert 0.005 < hairy.hair.mean() < 0.3
        on_hair = bald.image[hairy.hair].astype(int) - hairy.image[hairy.hair]
        assert on_hair.mean() > 15
        assert (bald.lesion == hairy.lesion).all()


def test_shares_are_those_that_were_asked(drawn):
    _, _, columns = drawn
    malignant = columns["label"] == "malignant"

    def near(found, wished, n):
        return abs(found - wished) < 4 * np.sqrt(wished * (1 - wished) / n)

    assert near(malignant.mean(), 0.5, 1000)
    for name, table in (("patch", PATCH), ("ring", RING)):
        for label, share in table.items():
            rows = columns["label"] == label
            assert near((columns[name][rows] == "1").mean(), share, rows.sum()), (name, label)
    assert near((columns["hair"] == "1").mean(), 0.3, 1000)
    assert set(columns["skin"]) == set(SKINS)
    # nothing but the artefacts is tied to the class
    for name in ("hair", "skin"):
        for value in set(columns[name]):
            a, b = ((columns[name][malignant == side] == value).mean() for side in (True, False))
            assert abs(a - b) < 4 * np.sqrt(0.5 / 500)


def test_rings_have_dark_corners_and_others_have_not(drawn):
    images, _, columns = drawn
    side = SIZE // 10
    corners = np.stack([images[:, a, b].mean(axis=(1, 2, 3)) for a in (slice(side), slice(-side, None))
                        for b in (slice(side), slice(-side, None))])  # fmt: skip
    ring = columns["ring"] == "1"
    assert (corners[:, ring].max(axis=0) < 12).all()
    plain = ~ring & (columns["patch"] == "0")
    assert (corners[:, plain].min(axis=0) > 30).all()


def test_patches_are_coloured_at_the_rim_and_mostly_off_the_lesion():
    everywhere = {"benign": 1.0, "malignant": 1.0}
    overlaps = []
    for index in range(60):
        with_patch = draw_one(index, SIZE, 9, patch=everywhere, hair=0.0)
        lesion = draw_one(index, SIZE, 9, hair=0.0).lesion
        assert 0.01 < with_patch.patch.mean() < 0.3
        touches = with_patch.patch
        rim = np.concatenate([touches[0], touches[-1], touches[:, 0], touches[:, -1]])
        assert rim.any()
        colours = with_patch.image[touches].astype(int)
        skin = with_patch.image[~touches & ~lesion].astype(int)
        assert np.linalg.norm(colours.mean(axis=0) - skin.mean(axis=0)) > 40
        overlaps.append((lesion & touches).sum() / lesion.sum())
        assert not (with_patch.lesion & touches).any()
    assert np.mean(overlaps) < 0.03


def test_the_mask_is_where_the_skin_is_darker(drawn):
    images, masks, columns = drawn
    assert set(np.unique(masks)) == {0, 1}
    share = masks.mean(axis=(1, 2))
    assert share.min() > 0.02
    assert share.max() < 0.6
    clean = (columns["patch"] == "0") & (columns["ring"] == "0") & (columns["hair"] == "0")
    grey = images.mean(axis=3)
    for row in np.flatnonzero(clean):
        mask = masks[row].astype(bool)
        away = ~ndimage.binary_dilation(mask, iterations=4)
        assert grey[row][mask].mean() < grey[row][away].mean() - 10, row


def test_malignant_borders_are_rougher_and_colours_more(drawn):
    images, masks, columns = drawn
    clean = (columns["patch"] == "0") & (columns["ring"] == "0") & (columns["hair"] == "0")
    malignant = columns["label"] == "malignant"
    rough = np.array([roughness(mask) for mask in masks])
    # blue against red tells blue-grey and black from brown; its spread within the lesion is the variegation
    spread = np.array(
        [np.std(image[mask > 0].astype(float) @ [-1.0, 0.0, 1.0]) for image, mask in zip(images, masks, strict=True)]
    )
    for measure in (rough, spread):
        a, b = measure[clean & malignant], measure[clean & ~malignant]
        # the probability that a malignant lesion has more of it (the area under the ROC curve)
        area = (a[:, None] > b[None, :]).mean()
        assert 0.75 < area < 0.99


def test_the_task_is_learnable_but_not_trivial():
    images, masks, columns = draw(900, 48, 21, hair=0.0)
    truth = np.array(columns["label"]) == "malignant"
    features = []
    for image, mask in zip(images, masks, strict=True):
        inside = image[mask > 0].astype(float)
        chroma = inside @ [-1.0, 0.0, 1.0]
        features.append(
            [roughness(mask), mask.mean(), *inside.mean(axis=0), *inside.std(axis=0), chroma.std(), chroma.max()]
        )
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0).fit(features[:600], truth[:600])
    score = balanced_accuracy_score(truth[600:], model.predict(features[600:]))
    assert 0.75 < score < 0.97


def test_the_traits_alone_do_not_decide_every_case():
    drawings = [draw_one(index, 24, 2) for index in range(600)]
    total = np.array([drawing.border + drawing.colour for drawing in drawings])
    truth = np.array([drawing.label == "malignant" for drawing in drawings])
    # the best rule on two normal traits of equal spread, means 0.30 and 0.68, spread 0.17: 94.3 %
    assert ((total > 0.98) == truth).mean() == pytest.approx(0.943, abs=0.03)


def test_load_splits_by_class():
    splits = {"train": 0.5, "val": 0.2, "test": 0.3}
    source = Lesions(source="lesions", number=60, size=32, splits=splits, seed=1, malignant=0.3, patch={}).load()
    assert source.images.shape == (60, 32, 32, 3)
    assert source.masks.shape == (60, 32, 32)
    assert source.table.columns.tolist() == ["image", "label", "split", "patch", "ring", "hair", "skin"]
    assert source.classes == ("benign", "malignant")
    for label, part in source.table.groupby("label"):
        assert abs((part["split"] == "test").sum() - 0.3 * len(part)) < 1, label
    assert (source.images == draw(60, 32, 1, malignant=0.3)[0]).all()


def check(**told):
    """Check a section as a dry run does."""
    network = {"dataset": "d", "architecture": "resnet18", "train": {}}
    load_config({"datasets": {"d": {"source": "lesions", **told}}, "models": {"m": network}}, "c.yaml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"patch": {"bening": 0.5}}, r"patch.bening: key 'bening' does not exist \(did you mean 'benign'"),
        ({"ring": {"benign": 1.5}}, r"ring.benign: found 1.5; .* less than or equal to 1"),
        ({"malignant": -0.1}, r"malignant: found -0.1; .* greater than or equal to 0"),
        ({"hair": 2.0}, r"hair: found 2.0; .* less than or equal to 1"),
        ({"number": 0}, r"number: found 0; .* greater than or equal to 10"),
        ({"size": 8}, r"size: found 8; .* greater than or equal to 24"),
    ],
)
def test_bad_settings_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        check(**arguments)
