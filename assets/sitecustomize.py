"""Puts hopscope's probe around the app of whichever ASGI server this Python process turns out to run.

``hopscope run`` puts the folder of this file first in ``PYTHONPATH``; Python imports it as it starts, in every process,
also in workers and behind reloaders. Nothing is imported here for it: each server's own module is changed when, and only
if, it is loaded. Then the folder is taken off ``sys.path``, and a ``sitecustomize`` of the user's own gets its turn.
"""

import functools
import importlib.abc
import importlib.util
import os
import sys


def _around_the_app(call, index, name):
    """``call`` with the probe around its argument ``name``, or the one at ``index``."""

    @functools.wraps(call)
    def probed(*args, **kwargs):
        if name in kwargs:
            kwargs[name] = _wrapped(kwargs[name])
        elif len(args) > index:
            args = (*args[:index], _wrapped(args[index]), *args[index + 1 :])
        return call(*args, **kwargs)

    return probed


def _wrapped(app):
    import hopscope_probe

    wrapped = hopscope_probe.wrap(app)
    if wrapped is not app:
        _tell()
    return wrapped


def _tell():
    """Lets ``hopscope run`` know that an app was found, by a file that it waits for."""
    sign = os.environ.get("HOPSCOPE_PROBE_SIGN")
    if sign:
        try:
            with open(sign, "a"):
                pass
        except OSError:
            pass


def _uvicorn(module):
    # Also what fastapi-cli and gunicorn's uvicorn workers come to. The server's own middleware for forwarding headers
    # stays outside: the probe tells the scope that it leaves.
    load = module.Config.load

    @functools.wraps(load)
    def load_probed(self):
        load(self)
        outer = self.loaded_app
        if type(outer).__name__ == "ProxyHeadersMiddleware":
            outer.app = _wrapped(outer.app)
        else:
            self.loaded_app = _wrapped(outer)

    module.Config.load = load_probed


def _hypercorn(module):
    if hasattr(module, "wrap_app"):
        module.wrap_app = _around_the_app(module.wrap_app, 0, "app")


def _daphne(module):
    module.Server.__init__ = _around_the_app(module.Server.__init__, 1, "application")


def _granian(module):
    module._callback_wrapper = _around_the_app(module._callback_wrapper, 0, "callback")


def _gunicorn(module):
    load = module.ASGIWorker.load_wsgi

    @functools.wraps(load)
    def load_probed(self):
        load(self)
        self.asgi = _wrapped(self.asgi)

    module.ASGIWorker.load_wsgi = load_probed


SERVERS = {
    "uvicorn.config": _uvicorn,
    "hypercorn.utils": _hypercorn,
    "daphne.server": _daphne,
    "granian.asgi": _granian,
    "gunicorn.workers.gasgi": _gunicorn,
}


class _Finder(importlib.abc.MetaPathFinder):
    """Stands before the other finders, and lets them find all modules."""

    def find_spec(self, fullname, path=None, target=None):
        change = SERVERS.pop(fullname, None)
        if change is None:
            return None
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, change)
        return spec


class _Loader(importlib.abc.Loader):
    """The module's own loader, and the change once it is done."""

    def __init__(self, loader, change):
        self._loader, self._change = loader, change

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        try:
            self._change(module)
        except Exception as error:
            sys.stderr.write("hopscope: no probe in %s: %s: %s\n" % (module.__name__, type(error).__name__, error))


def _users_own():
    """Runs the ``sitecustomize`` that this one stands before."""
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


_FOLDER = os.path.dirname(os.path.abspath(__file__))
if os.environ.get("HOPSCOPE_PROBE") == "1":
    # Loaded while its folder can still be found.
    import hopscope_probe  # noqa: F401

    sys.meta_path.insert(0, _Finder())
sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != _FOLDER]
_users_own()
