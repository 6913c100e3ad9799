"""An alias of `tick.standby`: the specs of runs, which live through upgrades, name this module."""

import sys
import traceback

from gitkanban.tick.standby import main

if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception:
        traceback.print_exc()
        sys.exit(1)
