"""Where a lake lies: a local folder, or any file system that fsspec knows (`s3://…`, `memory://…`).

A run's files are put into a folder of their own and count only once the manifest names them. The
manifest is replaced in one step: a rename of a synced file, or one PUT to an object store.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psutil
from upath import UPath

from kuaidai.data.lake.errors import LakeBusy, LakeNotReachable, LakeNotWritable

MANIFEST = "manifest.json"
_WITHOUT_FOLDERS = ("s3", "s3a", "gs", "gcs", "oss", "az", "abfs", "cos")


class LocalFolder:
    """A lake in a folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.base = str(root)

    def attach(self, db: duckdb.DuckDBPyConnection) -> None:
        """Let a connection read the lake; local files need nothing."""

    def manifest(self) -> bytes | None:
        """The manifest's bytes, None before the first ingest."""
        try:
            return (self.root / MANIFEST).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LakeNotReachable(value=self.base, why=_why(error)) from None

    def replace_manifest(self, content: bytes) -> None:
        """Make `content` the manifest: on return it is on the disk, before that the old one counts."""
        draft = self.root / (MANIFEST + ".draft")
        try:
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.root / MANIFEST)
            _sync_folder(self.root)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise LakeNotWritable(value=draft.name, why=_why(error)) from None

    def publish(self, staged: Path, folder: str) -> None:
        """Move a staged run to its folder, every byte of it on the disk."""
        target = self.root / folder
        try:
            for file in staged.rglob("*"):
                if file.is_file():
                    _sync_file(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.rename(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise LakeNotWritable(value=folder, why=_why(error)) from None

    def run_folders(self, dataset: str) -> set[str]:
        """The folders of runs of a dataset that are there, visible or not."""
        folder = self.root / dataset
        return {f"{dataset}/{run.name}" for run in folder.iterdir()} if folder.is_dir() else set()

    def remove(self, folder: str) -> None:
        """Remove what a run left."""
        shutil.rmtree(self.root / folder, ignore_errors=True)

    def side_files(self, folder: str) -> set[str]:
        """The names of files kept beside the runs, in `folder`."""
        there = self.root / folder
        return (
            {file.name for file in there.iterdir() if file.is_file()} if there.is_dir() else set()
        )

    @contextmanager
    def side_stage(self, folder: str) -> Iterator[Path]:
        """An empty folder; what is written into it then stands in `folder`, every file whole."""
        target = self.root / folder
        try:
            target.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".stage-", dir=target) as stage:
                yield Path(stage)
                for file in sorted(Path(stage).iterdir()):
                    file.replace(target / file.name)
        except OSError as error:
            raise LakeNotWritable(value=folder, why=_why(error)) from None

    def remove_side_file(self, name: str) -> None:
        """Remove one of the files kept beside the runs."""
        (self.root / name).unlink(missing_ok=True)

    @contextmanager
    def writer(self) -> Iterator[Path]:
        """Wait until nobody else writes; gives an empty folder to stage runs in."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = (self.root / ".lock").open("w")
        except OSError as error:
            raise LakeNotWritable(value=self.base, why=_why(error)) from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stage = self.root / ".stage"
            shutil.rmtree(stage, ignore_errors=True)  # left by a writer that died
            try:
                stage.mkdir()
                yield stage
            except OSError as error:
                raise LakeNotWritable(value=self.base, why=_why(error)) from None
            finally:
                shutil.rmtree(stage, ignore_errors=True)


class ObjectStore:
    """A lake on a file system without rename and locks. Runs are staged in a local folder."""

    def __init__(self, url: str) -> None:
        try:
            self.root = UPath(url)
            self._fs: Any = self.root.fs
        except (ImportError, ValueError) as error:
            raise LakeNotReachable(value=url, why=str(error)) from None
        self.base = url.rstrip("/")

    def attach(self, db: duckdb.DuckDBPyConnection) -> None:
        """Let a connection read the lake's files through fsspec."""
        db.register_filesystem(self._fs)

    def _make_folder(self, path: str) -> None:
        """Object stores have no folders; asked for one they would make a bucket."""
        if self.root.protocol not in _WITHOUT_FOLDERS:
            self._fs.makedirs(path, exist_ok=True)

    def _at(self, name: str) -> str:
        return f"{self.base}/{name}"

    def manifest(self) -> bytes | None:
        """The manifest's bytes, None before the first ingest."""
        try:
            self._fs.invalidate_cache()
            return bytes(self._fs.cat_file(self._at(MANIFEST)))
        except FileNotFoundError:
            return None
        except Exception as error:  # every store has failures of its own
            raise LakeNotReachable(value=self.base, why=_why(error)) from None

    def replace_manifest(self, content: bytes) -> None:
        """Make `content` the manifest in one PUT."""
        try:
            self._fs.pipe_file(self._at(MANIFEST), content)
        except Exception as error:
            raise LakeNotWritable(value=self._at(MANIFEST), why=_why(error)) from None

    def publish(self, staged: Path, folder: str) -> None:
        """Copy a staged run to its folder, where nobody looks before the manifest names it."""
        try:
            for file in sorted(staged.rglob("*")):
                if file.is_file():
                    target = self._at(f"{folder}/{file.relative_to(staged).as_posix()}")
                    self._make_folder(target.rpartition("/")[0])
                    self._fs.put_file(str(file), target)
        except Exception as error:
            raise LakeNotWritable(value=self._at(folder), why=_why(error)) from None

    def run_folders(self, dataset: str) -> set[str]:
        """The folders of runs of a dataset that are there, visible or not."""
        try:
            found = self._fs.ls(self._at(dataset), detail=False)
        except FileNotFoundError:
            return set()
        except Exception as error:
            raise LakeNotReachable(value=self._at(dataset), why=_why(error)) from None
        return {f"{dataset}/{name.rstrip('/').rpartition('/')[2]}" for name in found}

    def remove(self, folder: str) -> None:
        """Remove what a run left."""
        with suppress(Exception):  # nobody reads it, and the next writer tries again
            if self._fs.exists(self._at(folder)):
                self._fs.rm(self._at(folder), recursive=True)

    def side_files(self, folder: str) -> set[str]:
        """The names of files kept beside the runs, in `folder`."""
        try:
            self._fs.invalidate_cache()
            found = self._fs.ls(self._at(folder), detail=False)
        except FileNotFoundError:
            return set()
        return {name.rpartition("/")[2] for name in found}

    @contextmanager
    def side_stage(self, folder: str) -> Iterator[Path]:
        """An empty local folder; what is written into it is then put into `folder`."""
        with tempfile.TemporaryDirectory(prefix="kuaidai-side-") as stage:
            yield Path(stage)
            self.publish(Path(stage), folder)

    def remove_side_file(self, name: str) -> None:
        """Remove one of the files kept beside the runs."""
        if self._fs.exists(self._at(name)):
            self._fs.rm_file(self._at(name))

    @contextmanager
    def writer(self) -> Iterator[Path]:
        """Take the lake's writer mark; gives an empty local folder to stage runs in.

        Raises `LakeBusy` while another writer holds the mark; one of a dead process here is taken over.
        """
        mark = self._at("writer.json")
        mine = {
            "host": socket.gethostname(),
            "process": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._take(mark, json.dumps(mine).encode())
        try:
            with tempfile.TemporaryDirectory(prefix="kuaidai-lake-") as stage:
                yield Path(stage)
        except OSError as error:
            raise LakeNotWritable(value=self.base, why=_why(error)) from None
        finally:
            with suppress(Exception):  # what happened before says more; the mark names this process
                self._fs.rm_file(mark)

    def _take(self, mark: str, content: bytes) -> None:
        try:
            self._fs.invalidate_cache()
            self._make_folder(self.base)
            try:
                self._fs.pipe_file(mark, content, mode="create")
            except FileExistsError:
                held = json.loads(self._fs.cat_file(mark))
                if not _is_dead(held):
                    raise LakeBusy(value=self.base, mark=mark, **held) from None
                self._fs.pipe_file(mark, content)
        except (LakeBusy, KeyboardInterrupt):
            raise
        except Exception as error:
            raise LakeNotWritable(value=self.base, why=_why(error)) from None


Storage = LocalFolder | ObjectStore


def open_storage(root: str | os.PathLike[str]) -> Storage:
    """The storage at a path or URL. Raises `LakeNotReachable` for a URL of an unknown kind."""
    text = os.fspath(root) if not isinstance(root, UPath) else str(root)
    if text.startswith("file://"):
        return LocalFolder(Path(text.removeprefix("file://")))
    return ObjectStore(text) if "://" in text else LocalFolder(Path(text))


def _is_dead(held: dict[str, Any]) -> bool:
    """Whether a mark is of a process of this machine that is gone."""
    if held["host"] != socket.gethostname():
        return False
    return not psutil.pid_exists(held["process"])


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0]


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
