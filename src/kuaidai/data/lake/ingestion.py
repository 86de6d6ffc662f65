"""Ingest: every file of a delivery becomes a run, and all runs become visible at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from kuaidai.data.lake import manifest as manifests
from kuaidai.data.lake.corrections import find_superseded
from kuaidai.data.lake.datasets import DATASETS
from kuaidai.data.lake.errors import LakeNotWritable
from kuaidai.data.lake.files import Incoming
from kuaidai.data.lake.listing import list_files
from kuaidai.data.lake.manifest import IngestRun, Manifest
from kuaidai.data.lake.mapped_rows import lookup_files
from kuaidai.data.lake.mapping import Mapping
from kuaidai.data.lake.staging import Delivery, refusal_of, stage_file, working_connection
from kuaidai.data.lake.storage import MANIFEST, Storage
from kuaidai.data.lake.texts import digest
from kuaidai.kernel.canonical import canonical_json, sha256_hex


@dataclass(frozen=True)
class IngestReport:
    """What an ingest did: runs made, and files that were there already."""

    runs: tuple[IngestRun, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """How far an ingest is: the file, what is being done with it, how much is done and to do in all.

    Every byte of a file counts twice: once when it is read, once when its rows are written.
    """

    file: str
    doing: str
    done: int
    total: int


Progress = Callable[[Step], None]


def silent(step: Step) -> None:
    """A progress that nobody watches."""


@dataclass(frozen=True)
class _Ingest:
    storage: Storage
    stage: Path
    personal_key: str


def ingest_files(
    storage: Storage,
    before: Manifest,
    files: list[Incoming],
    *,
    stage: Path,
    received_on: date | None,
    personal_key: str,
    memory_limit: str,
    progress: Progress,
) -> IngestReport:
    """Stage, publish and make visible the runs of `files`; the writer's lock is held by the caller."""
    _remove_leftovers(storage, before)
    work = _Ingest(storage, stage, personal_key)
    total = 2 * sum(each.file.stat().st_size for each in files)
    latest = {run.content: run.mapping for run in before.runs}
    after, skipped, done = before, [], 0
    with working_connection(stage, memory_limit) as db:
        storage.attach(db)
        for each in files:
            progress(Step(each.file.name, "looking at", done, total))
            run = _new_run(after, each, received_on)
            if latest.get(run.content) == run.mapping:
                skipped.append(run.file)
            else:
                latest[run.content] = run.mapping
                watch = _watch(progress, each.file, done, total)
                after = after.grown([_stage(db, work, after, run, each, watch)])
            done += 2 * each.file.stat().st_size
    runs = after.runs[len(before.runs) :]
    if runs:
        progress(Step("", "publishing", total, total))
        _publish(storage, stage, before, after)
    return IngestReport(runs, tuple(skipped))


def _remove_leftovers(storage: Storage, before: Manifest) -> None:
    """Remove the folders of runs that died before the manifest named them."""
    visible = {run.folder for run in before.runs}
    for name in DATASETS:
        for folder in storage.run_folders(name) - visible:
            storage.remove(folder)


def _new_run(before: Manifest, incoming: Incoming, received_on: date | None) -> IngestRun:
    number, content, dataset = before.next_number, digest(incoming.file), incoming.contract.name
    return IngestRun(
        number=number,
        dataset=dataset,
        file=incoming.file.name,
        sha256=content,
        mapping=_mapping_digest(incoming.mapping, incoming.file) if incoming.mapping else "",
        rows=0,
        quarantined=0,
        received_on=received_on,
        folder=f"{dataset}/run-{number:06d}-{content[:12]}",
        columns=tuple(column.name for column in incoming.contract.columns),
    )


def _mapping_digest(mapping: Mapping, file: Path) -> str:
    """What a mapping makes of a file rests on its own content and on its look-up files'."""
    others = [digest(path) for path in lookup_files(mapping, file)]
    return sha256_hex(canonical_json([asdict(mapping), others]))


def _watch(progress: Progress, file: Path, before: int, total: int) -> Callable[[str, int], None]:
    done = before

    def advance(doing: str, taken: int) -> None:
        nonlocal done
        done += taken
        progress(Step(file.name, doing, done, total))

    return advance


def _stage(
    db: duckdb.DuckDBPyConnection,
    work: _Ingest,
    before: Manifest,
    run: IngestRun,
    incoming: Incoming,
    advance: Callable[[str, int], None],
) -> IngestRun:
    """Write a file's run into the stage, with the list of what it supersedes."""
    target = work.stage / run.folder
    contract = incoming.contract
    delivery = Delivery(incoming.file, contract, incoming.mapping, run.known_from, run.number)
    staged = stage_file(db, delivery, target, work.personal_key, advance)
    run = replace(run, rows=staged.rows, quarantined=staged.quarantined, months=staged.months)
    advance("looking for earlier versions", incoming.file.stat().st_size)
    known = before.of(run.dataset)
    listing = list_files(contract, known, lambda old: _place(work, old))
    try:
        return replace(run, ended=find_superseded(db, run, target, listing, known))
    except duckdb.Error as error:
        raise refusal_of(error, incoming.file) from None


def _place(work: _Ingest, run: IngestRun) -> str:
    """Where an earlier run lies: in the lake, or still in the stage beside this one."""
    staged = work.stage / run.folder
    return str(staged) if staged.exists() else f"{work.storage.base}/{run.folder}"


def _publish(storage: Storage, stage: Path, before: Manifest, after: Manifest) -> None:
    """Put the new runs in place, then name them; whatever fails, nothing of them stays."""
    runs = after.runs[len(before.runs) :]
    try:
        for run in runs:
            storage.publish(stage / run.folder, run.folder)
        if manifests.read(storage) != before:  # where there are no locks: somebody deleted our mark
            why = "another writer has replaced it in the meantime"
            raise LakeNotWritable(value=f"{storage.base}/{MANIFEST}", why=why)
        storage.replace_manifest(manifests.dump(after))
    except BaseException:
        if manifests.read(storage) != after:
            for run in runs:
                storage.remove(run.folder)
        raise
