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
LIKE = "like"  # the run whose settings the form on the Train page starts from
FETCHED = "fetched"  # data sets that this session asked the hub for
UPLOADS = "uploads"  # this session's uploaded files
TYPED = "typed"
FORM = "form"  # prefix of the form's widgets
CHOSEN = "chosen"  # the runs open on the Runs page; the link has them as `run`
ADDED = "added"
TABLE = "runs-table"
FIND = "find"
STATES_SHOWN = "state"
SORT = "sort"
METHOD = "method"
BASE = "base"  # the run that others are compared to
UNDO = "undo"  # the run deleted last
SAID = "said"  # a message of a callback, for the next drawing
TAU = "tau"
BETA = "beta"
ALONG = "along"  # what the example pairs are picked along
MOVE = "move"  # the run explored, and where its sliders stood before the last move and after it
