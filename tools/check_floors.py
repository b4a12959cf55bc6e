#!/usr/bin/env python3
"""Holds the include graph to the floors: a folder of src/ includes itself and folders on floors below it, no neighbour, nothing above."""
import pathlib
import re
import sys

FLOORS = [
    ["base"],
    ["tensor", "text", "store", "net"],
    ["contract"],
    ["model", "queue"],
    ["engine", "train"],
    ["agent"],
    ["serve", "eval", "forge"],
    ["app"],
]
FLOOR_OF = {folder: floor for floor, folders in enumerate(FLOORS) for folder in folders}


def violations(root: pathlib.Path):
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in {".h", ".cc"}:
            continue
        folder = path.relative_to(root / "src").parts[0]
        if folder not in FLOOR_OF:
            yield f"{path}: folder src/{folder} is on no floor; name it in tools/check_floors.py"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#include "([^/"]+)/', line)
            if not match:
                continue
            target = match.group(1)
            if target == folder:
                continue
            if target not in FLOOR_OF:
                yield f"{path}:{number}: includes unknown folder {target}/"
            elif FLOOR_OF[target] >= FLOOR_OF[folder]:
                yield f"{path}:{number}: {folder} (floor {FLOOR_OF[folder]}) includes {target} (floor {FLOOR_OF[target]})"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(violations(root))
    for line in found:
        print(line)
    print(f"floors: {len(found)} violations")
    sys.exit(1 if found else 0)


main()
