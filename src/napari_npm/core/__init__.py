"""The method's numerics: arrays in, arrays and small frozen dataclasses out.

Every public name is exported here and loaded on first use (the stub file lists them), so that
importing the package costs neither torch nor numba.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
