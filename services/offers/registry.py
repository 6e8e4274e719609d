"""The registry: the catalogue in force, compiled once a process, and those before it."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import structlog
from prometheus_client import Gauge

from chassis import InvalidInput, NotFound
from chassis.core.applied_files import FileStanding, file_standing
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.offers import store
from services.offers.configuration import CatalogueFile, read_catalogue
from services.offers.domain.catalogue import Catalogue

CATALOGUE_FILE_UNUSED = Gauge(
    "cdp_catalogue_file_unused",
    "1 if the offers.yaml that this process has read is not the one in force.",
    ["service"],
)
CATALOGUE_UNREADABLE = Gauge(
    "cdp_catalogue_unreadable",
    "1 if this process cannot read the catalogue in force, and decides by an earlier one.",
    ["service"],
)
_KEPT = 8  # catalogues that stay compiled; a day of decisions is mostly by one or two

_log = structlog.get_logger("offers")


class CatalogueRegistry:
    """The catalogue in force: `file` until the database has said which one is."""

    def __init__(self, file: CatalogueFile) -> None:
        self.current = file.catalogue
        """The catalogue to decide by."""
        self.file = file
        """The file that this process has read."""
        self.is_known = False
        """Whether the database has said which one that is."""
        self._standing: FileStanding | None = None
        self._unreadable: str | None = None
        self._compiled: OrderedDict[str, Catalogue] = OrderedDict()

    def refresh(self, work: UnitOfWorkRunner) -> None:
        """Put this process's file in force if it is new, and take over the one that is.

        Unavailable if the database does not answer: the catalogue stays as it is.
        """
        applied = work.read(store.applied_catalogues)
        standing = file_standing(self.file.applied, applied)
        if standing is FileStanding.NEW:
            standing = work.run(partial(start_with, file=self.file))
            applied = work.read(store.applied_catalogues)
        self._note(standing, work.source)
        in_force = applied[-1].fingerprint
        if in_force != self.current.fingerprint:
            self._take_over(in_force, work)
        elif self._unreadable:
            self._note_unreadable(None, work.source)
        self.is_known = True

    def in_force(self, work: UnitOfWorkRunner) -> Catalogue:
        """The catalogue in force, for what must not go by another one, not even at the start.

        Unavailable if the database has not said yet which one that is, and does not answer.
        """
        if not self.is_known:
            self.refresh(work)
        return self.current

    def of(self, unit: UnitOfWork, fingerprint: str) -> Catalogue:
        """The catalogue of this fingerprint; NotFound if it was never in force here."""
        if fingerprint == self.current.fingerprint:
            return self.current
        catalogue = self._compiled.get(fingerprint)
        if catalogue is None:
            text = store.catalogue_text(unit, fingerprint)
            if text is None:
                raise NotFound("catalogue", f"{fingerprint} was never in force here")
            catalogue = self._compiled[fingerprint] = read_catalogue(text)
            if len(self._compiled) > _KEPT:
                self._compiled.popitem(last=False)
        return catalogue

    def _take_over(self, fingerprint: str, work: UnitOfWorkRunner) -> None:
        try:
            self.current = work.read(partial(self.of, fingerprint=fingerprint))
        except InvalidInput as error:  # of a later release
            if self._unreadable != fingerprint:
                self._note_unreadable(fingerprint, work.source)
                _log.error("catalogue_unreadable", fingerprint=fingerprint, error=str(error))
            return
        self._note_unreadable(None, work.source)
        _log.info("catalogue_in_force", service=work.source, fingerprint=fingerprint)

    def _note_unreadable(self, fingerprint: str | None, service: str) -> None:
        self._unreadable = fingerprint
        CATALOGUE_UNREADABLE.labels(service).set(fingerprint is not None)

    def _note(self, standing: FileStanding, service: str) -> None:
        """Say how this process's file stands to the one in force, whenever that changes."""
        if standing is self._standing:
            return
        self._standing = standing
        is_in_force = standing in (FileStanding.NEW, FileStanding.IN_FORCE)
        CATALOGUE_FILE_UNUSED.labels(service).set(not is_in_force)
        if not is_in_force:
            _log.warning(
                "catalogue_file_unused",
                service=service,
                fingerprint=self.file.catalogue.fingerprint,
                reason=f"it {standing.value}; `cdp offers apply` puts it in force",
            )


def start_with(unit: UnitOfWork, file: CatalogueFile) -> FileStanding:
    """Put the file that a process starts with in force if it is new; how it stood before."""
    standing = file_standing(file.applied, store.applied_catalogues(unit))
    if standing is FileStanding.NEW:
        put_in_force(unit, file)
    return standing


def put_in_force(unit: UnitOfWork, file: CatalogueFile) -> None:
    """Put a file in force as it stands, whatever was in force before."""
    store.put_catalogue(unit, file.catalogue.fingerprint, file.text, is_shipped=file.is_shipped)
