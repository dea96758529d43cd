"""A page that holds one live figure without Jupyter, as the site does: its module, and a model of plain values."""

from __future__ import annotations

import json
from typing import Any

from trpobook.widgets.base import LiveFigure, module, source


def held(live: LiveFigure) -> dict[str, Any]:
    """Return what the figure's model holds."""
    return {name: getattr(live, name) for name in ("figure", "title", "settings", "data")} | live.values


def page_of(live: LiveFigure) -> str:
    """Return the page as HTML."""
    values = json.dumps(held(live)).replace("</", "<\\/")
    code = module(live.interactive.script).replace("export default", "const shown =")
    start = f"window.model = new shown.PlainModel({values});"
    start += 'shown.render({ model, el: document.getElementById("here") });'
    head = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    place = '<div id="here" class="jp-OutputArea-output"></div>'
    return f'{head}<style>{source("flagships.css")}</style>{place}<script type="module">{code}{start}</script>'
