"""CLIP models from files and folders, embeddings that are computed once, captions, and the small CLIP's training."""

import json
import shutil

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import lucidag
from lucidag.data import scenes
from lucidag.data.images import Images, UnreadableImageError
from lucidag.data.manifest import read_manifest
from lucidag.data.sources.scenes import Scenes
from lucidag.data.store import store
from lucidag.ground.errors import InputError
from lucidag.units.clip import encoder
from lucidag.units.clip.captions import CATEGORIES, STYLES, Content, Thing, caption, read_content
from lucidag.units.clip.encoder import embed_images, embed_texts, load_clip
from lucidag.units.clip.settings import Training
from lucidag.units.clip.train_clip import save_clip, small_config, train_clip
from lucidag.units.clip.zero_shot import zero_shot
from lucidag.units.labels.unit_search import write_unit_embeddings

WORDS = tuple(name for category in CATEGORIES for name in scenes.CONCEPTS[category])
TINY = {"image_size": 32, "width": 8, "text_width": 16, "embedding": 32}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    drawn = Scenes(source="scenes", number=240, size=32, splits={"train": 0.7, "val": 0, "test": 0.3}, seed=3)
    store(folder, drawn.load(), 0.0, 3)
    return read_manifest(folder)


@pytest.fixture(scope="module")
def trained(manifest):
    return train_clip(
        manifest, manifest.rows("train"), small_config(**TINY), Training(steps=4, batch_size=16, threads=1)
    )


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    save_clip(folder, trained[0], small_config(**TINY), {"steps": 4})
    return folder


# captions


def test_content_is_what_the_masks_show(manifest):
    reader = Images(manifest)
    for row in range(0, 240, 7):
        content = read_content(reader.read_concepts(row), manifest.concepts)
        table, drawing = manifest.table.iloc[row], scenes.draw_one(row, 32, 3)
        assert content.place == table["place"]
        main = content.things[0]
        assert (main.object, main.material, main.colour) == (table["object"], table["material"], table["colour"])
        assert main.share == pytest.approx(drawing.main.mean(), abs=1e-9)
        drawn = {(thing.kind, thing.material, thing.colour) for thing in drawing.things}
        assert {(thing.object, thing.material, thing.colour) for thing in content.things} <= drawn


def test_captions_say_only_what_is_there(manifest):
    reader, rng = Images(manifest), np.random.default_rng(0)
    spoken = set()
    for row in range(0, 240, 3):
        maps = reader.read_concepts(row)
        present = {
            name
            for category, names in manifest.concepts.items()
            for number, name in enumerate(names, start=1)
            if (maps[category] == number).any()
        }
        content = read_content(maps, manifest.concepts)
        for style in STYLES:
            for _ in range(5):
                said = set(caption(content, style, rng).split()) & set(WORDS)
                assert said
                assert said <= present
                if style in CATEGORIES:
                    assert said == {manifest.table[style][row]}
                spoken |= said
    assert spoken == set(WORDS)


def test_captions_have_several_forms_and_a_seed():
    content = Content((Thing("orange", "striped", "orange", 0.1), Thing("box", "plain", "red", 0.02)), "sea")
    said = {style: {caption(content, style, np.random.default_rng(seed)) for seed in range(300)} for style in STYLES}
    assert {"orange", "an orange", "a photo of an orange"} <= said["object"]
    assert {"sea", "the sea"} <= said["place"]
    assert {"striped", "something striped"} <= said["material"]
    assert "a striped orange orange and a plain red box in front of the sea" in said["sentence"]
    assert max(len(text.split()) for text in said["sentence"]) <= 15
    assert caption(content, "sentence", np.random.default_rng(5)) == caption(
        content, "sentence", np.random.default_rng(5)
    )
    assert caption(Content((), None), "object", np.random.default_rng(0)) == "nothing"
    assert caption(Content((), None), "sentence", np.random.default_rng(0)) == "nothing"
    with pytest.raises(InputError, match="style 'colours' does not exist"):
        caption(content, "colours", np.random.default_rng(0))
    with pytest.raises(InputError, match="there are none of 'place'"):
        read_content({name: np.zeros((4, 4), np.uint8) for name in CATEGORIES[:3]}, scenes.CONCEPTS)


# loading


