"""Hides the plug-ins that are installed in this environment, so that tests do not depend on what else is there.

Python runs this at its start where the folder is on PYTHONPATH, which tests/conftest.py sees to; the plug-in manager is
changed when it is loaded, and nothing loads for it. Plug-ins in other folders of PYTHONPATH are found as ever.
"""

import sys


def hiding(entry_points):
    """Return `entry_points` without those of distributions in this environment's site-packages."""
    import sysconfig
    from pathlib import Path

    installed = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}

    def found(**asked):
        known = entry_points(**asked)
        return tuple(each for each in known if Path(each.dist.locate_file("")).resolve() not in installed)

    return found


class _AtTheManager:
    """Waits for the plug-in manager to be imported, once."""

    def find_spec(self, name, path=None, target=None):
        if name != "qrecipe.host.manager":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        run = spec.loader.exec_module

        def run_and_hide(module):
            run(module)
            module.entry_points = hiding(module.entry_points)

        spec.loader.exec_module = run_and_hide
        return spec


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, _AtTheManager())
