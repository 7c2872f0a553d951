import ast
import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from lucidag.figures.confusion import confusion
from lucidag.figures.curves import scale_y
from lucidag.figures.history import history
from lucidag.figures.style import CYCLE, PNG_BYTES, PNG_DPI, figure, legend_below, listed, note, paper, save
from lucidag.ground.errors import InputError

DRAW = """
import sys
import numpy as np
from lucidag.figures.confusion import confusion
from lucidag.figures.style import save
save(confusion(np.array([[5, 1], [2, 7]]), ["benign", "malignant"]), sys.argv[1] + ".png", sys.argv[1] + ".pdf")
"""


def test_figures_and_their_scripts_import_neither_torch_nor_global_plotting(root):
    modules = {f"lucidag.figures.{file.stem}" for file in (root / "lucidag" / "figures").glob("*.py")}
    modules -= {"lucidag.figures.__init__"}
    # The sheet of units runs the network over the images that it shows.
    scripts = set((root / "workflow" / "scripts").glob("figures_*.py")) - {root / "workflow/scripts/figures_units.py"}
    for script in scripts:
        tree = ast.parse(script.read_text(encoding="utf-8"))
        modules |= {node.module for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert {"lucidag.figures.curves", "lucidag.ground.job"} <= modules
    heavy = ("torch", "torchvision", "matplotlib.pyplot")
    code = f"import sys, {', '.join(sorted(modules))}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_same_bytes_in_every_process_whatever_the_users_settings(root, tmp_path):
    files = []
    for index, rc in enumerate(("", "font.size: 20\naxes.facecolor: red\npdf.fonttype: 3\n")):
        home = tmp_path / f"home{index}"
        home.mkdir()
        (home / "matplotlibrc").write_text(rc)
        env = {"MPLCONFIGDIR": str(home), "PYTHONHASHSEED": str(index + 1), "PYTHONPATH": str(root)}
        subprocess.run([sys.executable, "-c", DRAW, str(tmp_path / str(index))], env=env, cwd=home, check=True)
        files.append([(tmp_path / f"{index}{suffix}").read_bytes() for suffix in (".png", ".pdf")])
    assert files[0] == files[1]


def test_pdf_has_truetype_fonts_and_no_date(tmp_path):
    save(note("words"), tmp_path / "a.png", tmp_path / "a.pdf")
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1080, 180)
        assert "Software" not in image.info


@pytest.mark.parametrize("side", [2.0, 6.0])
def test_png_of_noise_stays_small(tmp_path, side):
    fig = figure(side, side)
    fig.figimage(np.random.default_rng(0).integers(0, 40, (900, 900, 3)).astype(np.uint8))
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    size = (tmp_path / "a.png").stat().st_size
    with Image.open(tmp_path / "a.png") as image:
        assert (image.mode == "P") == (side > 2)
        assert image.size == (side * 150, side * 150)
    assert size < PNG_BYTES or side > 2
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf", true_colour=True)
    with Image.open(tmp_path / "a.png") as image:
        assert len(image.convert("RGB").getcolors(2**24)) > 256


def test_a_failure_leaves_no_file(tmp_path):
    (tmp_path / "a.pdf").mkdir()
    with pytest.raises(InputError, match=r"a\.pdf"):
        save(note("words"), tmp_path / "a.png", tmp_path / "a.pdf")
    assert not list(tmp_path.glob(".*"))


def test_a_pdf_that_finds_no_room_is_told_as_such(tmp_path, monkeypatch):
    """Its writer would end in an AttributeError of its own."""
    monkeypatch.setattr("lucidag.figures.style._small", lambda *_: b"the PNG finds room")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        with pytest.raises(InputError, match=r"a\.pdf could not be written: File too large$"):
            save(confusion(np.array([[5, 1], [2, 7]]), ["a", "b"]), tmp_path / "a.png", tmp_path / "a.pdf")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_legend_lists_a_label_once():
    with paper():
        fig = figure(3, 2)
        axes = fig.subplots(1, 2)
        for ax in axes:
            ax.plot([0, 1], color=CYCLE[0], label="both")
        axes[1].plot([1, 0], label="one")
        legend_below(fig, list(axes))
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["both", "one"]


def test_no_colour_stands_for_two_things():
    assert len(set(CYCLE)) == len(CYCLE)


def drawn(fig, folder):
    """Save a figure, which makes its ticks, and give all its texts."""
    save(fig, folder / "a.png", folder / "a.pdf")
    return [text for text in fig.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("name", ["$a$", "5$ and $6", r"$\frac{1$", r"a\$b", "$", "$$", "a_b^c"])
def test_no_name_is_read_as_mathematics(tmp_path, name):
    texts = drawn(confusion(np.array([[5, 1], [2, 7]]), [name, "other"]), tmp_path)
    assert name in [text.get_text() for text in texts]
    assert not any(text.get_parse_math() for text in texts)


def test_ticks_need_no_mathematics(tmp_path):
    table = pd.DataFrame({"epoch": [1, 2, 3], "lr": [1e-4, 5e-5, 1e-5], "train_loss": 1.0, "train_accuracy": 0.5})
    table = table.assign(val_loss=1.0, val_accuracy=0.5, kept=[False, True, False], ended="")
    with paper():
        log = figure(3, 2)
        ax = log.subplots()
        ax.plot([1e-3, 2e3])
        scale_y(ax, np.array([1e-3, 2e3]), "loss")
        assert ax.get_yscale() == "log"
    for fig in (log, history(table)):
        said = [text.get_text() for text in drawn(fig, tmp_path)]
        assert len(said) > 5
        assert not any("$" in text or "\\" in text for text in said)


@pytest.mark.parametrize("name", ["_hidden", "__", "shown", "$x$"])
def test_a_legend_lists_every_name(name):
    with paper():
        fig = figure(3, 2)
        ax = fig.subplots()
        ax.plot([0, 1], label=listed(name))
        legend_below(fig, [ax])
    (text,) = fig.legends[0].get_texts()
    assert text.get_text().strip() == name


@pytest.mark.parametrize("layout", ["constrained", "none"])
def test_what_is_saved_is_what_savefig_draws_and_the_figure_stays_as_it_was(tmp_path, layout):
    def drawn() -> Figure:
        fig = figure(3, 2)
        fig.set_layout_engine(layout)
        fig.subplots().plot([3, 1, 2], label="a")
        return fig

    fig, twin = drawn(), drawn()
    before = (fig.canvas, fig.dpi, type(fig.get_layout_engine()))
    save(fig, tmp_path / "a.png", tmp_path / "a.pdf")
    assert (fig.canvas, fig.dpi, type(fig.get_layout_engine())) == before
    with paper():
        twin.savefig(tmp_path / "b.png", dpi=PNG_DPI)
    ours, theirs = (np.asarray(Image.open(tmp_path / file).convert("RGB")) for file in ("a.png", "b.png"))
    assert np.array_equal(ours, theirs)
