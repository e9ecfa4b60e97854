from .errors import Cancelled as Cancelled
from .errors import NpmError as NpmError
from .masking import Label as Label
from .progress import Progress as Progress
from .progress import silent as silent
