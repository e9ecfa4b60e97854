from . import core as core
from . import figures as figures
from . import io as io
from . import study as study

__version__: str
