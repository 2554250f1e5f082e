"""What an importer is given and what it returns.

An importer is a module of `nasbench.tables.sources` with `import_source(source, folder, options)`, which writes the table of a
source into an empty folder.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImportReport:
    """What an importer wrote.

    Attributes:
        missing: architectures of the space (or of what the source announces) that the source lacks, as strings.
        notes: what was noticed, each a sentence: disagreements, what was left out.
    """

    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How a source is to be imported.

    Attributes:
        kind: the format, one of `nasbench.tables.importers.FORMATS`.
        name: name of the table.
        trusted: whether a file that can only be read by running what it says may be read.
        jobs: processes, where the importer can use several.
    """

    kind: str
    name: str
    trusted: bool = False
    jobs: int = 1
