"""Pages as Streamlit draws them, without a browser: opened by a link, and a button of theirs pressed."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

PAGES = Path(__file__).parents[1] / "pages"


def opened(page, **query):
    """A page opened by a link with these parameters; no exception may show."""
    app = AppTest.from_file(str(PAGES / f"{page}.py"), default_timeout=300)
    app.query_params.update(query)
    app.run()
    assert not app.exception
    return app


def press(app, label):
    """The page after a press of the button with this label."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app