def test_embeddings_after_the_round_trip_are_equal(trained, folder, manifest):
    clip = load_clip("", str(folder))
    rows = manifest.rows("test")
    # open_clip alone, from the folder, with its own transform and tokenizer
    own, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    own.eval()
    reader = Images(manifest)
    with torch.no_grad():
        batch = torch.stack([transform(Image.fromarray(reader.read(int(row)))) for row in rows])
        images = own.encode_image(batch, normalize=True).numpy()
        before = trained[0].encode_image(batch, normalize=True).numpy()
        texts = own.encode_text(open_clip.get_tokenizer(f"local-dir:{folder}")(list(WORDS)), normalize=True).numpy()
    assert np.array_equal(images, before)
    np.testing.assert_allclose(embed_images(clip, manifest, rows, None, 17), images, atol=1e-6)
    np.testing.assert_allclose(embed_texts(clip, WORDS, "{}", batch_size=5), texts, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(embed_texts(clip, WORDS, "{}"), axis=1), 1, atol=1e-6)


@pytest.fixture
def published(monkeypatch):
    """An architecture that open_clip knows by name, with a published tag; and its state."""
    config = small_config(**TINY)
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", config)
    entry = {"url": "", "hf_hub": "somebody/tiny/", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", {"made_up": entry})
    torch.manual_seed(7)
    return {name: value.clone() for name, value in open_clip.create_model("tiny").state_dict().items()}


def test_any_architecture_with_a_file_of_weights(tmp_path, published):
    save_file(published, tmp_path / "w.safetensors")
    torch.save({"state_dict": {f"module.{name}": value for name, value in published.items()}}, tmp_path / "w.pt")
    one, two = (load_clip("tiny", str(tmp_path / file)) for file in ("w.safetensors", "w.pt"))
    assert one.digest == two.digest
    assert all(torch.equal(one.model.state_dict()[name], value) for name, value in published.items())
    assert embed_texts(one, ["red", "fire engine"], "{}").shape == (2, 32)
    with pytest.raises(InputError, match=r"w\.safetensors' cannot be loaded: "):
        load_clip("RN50", str(tmp_path / "w.safetensors"))


def test_published_weights_go_through_open_clip(monkeypatch, published, tmp_path):
    """open_clip fetches what it publishes; here the fetching ends at a file."""
    save_file(published, tmp_path / "w.safetensors")
    asked = []

    def fetch(entry, **_):
        asked.append(entry["hf_hub"])
        return str(tmp_path / "w.safetensors")

    checked = []
    monkeypatch.setattr(encoder, "fetch", lambda *words: checked.append(words))
    monkeypatch.setattr(open_clip.factory, "download_pretrained", fetch)
    by_tag, by_file = load_clip("tiny", "made_up"), load_clip("tiny", str(tmp_path / "w.safetensors"))
    assert asked == ["somebody/tiny/"]
    assert checked == [("somebody/tiny", "")]
    assert by_tag.digest == by_file.digest
    assert by_tag.preprocess["mean"] == (0.5, 0.5, 0.5)  # of the tag
    assert by_file.preprocess["mean"] == open_clip.OPENAI_DATASET_MEAN

    def refuse(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(open_clip.factory, "download_pretrained", refuse)
    with pytest.raises(InputError, match=r"'made_up' cannot be loaded: .*no route to host"):
        load_clip("tiny", "made_up")


class Harmful:
    def __reduce__(self):
        return (print, ("run",))


def test_weights_that_cannot_be_used(tmp_path, folder, capsys):
    torch.save({"state_dict": Harmful()}, tmp_path / "code.pt")
    with pytest.raises(InputError, match="would run code"):
        load_clip("RN50", str(tmp_path / "code.pt"))
    assert "run" not in capsys.readouterr().out
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    tensors = load_file(broken / "open_clip_model.safetensors")
    tensors["text_projection"][0, 0] = float("nan")
    save_file(tensors, broken / "open_clip_model.safetensors")
    with pytest.raises(InputError, match="'text_projection' holds NaN"):
        load_clip("", str(broken))
    (broken / "open_clip_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"broken' cannot be loaded"):
        load_clip("", str(broken))
    (broken / "open_clip_model.safetensors").unlink()
    with pytest.raises(InputError, match=r"broken' cannot be loaded"):
        load_clip("", str(broken))
    (broken / "open_clip_config.json").unlink()
    with pytest.raises(InputError, match=r"has no open_clip_config\.json"):
        load_clip("", str(broken))


@pytest.mark.parametrize(
    ("architecture", "weights", "sentence"),
    [
        ("ViT-B-23", "openai", r"architecture 'ViT-B-23' does not exist \(did you mean 'ViT-B-32'"),
        ("ViT-B-32", "openai", "not trained with the activation of 'ViT-B-32'; take 'ViT-B-32-quickgelu'"),
        ("ViT-B-32-quickgelu", "open_ai", r"tag 'open_ai' does not exist \(did you mean 'openai'"),
        ("ViT-B-32", "none.safetensors", "no such file"),
        ("ViT-B-32", "", "tag '' does not exist"),
        ("hf-hub:a/b", "openai", "brings its own weights"),
    ],
)
def test_models_that_do_not_exist(architecture, weights, sentence):
    with pytest.raises(InputError, match=sentence):
        load_clip(architecture, weights)


# the cache


def test_embeddings_are_computed_once(folder, manifest, tmp_path, monkeypatch):
    clip = load_clip("", str(folder))
    rows = manifest.rows("test")
    cache = tmp_path / "cache"
    first, words = embed_images(clip, manifest, rows, cache, 64), embed_texts(clip, WORDS, "{}", cache=cache)
    assert np.array_equal(first, embed_images(clip, manifest, rows, None, 64))
    assert len(list(cache.iterdir())) == 2
    calls = []
    monkeypatch.setattr(clip.model, "encode_image", lambda *_, **__: calls.append("image") or torch.zeros(1, 1))
    monkeypatch.setattr(clip.model, "encode_text", lambda *_, **__: calls.append("text") or torch.zeros(1, 1))
    again = embed_images(clip, manifest, rows, cache, 64)
    assert isinstance(again, np.memmap)
    assert np.array_equal(again, first)
    assert np.array_equal(embed_texts(clip, WORDS, "{}", cache=cache), words)
    assert calls == []


@pytest.mark.parametrize("changed", ["weights", "template", "words", "image", "order", "preprocess", "architecture"])
def test_the_cache_knows_what_changed(changed, trained, folder, manifest, tmp_path):
    clip, rows, cache = load_clip("", str(folder)), manifest.rows("test"), tmp_path / "cache"
    embed_images(clip, manifest, rows, cache, 64)
    embed_texts(clip, WORDS, "{}", cache=cache)
    other = tmp_path / "clip"
    shutil.copytree(folder, other)
    config = json.loads((other / "open_clip_config.json").read_text())
    if changed == "weights":
        tensors = load_file(other / "open_clip_model.safetensors")
        tensors["ln_final.bias"][0] += 1e-3
        save_file(tensors, other / "open_clip_model.safetensors")
    elif changed == "preprocess":
        config["preprocess_cfg"]["interpolation"] = "bilinear"
    elif changed == "architecture":
        config["model_cfg"]["text_cfg"]["heads"] = 2
    (other / "open_clip_config.json").write_text(json.dumps(config))
    clip = load_clip("", str(other))
    if changed == "image":
        manifest = read_manifest(manifest.folder)
        manifest.table.loc[rows[0], "digest"] = "0" * 16
    if changed == "order":
        rows = rows[::-1].copy()
    embed_images(clip, manifest, rows, cache, 64)
    embed_texts(clip, WORDS[::-1] if changed == "words" else WORDS, "a {}" if changed == "template" else "{}", cache)
    new = {"weights": 2, "template": 1, "words": 1, "image": 1, "order": 1, "preprocess": 1, "architecture": 2}
    assert len(list(cache.iterdir())) == 2 + new[changed]


def test_texts_beyond_the_context_are_named(folder):
    clip = load_clip("", str(folder))
    assert clip.context == 18
    fits, beyond = " ".join(["sea"] * 16), " ".join(["sea"] * 17)
    assert embed_texts(clip, ["red", fits], "{}").shape == (2, 32)
    with pytest.raises(InputError, match=f"1 of 3 have more tokens than the 18 .*: '{beyond}'$"):
        embed_texts(clip, ["red", beyond, fits], "{}")
    with pytest.raises(InputError, match="2 of 3 have more tokens"):
        embed_texts(clip, ["red", beyond, fits], "a {}")
    with pytest.raises(InputError, match=r"must hold \{\} once"):
        embed_texts(clip, ["red"], "a photo")


def test_what_was_changed_in_the_cache_is_made_anew(folder, manifest, tmp_path):
    """A result is the same file, by a link: whoever edits it edits both."""
    clip, rows = load_clip("", str(folder)), manifest.rows("test")
    first = np.array(embed_images(clip, manifest, rows, tmp_path, 64))
    (kept,) = tmp_path.iterdir()
    content = bytearray(kept.read_bytes())
    content[-10] ^= 4
    kept.write_bytes(content)
    assert np.array_equal(embed_images(clip, manifest, rows, tmp_path, 64), first)
    assert list(tmp_path.iterdir()) == [kept]


def test_what_the_cache_keeps_is_whole_or_absent(folder, manifest, tmp_path, monkeypatch):
    clip, rows = load_clip("", str(folder)), manifest.rows("test")
    read = Images.read

    def fail(self, row):
        if row == rows[40]:
            raise UnreadableImageError("gone.png", "it is truncated")
        return read(self, row)

    monkeypatch.setattr(Images, "read", fail)
    with pytest.raises(InputError, match=r"gone\.png cannot be read as an image: it is truncated"):
        embed_images(clip, manifest, rows, tmp_path, 8)
    assert list(tmp_path.iterdir()) == []


# training


def test_the_same_seed_gives_the_same_bytes(manifest, folder, tmp_path):
    for seed, same in ((0, True), (1, False)):
        config, asked = small_config(**TINY), Training(steps=4, batch_size=16, threads=1, seed=seed)
        again, _ = train_clip(manifest, manifest.rows("train"), config, asked)
        save_clip(tmp_path, again, config, {"steps": 4})
        for name in ("open_clip_model.safetensors", "open_clip_config.json"):
            equal = (tmp_path / name).read_bytes() == (folder / name).read_bytes()
            assert equal == (same or name.endswith("json"))


def test_a_short_training_learns_colours_and_places(manifest, tmp_path):
    config = small_config(image_size=32, width=8, text_width=32, embedding=64)
    state = torch.random.get_rng_state()
    learnt, losses = train_clip(manifest, manifest.rows("train"), config, Training(steps=100, batch_size=32, threads=1))
    assert torch.equal(state, torch.random.get_rng_state())
    assert np.mean(losses[-10:]) < 0.85 * np.mean(losses[:5])
    save_clip(tmp_path, learnt, config, {})
    found = zero_shot(load_clip("", str(tmp_path)), manifest, manifest.rows("test"), threads=1)
    for category in ("colour", "place"):
        result = found["categories"][category]
        assert result["accuracy"]["low"] > max(result["chance"], result["commonest"])
    assert found["words"]["value"] > 1.5 * found["words"]["chance"]


def test_zero_shot_counts(manifest, folder, monkeypatch):
    """With embeddings made by hand: images of one-hot rows of their own words."""
    rows = manifest.rows("test")
    columns = {name: np.eye(len(WORDS), dtype=np.float32)[place] for place, name in enumerate(WORDS)}
    table = manifest.table.iloc[rows]
    images = sum(
        weight * np.stack([columns[word] for word in table[category]])
        for category, weight in zip(CATEGORIES, (4, 3, 2, -1), strict=True)
    )
    monkeypatch.setattr("lucidag.units.clip.zero_shot.embed_images", lambda *_, **__: images)
    monkeypatch.setattr(
        "lucidag.units.clip.zero_shot.embed_texts", lambda _, names, *__, **___: np.stack([columns[n] for n in names])
    )
    found = zero_shot(load_clip("", str(folder)), manifest, rows)
    assert [found["categories"][c]["accuracy"]["value"] for c in CATEGORIES] == [1, 1, 1, 0]
    assert found["categories"]["place"]["chance"] == pytest.approx(1 / 6)
    commonest = table["object"].value_counts().max() / len(rows)
    assert found["categories"]["object"]["commonest"] == pytest.approx(commonest)
    assert found["words"]["value"] == pytest.approx(0.75, abs=0.03)
    assert found["words"]["chance"] == pytest.approx(4 / 27)


def test_training_that_cannot_be(manifest):
    rows = manifest.rows("train")
    with pytest.raises(InputError, match="1 images to learn from"):
        train_clip(manifest, rows[:1], small_config(**TINY), Training(steps=4, batch_size=8))
    with pytest.raises(InputError, match=r"caption '.*' has more tokens than the context of 6"):
        train_clip(manifest, rows, small_config(**TINY, context=6), Training(steps=4, batch_size=8))
    with pytest.raises(InputError, match="image_size is 48; it must be a multiple of 32"):
        small_config(48, 8)


def test_units_are_found_by_words_as_their_embeddings_say(folder, tmp_path):
    clip = load_clip("", str(folder))
    words = ["star", "ring", "meadow"]
    texts = embed_texts(clip, words, "{}")
    units = np.concatenate([np.zeros_like(texts[:1]), texts[::-1]])
    write_unit_embeddings(tmp_path / "images.safetensors", {"layer": units})
    found = lucidag.find_units(tmp_path / "images.safetensors", words, folder, count=1)
    assert found[["text", "layer", "unit"]].to_numpy().tolist() == [
        ["star", "layer", 3],
        ["ring", "layer", 2],
        ["meadow", "layer", 1],
    ]
    np.testing.assert_allclose(found["similarity"], 1, rtol=1e-5)
    with pytest.raises(InputError, match="does not hold embeddings of units"):
        lucidag.find_units(tmp_path / "none", words, folder)
