"""The elements: symbols and standard atomic weights of hydrogen to uranium."""

from .errors import NpmError

SYMBOLS = (
    "",  # so that an element's place is its atomic number
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al",
    "Si", "P", "S", "Cl", "Ar", "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe",
    "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",
    "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te",
    "I", "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb",
    "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt",
    "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th", "Pa",
    "U",
)  # fmt: skip

# Standard atomic weights in g/mol after IUPAC (doi:10.1515/pac-2019-0603), conventional values
# where IUPAC gives an interval, the mass number of the longest-lived isotope where it gives none.
ATOMIC_WEIGHTS = (
    float("nan"),
    1.008, 4.002602, 6.94, 9.0121831, 10.81, 12.011, 14.007, 15.999,
    18.998403163, 20.1797, 22.98976928, 24.305, 26.9815384, 28.085, 30.973761998, 32.06,
    35.45, 39.95, 39.0983, 40.078, 44.955907, 47.867, 50.9415, 51.9961,
    54.938043, 55.845, 58.933194, 58.6934, 63.546, 65.38, 69.723, 72.63,
    74.921595, 78.971, 79.904, 83.798, 85.4678, 87.62, 88.905838, 91.224,
    92.90637, 95.95, 97.0, 101.07, 102.90549, 106.42, 107.8682, 112.414,
    114.818, 118.71, 121.76, 127.6, 126.90447, 131.293, 132.90545196, 137.327,
    138.90547, 140.116, 140.90766, 144.242, 145.0, 150.36, 151.964, 157.25,
    158.925354, 162.5, 164.930329, 167.259, 168.934219, 173.045, 174.9668, 178.486,
    180.94788, 183.84, 186.207, 190.23, 192.217, 195.084, 196.966570, 200.592,
    204.38, 207.2, 208.98040, 209.0, 210.0, 222.0, 223.0, 226.0,
    227.0, 232.0377, 231.03588, 238.02891,
)  # fmt: skip


def atomic_number(symbol: str) -> int:
    """Return the atomic number of a chemical symbol; `NpmError` if there is no such element."""
    if symbol not in SYMBOLS[1:]:
        raise NpmError(
            f"There is no element {symbol!r} from hydrogen to uranium; write symbols such as Ca "
            "and O, with one capital letter first."
        )
    return SYMBOLS.index(symbol)
