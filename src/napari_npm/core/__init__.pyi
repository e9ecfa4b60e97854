from .errors import Cancelled as Cancelled
from .errors import NpmError as NpmError
from .masking import Label as Label
from .progress import Progress as Progress
from .progress import silent as silent
from .response import ResponseCurve as ResponseCurve
from .response import default_curve as default_curve
from .response import load_curve as load_curve
