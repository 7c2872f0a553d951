"""How `make site` makes a site of these pages and of the docstrings."""

from pathlib import Path

import lucidag

project = "lucidag"
html_title = "lucidag"
html_theme = "furo"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_parser"]
exclude_patterns = ["_build"]
templates_path = ["_templates"]

# A package is one page with all its modules: a page for each of them makes building slow, and looking for a name too.
FOLDER = Path(lucidag.__file__).parent
PACKAGES = [".".join(file.parent.relative_to(FOLDER.parent).parts) for file in FOLDER.rglob("__init__.py")]
autosummary_generate = True
autosummary_context = {"packages": PACKAGES}
autodoc_default_options = {"members": True, "member-order": "bysource", "exclude-members": "model_config"}
autodoc_inherit_docstrings = False
autodoc_typehints = "signature"
default_role = "code"  # `name` in a docstring is code, as it is in a page
numpydoc_show_class_members = False
myst_heading_anchors = 3
