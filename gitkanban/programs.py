"""Where a program lies, found by looking at names and modes alone; nothing is run.

Light to import: `status` looks again before it shows what it has cached.
"""

import os

NOT_ON_PATH = "not on PATH"
NO_FILE = "no such file"
NOT_EXECUTABLE = "is not executable"


def find(name: str, path: str) -> tuple[str, str]:
    """(where a program is, why it cannot be run); one of the two is empty.

    `name` is a word of execvp(3): with a slash it is a path itself, else it is looked for in the
    folders of `path`. A file that may not be executed counts only where no other is found.
    """
    if "/" in name:
        fault = _find_fault(name)
        return ("", fault) if fault else (name, "")
    fault = NOT_ON_PATH
    for folder in path.split(os.pathsep):
        file = os.path.join(folder, name)
        why = _find_fault(file)
        if not why:
            return file, ""
        if why == NOT_EXECUTABLE and fault == NOT_ON_PATH:
            fault = f"{file} {why}"
    return "", fault


def _find_fault(file: str) -> str:
    if not os.path.isfile(file):
        return NO_FILE
    return "" if os.access(file, os.X_OK) else NOT_EXECUTABLE
