"""A notebook as one page that needs nothing from anywhere else."""

from nbconvert import HTMLExporter
from nbformat import NotebookNode

from lucidag.report.notebook import own_jupyter
from lucidag.report.readable import readable

# The usual page, but without the scripts that it would load from the internet (nothing here has formulas or diagrams),
# with the words that stand for an image, at a width that can be read, with code folded away and its long lines broken,
# not cut.
PAGE = """\
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_js_mermaidjs -%}{%- endblock html_head_js_mermaidjs -%}
{%- block html_head_css -%}
<style type="text/css">
body { max-width: 75em; margin: 0 auto; }
.jp-InputArea-editor pre { white-space: pre-wrap; }
details.code > summary { color: #6b6b6b; cursor: pointer; font-size: 80%; margin-left: 1em; }
.jp-OutputArea-output { overflow-x: auto; }
@media print { details.code { display: none; } }
</style>
{%- endblock html_head_css -%}
{%- block input_group -%}
<details class="code"><summary>code</summary>
{{ super() }}
</details>
{%- endblock input_group -%}
{%- block data_png scoped -%}
<div class="jp-RenderedImage jp-OutputArea-output">
<img src="data:image/png;base64,{{ output.data['image/png'] }}"
alt="{{ output | get_metadata('alt', 'image/png') | escape_html }}">
</div>
{%- endblock data_png -%}
"""


def page(notebook: NotebookNode, title: str) -> str:
    """Return an executed notebook as HTML; images, style and tables are inside it, code is folded away.

    Tables have words over their columns, and what shows nothing is left out (`lucidag.report.readable.readable`).

    Parameters
    ----------
    notebook
        What `lucidag.report.notebook.execute` gives.
    title
        Of the page.
    """
    with own_jupyter():
        exporter = HTMLExporter(raw_template=PAGE, embed_images=True)
        text, _ = exporter.from_notebook_node(readable(notebook), {"metadata": {"name": title}})
    return str(text)
