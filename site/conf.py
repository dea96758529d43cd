"""How Sphinx makes the web edition of what builder.py wrote."""

from pathlib import Path

import math_core
from docutils import nodes

import pages
from builder import TAG

project = "Trust-region policy optimisation"
html_title = "Trust-region policy optimisation, executed"
author = "the trpobook authors"
copyright = "the trpobook authors, MIT licence"
language = "en"  # with translations Sphinx would load a script that evaluates text

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["static", "templates"]
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_render_markdown_format = "myst"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath"]
suppress_warnings = ["myst.header", "mystnb.unknown_mime_type"]

html_theme = "furo"
html_static_path = ["static"]
templates_path = ["templates"]
html_favicon = "static/favicon.svg"
html_css_files = ["flagships.css", "site.css"]
html_js_files = ["live.js"]
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_domain_indices = False
pygments_style = "a11y-light"
pygments_dark_style = "a11y-dark"

autodoc_typehints = "signature"
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False, "show-inheritance": False}
python_maximum_signature_line_length = 88
default_role = "code"
add_module_names = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

LESSONS = {file.stem[:2]: file.stem for file in Path(__file__).parent.glob("[0-9][0-9]_*.ipynb")}
MATHML = math_core.LatexToMathML()


def mathml(tex, displayed):
    return MATHML.convert_with_local_state(tex, displaystyle=displayed)


def inline_formula(translator, node):
    translator.body.append(mathml(node.astext(), False))
    raise nodes.SkipNode


def displayed_formula(translator, node):
    tex = node.astext()
    tag = TAG.search(tex)
    formula = mathml(TAG.sub("", tex).strip(), True)
    if tag is None:
        translator.body.append(f'<div class="formula"><div>{formula}</div></div>\n')
    else:
        place = f"equation-{tag[1].replace('.', '-')}"
        number = f'<a class="number" href="#{place}" aria-label="equation {tag[1]}">({tag[1]})</a>'
        translator.body.append(f'<div class="formula" id="{place}"><div>{formula}</div>{number}</div>\n')
    raise nodes.SkipNode


def plain_docstring(app, what, name, object, options, lines):
    """Docstrings are plain text with the odd name in backticks; bars and stars in them are mathematics."""
    lines[:] = pages.plain_docstring(lines, LESSONS)


def mended(app, pagename, templatename, context, doctree):
    """A fold is called what it says, not "Toggle hidden content"."""
    context["body"] = context.get("body", "").replace('<summary aria-label="Toggle hidden content">', "<summary>")


def setup(app):
    app.connect("html-page-context", mended)
    app.add_html_math_renderer("mathml", (inline_formula, None), (displayed_formula, None))
    app.connect("autodoc-process-docstring", plain_docstring, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
