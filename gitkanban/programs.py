"""Find where a program is, by names and modes alone; nothing is run.

Light to import: `status` looks again before it shows what it has cached.
"""

import os

NOT_ON_PATH = "not on PATH"
NO_FILE = "no such file"
NOT_EXECUTABLE = "is not executable"


def find(name: str, path: str) -> tuple[str, str]:
    """Return (path of the program, why it cannot be run); one of the two is empty.

    `name` is read as by execvp(3): with a slash it is a path, otherwise it is looked up in the
    folders of `path`. A file that is not executable counts only if no other is found.
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
