#!/usr/bin/env python3
"""Removes what an installation of a build put there: its files, and the folders that nobody else uses.

Which files: those that the build would install now, for its prefix, below DESTDIR if that is set. Folders of the
library's own go when they are empty; others only if an installation from this build made them (its log, which
tools/install.sh keeps) and they are empty. Usage: uninstall.py BUILD_DIR
"""
import json
import os
import pathlib
import subprocess
import sys


def below_destdir(path):
    """Where a file of the installation is."""
    destdir = os.environ.get('DESTDIR', '')
    return pathlib.Path(destdir).absolute() / path.lstrip('/') if destdir else pathlib.Path(path)


def installed(build):
    """The files; those of a folder that is installed as a whole, such as html, one by one."""
    found = json.loads(subprocess.run(['meson', 'introspect', build, '--installed'], check=True,
                                      capture_output=True).stdout)
    for source, target in found.items():
        folder = pathlib.Path(build) / source
        if folder.is_dir():
            for path in folder.rglob('*'):
                if not path.is_dir():
                    yield below_destdir(os.path.join(target, path.relative_to(folder)))
        else:
            yield below_destdir(target)


def made_folders(build):
    """The folders that installations from this build have made."""
    log = pathlib.Path(build) / 'installed-folders.txt'
    return {pathlib.Path(line) for line in log.read_text().splitlines()} if log.exists() else set()


def is_ours(folder):
    """Whether its name says that nobody else puts anything there."""
    return any(part in ('effect', 'libeffect') for part in folder.parts[-2:])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = sys.argv[1]
    made = made_folders(build)
    files = list(installed(build))
    n = 0
    for path in files:
        if path.is_symlink() or path.exists():
            path.unlink()
            n += 1
    # Innermost first, so that a folder which held only empty ones is empty itself.
    above = {folder for path in files for folder in path.parents}
    for folder in sorted(above, key=lambda f: len(f.parts), reverse=True):
        if (is_ours(folder) or folder in made) and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    print(f'{n} files removed')


main()
