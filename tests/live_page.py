"""A page that holds one live figure without Jupyter, as the site does: its module, and a model of plain values."""

from __future__ import annotations

import json
from typing import Any

from trpobook.widgets.base import LiveFigure, module, source

MODEL = """
class Model {
  constructor(values) { this.values = values; this.listeners = {}; }
  get(name) { return this.values[name]; }
  set(name, value) { this.values[name] = value; }
  on(event, listener) { (this.listeners[event] ??= []).push(listener); }
  save_changes() {}
}
"""


def held(live: LiveFigure) -> dict[str, Any]:
    """Return what the figure's model holds."""
    return {name: getattr(live, name) for name in ("figure", "title", "settings", "data")} | live.values


def page_of(live: LiveFigure) -> str:
    """Return the page as HTML."""
    values = json.dumps(held(live)).replace("</", "<\\/")
    code = module(live.interactive.script).replace("export default", "const shown =")
    start = f'window.model = new Model({values}); shown.render({{ model, el: document.getElementById("here") }});'
    style = source("flagships.css")
    head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return f'{head}<style>{style}</style><div id="here"></div><script type="module">{MODEL}{code}{start}</script>'
