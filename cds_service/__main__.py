"""`python -m cds_service`: the same as `cds-service`."""

from __future__ import annotations

from cds_service.cli import main

if __name__ == "__main__":
    main()
