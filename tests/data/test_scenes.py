"""Drawn scenes: the label maps say what is in the image, and nothing but the named thing goes with a label."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import ndimage, stats
from sklearn.ensemble import RandomForestClassifier

from lucidag.data.scene_objects import COLOURS, KINDS, MATERIALS, TONES, Thing, paint_thing
from lucidag.data.scene_places import PLACES, paint_place, paint_sky
from lucidag.data.scenes import CONCEPTS, Tied, draw, draw_one
from lucidag.data.sources.scenes import Scenes
from lucidag.ground.errors import InputError

SPLITS = {"train": 0.7, "val": 0.1, "test": 0.2}


@pytest.fixture(scope="module")
def drawn():
    """Draw 480 scenes of 64 pixels."""
    return list(draw(480, 64, 5))


@pytest.fixture(scope="module")
def table(drawn):
    """Give what the main object and the place of each scene are."""
    main = [drawing.things[-1] for drawing in drawn]
    columns = {name: np.array([getattr(thing, name) for thing in main]) for name in ("kind", "material", "colour")}
    return {**columns, "place": np.array([drawing.place for drawing in drawn])}


def test_a_image_depends_on_seed_and_number_alone():
    many, few = list(draw(60, 32, 3)), list(draw(50, 32, 3))
    for a, b in zip(many, few, strict=False):
        assert (a.image == b.image).all()
        assert all((a.concepts[name] == b.concepts[name]).all() for name in CONCEPTS)
    assert (draw_one(59, 32, 3).image == many[59].image).all()
    assert not any((a.image == b.image).all() for a, b in zip(many, draw(60, 32, 4), strict=True))
    assert len(np.unique(np.stack([drawing.image for drawing in many]).reshape(60, -1), axis=0)) == 60


def test_the_scene_is_the_same_at_every_size():
    for index in range(12):
        small, large = draw_one(index, 64, 8), draw_one(index, 128, 8)
        assert small.things == large.things
        halved = large.image.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
        assert np.abs(halved - small.image).mean() < 9
        for name in CONCEPTS:
            assert (large.concepts[name][::2, ::2] == small.concepts[name]).mean() > 0.93, name


def test_label_maps_and_masks_tell_the_same_story(drawn):
    for drawing in drawn:
        maps, main = drawing.concepts, drawing.things[-1]
        covered = maps["object"] > 0
        assert ((maps["object"] == 1 + CONCEPTS["object"].index(main.kind)) == drawing.main).all()
        assert set(np.unique(maps["place"])) == {0, 1 + CONCEPTS["place"].index(drawing.place)}
        assert not (covered & (maps["place"] > 0)).any()
        for name, value in (("material", main.material), ("colour", main.colour)):
            assert ((maps[name] > 0) == covered).all()
            assert (maps[name][drawing.main] == 1 + CONCEPTS[name].index(value)).all()
        seen = {CONCEPTS["object"][value - 1] for value in np.unique(maps["object"]) if value}
        assert seen == {thing.kind for thing in drawing.things}


def test_every_concept_occurs_and_every_pair_of_kind_and_place_equally_often(drawn, table):
    for name, names in CONCEPTS.items():
        values = np.unique(np.stack([drawing.concepts[name] for drawing in drawn]))
        assert values.tolist() == list(range(len(names) + 1)), name
    assert [len(CONCEPTS[name]) for name in ("object", "material", "colour", "place")] == [8, 5, 8, 6]
    pairs, counts = np.unique(np.char.add(table["kind"], table["place"]), return_counts=True)
    assert len(pairs) == 48
    assert (counts == 10).all()


def test_nothing_is_tied_to_anything_else(drawn, table):
    first = np.array([drawing.things[0].kind for drawing in drawn])
    number = np.array([len(drawing.things) for drawing in drawn])
    left = np.array([drawing.things[-1].x < 0 for drawing in drawn])
    everything = {**table, "number": number, "left": left}
    names = list(everything)
    for a in range(len(names)):
        for b in range(a):
            counts = stats.contingency.crosstab(everything[names[a]], everything[names[b]]).count
            assert stats.chi2_contingency(counts).pvalue > 1e-3, (names[a], names[b])
    # the kinds of the small objects say nothing about the place, and are never that of the main one
    assert stats.chi2_contingency(stats.contingency.crosstab(first, table["place"]).count).pvalue > 1e-3
    assert not (first == table["kind"]).any()


def test_the_sky_does_not_give_the_place_away(drawn, table):
    features = []
    for drawing in drawn:
        sky = np.where((drawing.concepts["object"] == 0)[:16, :, None], drawing.image[:16].astype(float), np.nan)
        features.append([*np.nanmean(sky, axis=(0, 1)), *np.nanstd(sky, axis=(0, 1))])
    # objects cast shadows, so a little less than the whole upper quarter is sky, for all places alike
    model = RandomForestClassifier(200, random_state=0, n_jobs=1).fit(features[:300], table["place"][:300])
    found = model.score(features[300:], table["place"][300:])
    assert found < 1 / 6 + 4 * np.sqrt(1 / 6 * 5 / 6 / 180)


def test_the_main_object_is_by_far_the_largest(drawn):
    for drawing in drawn:
        areas = [(drawing.concepts["object"] == 1 + CONCEPTS["object"].index(t.kind)).sum() for t in drawing.things]
        assert areas[-1] > 3 * max(areas[:-1])
        assert min(areas) >= 30
        # the frame cuts nothing off, so that the area is that of the same object in the middle
        middle = replace(drawing.things[-1], x=0.0, y=0.0)
        whole = paint_thing(np.random.default_rng(0), np.zeros((3, 64, 64), np.float32), middle)
        assert areas[-1] > 0.94 * whole.sum()


def test_the_main_object_is_seldom_in_the_middle(drawn):
    middle = np.mean([drawing.main[32, 32] for drawing in drawn])
    assert 0.05 < middle < 0.4
    where = np.mean([drawing.main for drawing in drawn], axis=0)
    quarters = [where[:32, :32], where[:32, 32:], where[32:, :32], where[32:, 32:]]
    shares = np.array([quarter.mean() for quarter in quarters])
    assert shares.min() > 0.7 * shares.max()


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_one_radius_have_about_one_area(kind):
    seen = paint_thing(
        np.random.default_rng(0), np.zeros((3, 128, 128), np.float32), Thing(kind, "plain", "red", 0, 0, 0.4, 0.3, True)
    )
    assert 0.65 < seen.mean() * 4 / (np.pi * 0.4**2) < 0.95
    assert ndimage.label(seen)[1] == 1


def test_a_plain_object_has_the_colour_that_it_is_said_to_have(drawn):
    tones = np.array([TONES[colour][0] for colour in COLOURS], dtype=float)
    found = 0
    for drawing in drawn:
        main = drawing.things[-1]
        if main.material == "plain":
            inside = ndimage.binary_erosion(drawing.main, iterations=2)
            mean = np.median(drawing.image[inside], axis=0)
            nearest = np.linalg.norm(tones - mean, axis=1).argmin()
            assert COLOURS[nearest] == main.colour
            assert np.linalg.norm(tones[nearest] - mean) < 45
            found += 1
    assert found > 60


def test_both_tones_of_a_colour_are_nearest_to_their_own(drawn):
    # by hue, and white by its lack of one
    hues = {}
    for colour, pair in TONES.items():
        for tone in np.array(pair, dtype=float):
            span = tone.max() - tone.min()
            assert (span < 25) == (colour == "white")
            if colour != "white":
                angle = np.arctan2(np.sqrt(3) * (tone[1] - tone[2]), 2 * tone[0] - tone[1] - tone[2])
                hues.setdefault(colour, []).append(angle)
    for colour, (light, dark) in hues.items():
        for other in set(hues) - {colour}:
            assert abs(np.angle(np.exp(1j * (light - dark)))) < abs(np.angle(np.exp(1j * (light - hues[other][0]))))


@pytest.mark.parametrize("kind", ["ball", "fish", "ring"])
def test_another_colour_or_material_changes_the_object_alone(kind):
    sky = paint_sky(np.random.default_rng(1), 64)[0]
    thing = Thing(kind, "plain", "blue", 0.2, -0.1, 0.45, 0.2, False)
    before = sky.copy()
    seen = paint_thing(np.random.default_rng(2), before, thing)
    outline = ndimage.binary_dilation(seen, iterations=2)
    surfaces = [before]
    for change in ({"colour": "red"}, *({"material": name} for name in MATERIALS if name != "plain")):
        after = sky.copy()
        assert (paint_thing(np.random.default_rng(2), after, replace(thing, **change)) == seen).all()
        assert (before == after).all(axis=0)[~outline].all()
        share = (np.abs(before - after).max(axis=0) > 25)[seen].mean()
        # half of a checked or striped surface keeps its tone, all of it changes with the colour
        assert share > (0.8 if "colour" in change else 0.12), change
        surfaces.append(after)
    for a in range(len(surfaces)):
        for b in range(a):
            assert np.abs(surfaces[a] - surfaces[b])[:, seen].mean() > 5


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_in_the_lower_part_and_changes_nothing_above(place):
    shares = []
    for seed in range(20):
        sky, haze, light = paint_sky(np.random.default_rng([seed, 0]), 64)
        pixels = sky.copy()
        seen = paint_place(np.random.default_rng([seed, 1]), pixels, place, 0.35, haze, light)
        # the tip of a fir or a cactus may be thinner than half a pixel
        near = ndimage.binary_dilation(seen)
        assert (pixels != sky).any(axis=0)[~near].sum() <= 6
        assert (np.abs(pixels - sky).max(axis=0) > 3)[seen].mean() > 0.95
        assert not seen[:13].any()
        assert seen[-1].all()
        shares.append(seen.mean())
    assert np.mean(shares) == pytest.approx(0.35, abs=0.05)


def test_kinds_differ_in_outline_and_places_in_structure(drawn, table):
    outlines, structures = [], []
    for drawing in drawn:
        rows, columns = ndimage.find_objects(drawing.main.astype(int))[0]
        box = drawing.main[rows, columns]
        middle = np.array(box.shape) / 2
        grid = np.stack(np.meshgrid(*(np.linspace(-17, 17, 12) + c for c in middle), indexing="ij"))
        outlines.append(ndimage.map_coordinates(box.astype(float), grid, order=1).ravel())
        inside = drawing.image[drawing.concepts["place"] > 0].astype(float)
        structures.append([*inside.mean(axis=0), *inside.std(axis=0), *np.percentile(inside @ [1, 0, -1], (10, 90))])
    for features, truth in ((outlines, table["kind"]), (structures, table["place"])):
        model = RandomForestClassifier(200, random_state=0, n_jobs=1).fit(features[:300], truth[:300])
        assert model.score(features[300:], truth[300:]) > 0.8


def load(**told):
    return Scenes(source="scenes", **told).load()


def test_both_labels_share_their_images():
    by_object, by_place = (
        load(number=96, size=32, splits=SPLITS, seed=2, label=label) for label in ("object", "place")
    )
    assert (by_object.images == by_place.images).all()
    assert (
        by_object.table["image"].tolist() == by_place.table["image"].tolist() == [f"scene-{i:05d}" for i in range(96)]
    )
    for source, label in ((by_object, "object"), (by_place, "place")):
        assert source.table.columns.tolist() == ["image", "label", "split", "object", "material", "colour", "place"]
        assert source.table["label"].tolist() == source.table[label].tolist()
        assert source.classes == CONCEPTS[label] == source.concept_names[label]
        assert set(source.table["label"]) == set(source.classes)
        numbers = source.table["label"].map(lambda name, s=source: 1 + s.classes.index(name)).to_numpy()
        assert ((source.concepts[label] == numbers[:, None, None]) == source.masks).all()
        assert list(source.concepts) == list(source.concept_names) == ["object", "material", "colour", "place"]
        for _, part in source.table.groupby("label"):
            assert abs((part["split"] == "test").sum() - 0.2 * len(part)) < 1
    for name in CONCEPTS:
        assert (by_object.concepts[name] == by_place.concepts[name]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": "plcae"}, r"label\n.*'object' or 'place'"),
        ({"number": 0}, r"number\n.*greater than or equal to 10"),
        ({"size": 31}, r"size\n.*greater than or equal to 32"),
        ({"splits": {"train": 0.5, "test": 0.4}}, r"must be 1, not 1.1"),
        ({"number": 10}, r"splits: class '\w+' has [12] images?, and none falls into"),
    ],
)
def test_bad_settings_are_named(arguments, message):
    with pytest.raises((InputError, ValidationError), match=message):
        load(**{"number": 48, "size": 32, "splits": SPLITS, "seed": 0, **arguments})


@pytest.mark.parametrize("seed", range(3))
def test_a_tied_colour_is_that_of_most_main_objects_of_its_kind_and_changes_nothing_else(seed):
    tied = Tied({"heart": "red", "fish": "blue"}, 0.8)
    shares = {"heart": [], "fish": []}
    for plain, other in zip(draw(480, 32, seed), draw(480, 32, seed, tied), strict=True):
        thing, changed = plain.things[-1], other.things[-1]
        assert other.things[:-1] == plain.things[:-1]
        assert other.place == plain.place
        assert replace(changed, colour=thing.colour) == thing
        for category in ("object", "material", "place"):
            assert (plain.concepts[category] == other.concepts[category]).all()
        if thing.kind in shares:
            shares[thing.kind].append(changed.colour == tied.colours[thing.kind])
        else:
            assert changed == thing
            assert (plain.image == other.image).all()
    for found in shares.values():  # of 60: the others have that colour once in eight
        assert np.mean(found) == pytest.approx(0.8 + 0.2 / 8, abs=0.15)


def test_the_tied_colour_reaches_the_table_and_misspelt_words_are_told():
    source = load(number=240, size=32, seed=1, tied={"heart": "red"}, tied_share=1.0)
    assert set(source.table.loc[source.table["object"] == "heart", "colour"]) == {"red"}
    assert len(set(source.table.loc[source.table["object"] != "heart", "colour"])) == 8
    with pytest.raises(ValidationError, match=r"tied: object 'hart' does not exist \(did you mean 'heart'\?\)"):
        Scenes(source="scenes", tied={"hart": "red"})
    with pytest.raises(ValidationError, match="tied: colour 'rot' does not exist"):
        Scenes(source="scenes", tied={"heart": "rot"})
