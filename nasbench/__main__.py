"""Entry point of the command and of `python -m nasbench`; interrupts are reported in one sentence from the start."""

from __future__ import annotations

import sys
from pathlib import Path

import nasbench

DISTRIBUTION = "nas-verify"


def main() -> None:
    """Run the command line and exit, see `nasbench.cli.main.main`."""
    if getattr(nasbench, "DISTRIBUTION", None) != DISTRIBUTION:
        print(f"nasbench: {_overwritten()}", file=sys.stderr)
        sys.exit(2)
    try:
        from nasbench.cli.main import main as run

        run()
    except KeyboardInterrupt:  # while modules are imported, before or after the command's own work
        print("nasbench: interrupted.", file=sys.stderr)
        sys.exit(130)


def _overwritten() -> str:
    """Return instructions for the case that another package named `nasbench` was installed over this one."""
    return (
        f"{Path(__file__).with_name('__init__.py')} is not the file of {DISTRIBUTION}, another package named nasbench has overwritten it; "
        f"uninstall that package, then run pip install --force-reinstall --no-deps {DISTRIBUTION}."
    )


if __name__ == "__main__":
    main()
