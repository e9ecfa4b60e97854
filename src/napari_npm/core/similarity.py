"""Shared characteristic patterns (SI section 4): differences, order, groups and what they share."""

from .differences import difference_matrix as difference_matrix
from .ordering import Ordering as Ordering
from .ordering import order as order
from .ordering import total_gradient as total_gradient
