"""Runs a command; says how long it took and the most memory that it ever had.

`python -m bench.peak PROGRAM ARGUMENT…` stands between the bench and the command, because a process
inherits the peak of the one that starts it, and this one is small. What the command prints goes to
standard error; on standard output is one line of JSON.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run the command of the arguments, and exit as it does."""
    began = time.perf_counter()
    to_errors = [(os.POSIX_SPAWN_DUP2, 2, 1)]
    process_id = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=to_errors)
    _, status, usage = os.wait4(process_id, 0)
    seconds = time.perf_counter() - began
    # Linux counts in KiB, macOS in bytes.
    peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes}))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
