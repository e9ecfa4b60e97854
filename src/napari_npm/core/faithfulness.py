"""Whether relevance can be believed: tests that a relevance map can fail.

`deletion_insertion` asks whether the network uses what the map marks, `parameter_randomisation`
whether the map depends on what the network learned, `class_sensitivity` whether it depends on the
class, `agreement` whether networks of other seeds say the same, and `noise_stability` whether a
little noise changes it. All take what explains as a callable, so that every rule and engine can be
put to them.
"""

from ._flipping import FlippingCurves as FlippingCurves
from ._flipping import deletion_insertion as deletion_insertion
from ._likeness import MEASURES as MEASURES
from ._likeness import Explain as Explain
from ._likeness import Likeness as Likeness
from ._likeness import Pairwise as Pairwise
from ._likeness import likeness as likeness
from ._randomise import Randomisation as Randomisation
from ._randomise import parameter_randomisation as parameter_randomisation
from ._stability import Stability as Stability
from ._stability import agreement as agreement
from ._stability import class_sensitivity as class_sensitivity
from ._stability import noise_stability as noise_stability
