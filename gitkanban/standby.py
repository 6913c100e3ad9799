"""Its name stands in the specs of runs that began before an upgrade; kept until 1.0."""

import sys
import traceback

from gitkanban.tick.standby import main

if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception:
        traceback.print_exc()
        sys.exit(1)
