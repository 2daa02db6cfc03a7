"""The log on disk: one SQLite file, one table, one row for each write, durable when `append` returns.

WAL with synchronous=FULL: an acknowledged write survives `kill -9` and loss of power. The file carries a version
in `user_version` and a mark in `application_id`; a file of another kind or version, or a damaged one, is refused.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from picok8s.store.log import Change, StoreError

APPLICATION_ID = 0x7069636F  # "pico"
VERSION = 1
SCHEMA = (
    """CREATE TABLE log (
        revision INTEGER PRIMARY KEY,
        storage TEXT NOT NULL,
        namespace TEXT NOT NULL,
        name TEXT NOT NULL,
        deleted INTEGER NOT NULL,
        data BLOB NOT NULL
    ) STRICT""",
    "CREATE INDEX log_key ON log (storage, namespace, name, revision)",
    "CREATE TABLE compacted (revision INTEGER NOT NULL) STRICT",
    "INSERT INTO compacted VALUES (0)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
INSERT = "INSERT INTO log (revision, storage, namespace, name, deleted, data) VALUES (?, ?, ?, ?, ?, ?)"
# A row goes when a later one of its key is also at or before the revision, or when it is the end of a deleted object.
COMPACT = """DELETE FROM log WHERE revision <= :at AND (
    deleted OR EXISTS (
        SELECT 1 FROM log AS later
        WHERE later.storage = log.storage AND later.namespace = log.namespace AND later.name = log.name
        AND later.revision > log.revision AND later.revision <= :at
    )
)"""


class SqliteLog:
    """The datastore at `path`, made when it is missing. Raises StoreError when it cannot be trusted."""

    durable = True

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            new = _examine(path)
            self.db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = FULL")
            self.db.execute("PRAGMA journal_size_limit = 16777216")
            if new:
                self._make()
        except sqlite3.Error as error:
            raise StoreError(_advice(path, str(error))) from error
        path.chmod(0o600)

    def _make(self) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        for statement in SCHEMA:
            self.db.execute(statement)
        self.db.execute("COMMIT")

    def load(self) -> tuple[int, int, Iterator[Change]]:
        compacted = self.db.execute("SELECT revision FROM compacted").fetchone()[0]
        newest = self.db.execute("SELECT max(revision) FROM log").fetchone()[0] or 0
        return max(newest, compacted), compacted, self._changes()

    def _changes(self) -> Iterator[Change]:
        rows = self.db.execute("SELECT revision, storage, namespace, name, data, deleted FROM log ORDER BY revision")
        try:
            for revision, storage, namespace, name, data, deleted in rows:
                yield Change(revision, storage, namespace, name, data, bool(deleted))
        except sqlite3.Error as error:
            raise StoreError(_advice(self.path, str(error))) from error

    def append(self, changes: list[Change]) -> None:
        try:
            self.db.execute("BEGIN IMMEDIATE")
            self.db.executemany(
                INSERT, [(c.revision, c.storage, c.namespace, c.name, c.deleted, c.data) for c in changes]
            )
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise StoreError(f"the datastore {self.path} could not be written: {error}") from error

    def compact(self, revision: int) -> None:
        try:
            self.db.execute("BEGIN IMMEDIATE")
            # The floor stays below what is kept, so that the newest revision is never lost with a deleted object.
            self.db.execute("UPDATE compacted SET revision = max(revision, ?)", (revision,))
            self.db.execute(COMPACT, {"at": revision})
            self.db.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise StoreError(f"the datastore {self.path} could not be compacted: {error}") from error

    def _undo(self) -> None:
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def close(self) -> None:
        self.db.close()


def _examine(path: Path) -> bool:
    """Whether a new datastore is to be made. Refuses a file that is none of ours, or damaged; it is opened for reading only."""
    if not path.exists():
        return True
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        mark = db.execute("PRAGMA application_id").fetchone()[0]
        if version == 0 and db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            return True
        if mark != APPLICATION_ID:
            raise StoreError(f"{path} is a database of another program; move it away or choose another --root")
        if version != VERSION:
            raise StoreError(
                f"the datastore {path} has version {version} and this picok8s reads version {VERSION}; "
                "run the release that wrote it, or restore a backup"
            )
        verdict = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StoreError(_advice(path, verdict))
    return False


def _advice(path: Path, why: str) -> str:
    return (
        f"the datastore {path} is damaged or is no datastore ({' '.join(why.split())}); nothing was changed. "
        f"Restore a backup, or move {path.name} away to begin with an empty cluster"
    )
