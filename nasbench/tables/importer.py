"""Interface of importers: options and report.

An importer is a module of `nasbench.tables.sources` with `import_source(source, folder, options)`, which writes the table of a
source into an empty folder.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImportReport:
    """Report of an import.

    Attributes:
        missing: architectures of the space (or announced by the source) that the source lacks, as strings.
        notes: remarks on disagreements and omissions, one sentence each.
    """

    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """Options of an import.

    Attributes:
        kind: the format, one of `nasbench.tables.importers.FORMATS`.
        name: name of the table.
        trusted: whether to allow unpickling, which can execute arbitrary code.
        jobs: number of processes, if the importer supports several.
    """

    kind: str
    name: str
    trusted: bool = False
    jobs: int = 1
