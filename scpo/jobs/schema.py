"""The tables of the job store, and opening a database that has them or gets them. Knows nothing of what a job does."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from scpo.errors import DatabaseError

BUSY_SECONDS = 10  # how long a write waits for another process's write
DAMAGED = "The file is damaged: move it away to start a new one; run folders are kept and found again."
metadata = sa.MetaData()
JOBS = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(12), primary_key=True),
    sa.Column("key", sa.String(64), unique=True),  # hash of settings and data; null: not offered again
    sa.Column("folder", sa.Text, unique=True, nullable=False),  # relative to the workspace, or absolute
    sa.Column("config", sa.Text, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("started", sa.Double),
    sa.Column("finished", sa.Double),
    sa.Column("deleted", sa.Double),
    sa.Column("attempt", sa.Integer, nullable=False),  # the fencing token: rises with every claim
    sa.Column("cancelling", sa.Boolean, nullable=False),
    sa.Column("worker", sa.String(120)),
    sa.Column("beat_monotonic", sa.Double),  # the worker's last sign of life, by its machine's uptime ...
    sa.Column("beat_database", sa.Double),  # ... and by the database's clock
    sa.Column("stage", sa.String(12), nullable=False),
    sa.Column("fraction", sa.Double, nullable=False),
    sa.Column("seconds_left", sa.Double),
)
WORKERS = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("beat_monotonic", sa.Double, nullable=False),
    sa.Column("beat_database", sa.Double, nullable=False),
)


def open_database(url: str) -> sa.Engine:
    """An engine of a database with the tables above, which an empty one gets.

    Raises `DatabaseError` if the database cannot be reached, is damaged, or has tables of another version.
    """
    if url.startswith("sqlite:///"):
        _make_room(Path(url.removeprefix("sqlite:///")))
    try:
        engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise DatabaseError(
            f"SCPO_DATABASE_URL {_shown(url)!r} is not a database this can open ({error}). "
            "Use sqlite:////path/jobs.sqlite or postgresql+psycopg://user:password@host/name, and install its driver."
        ) from None
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_connect)
        sa.event.listen(engine, "begin", _sqlite_begin)
    try:
        ensure_tables(engine, url, metadata)
    except DatabaseError:
        engine.dispose()
        raise
    return engine


def ensure_tables(engine: sa.Engine, url: str, tables: sa.MetaData) -> None:
    """Make these tables in a database that has none of them. Raises `DatabaseError` as `open_database` does."""
    with errors(url):
        with engine.connect() as connection:  # a reader need not wait for its turn to write
            found = _has_tables(connection, url, tables)
        if not found:
            with begin_writing(engine) as connection:
                if connection.dialect.name == "postgresql":  # several processes may open a new database at once
                    connection.execute(sa.text("SELECT pg_advisory_xact_lock(726606)"))
                tables.create_all(connection)


def begin_writing(engine: sa.Engine):
    """A transaction that writes; on SQLite it waits for its turn at its start, not in the middle."""
    return engine.execution_options(scpo_write=True).begin()


def _make_room(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"the workspace {path.parent} cannot be written ({error.strerror}). Set SCPO_WORKSPACE to one that can."
        ) from error


def _sqlite_connect(connection, record) -> None:
    connection.isolation_level = None  # transactions begin where `_sqlite_begin` says
    for pragma in (f"busy_timeout = {BUSY_SECONDS * 1000}", "journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").close()


def _sqlite_begin(connection: sa.Connection) -> None:
    write = connection.get_execution_options().get("scpo_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _has_tables(connection: sa.Connection, url: str, tables: sa.MetaData) -> bool:
    """False for a database without these tables. Raises `DatabaseError` if columns are others than this program's."""
    inspector = sa.inspect(connection)
    there = set(inspector.get_table_names()) & set(tables.tables)
    columns = {name: {column["name"] for column in inspector.get_columns(name)} for name in there}
    if there and columns != {name: set(table.columns.keys()) for name, table in tables.tables.items()}:
        raise DatabaseError(
            f"the job database {_shown(url)} is of another version of this program; it is left as it is. Update the "
            "program (git pull, then the same command), or name another database in SCPO_DATABASE_URL, or move the "
            "file away: run folders are kept and found again."
        )
    return bool(there)


class errors:
    """Turns a database's own errors into a `DatabaseError` that says what to do."""

    def __init__(self, url: str):
        self._url = url

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error, trace) -> None:
        if not isinstance(error, sa.exc.SQLAlchemyError):
            return
        first: BaseException = (
            error  # SQLite ends a transaction by itself when the disk is full; then its rollback fails too
        )
        while "savepoint" in _line(first) and first.__context__:
            first = first.__context__
        cause = _line(first)
        if "locked" in cause:
            todo = "Another process has held it for too long; end that one, or try again."
        elif "not a database" in cause or "malformed" in cause:
            todo = DAMAGED
        elif "readonly" in cause or "read-only" in cause or "unable to open" in cause:
            todo = "Make its folder writable, or set SCPO_WORKSPACE to one that is."
        elif "full" in cause:
            todo = "The disk is full; free some space and try again."
        else:
            todo = "See that the database runs and that SCPO_DATABASE_URL is right, then try again."
        raise DatabaseError(f"the job database {_shown(self._url)} cannot be used: {cause}. {todo}") from error


def damaged(url: str, cause: str) -> DatabaseError:
    """The error of a database whose content is not what was written."""
    return DatabaseError(f"the job database {_shown(url)} cannot be used: {cause}. {DAMAGED}")


def _line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).split("\n")[0]


def _shown(url: str) -> str:
    """A database url without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return url.split("://")[0] + "://..."
