"""The texts of what is exported, as Jinja templates beside this module."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from markupsafe import Markup

from scpo.grouping import worded

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(("html.jinja",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@pass_context  # which keeps Jinja from applying it to fixed texts once, when a template is compiled
def _worded(context: Context, text: object) -> str:
    """A fixed text of a template, said of what the run is steered to."""
    said = worded(str(text))
    return Markup(said) if context.eval_ctx.autoescape and isinstance(text, Markup) else said


TEMPLATES.filters["worded"] = _worded


def rendered(template: str, **values: object) -> str:
    """A template with these values; a name that it lacks is an error. In HTML every text is escaped."""
    return TEMPLATES.get_template(template).render(values)
