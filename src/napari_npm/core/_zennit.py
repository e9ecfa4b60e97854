"""The one place where zennit is imported, made safe against a torchvision of another build."""

import importlib
import sys
from typing import Any

import torch

# An operator library's registrations end with the object: keep it as long as Python runs.
_OPERATORS: list[Any] = []


def _load() -> None:
    """Import zennit, defining torchvision's missing operators where its build does not fit.

    zennit imports torchvision, of which nothing is needed here. A CUDA build of torchvision beside
    a CPU build of torch lacks its compiled operators and fails at import with "operator
    torchvision::nms does not exist"; with the two schemas defined it imports.
    """
    try:
        importlib.import_module("zennit")
        return
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] in ("torchvision", "zennit")]:
        del sys.modules[name]  # half imported
    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _OPERATORS.append(library)
    importlib.import_module("zennit")


_load()

from zennit.core import BasicHook as BasicHook  # noqa: E402 - after the guard
from zennit.core import Composite as Composite  # noqa: E402 - after the guard
from zennit.core import ParamMod as ParamMod  # noqa: E402 - after the guard
from zennit.rules import Epsilon as Epsilon  # noqa: E402 - after the guard
from zennit.rules import Norm as Norm  # noqa: E402 - after the guard
from zennit.rules import Pass as Pass  # noqa: E402 - after the guard
from zennit.rules import ZBox as ZBox  # noqa: E402 - after the guard
from zennit.rules import ZPlus as ZPlus  # noqa: E402 - after the guard
from zennit.types import Activation as Activation  # noqa: E402 - after the guard
from zennit.types import AvgPool as AvgPool  # noqa: E402 - after the guard
from zennit.types import BatchNorm as BatchNorm  # noqa: E402 - after the guard
from zennit.types import Linear as Linear  # noqa: E402 - after the guard
