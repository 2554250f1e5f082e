"""`python -m nasbench`, and the command itself: an interrupt is told in a sentence from the first moment on."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit, see `nasbench.cli.main.main`."""
    try:
        from nasbench.cli.main import main as run

        run()
    except KeyboardInterrupt:  # while modules are imported, before or after the command's own work
        print("nasbench: interrupted.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
