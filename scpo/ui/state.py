"""Names of session keys and query parameters, in one place. The session is no store: what a page
shows is read from the workspace on every run, so that a reload shows the same."""

RUN = "run"
COUNTRY = "country"
READING = "reading"
METHODS_SHOWN = "methods"
TRANSFER = "transfer"
SOURCE = "source"
BROWSE_COUNTRY = "from"
SEARCH = "search"
PAGE = "page"
