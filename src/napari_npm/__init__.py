"""Nanoporosity maps, a network that tells samples apart, and where it looked.

The subpackages are loaded on first use: ``core`` (numerics), ``io`` (SEM files), ``figures``
(matplotlib figures) and ``study`` (a study on disk and its steps).
"""

import lazy_loader as _lazy

__version__ = "0.1.0"

__getattr__, __dir__, _ = _lazy.attach_stub(__name__, __file__)
__all__ = ["__version__", "core", "figures", "io", "study"]
