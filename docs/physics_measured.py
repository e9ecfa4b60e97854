"""Measured backscatter coefficients of elements, for docs/make_physics.py.

From D. C. Joy's database of electron-solid interactions (2001), as tabulated by Akbari; by beam
energy in keV and element.
"""

MEASURED: dict[tuple[float, str], dict[str, float]] = {
    (5.0, "C"): {
        "Hunger": 0.082, "Bishop": 0.085, "Palluel": 0.0857, "Wittry": 0.082, "El Gomati": 0.058,
    },
    (5.0, "Al"): {
        "Reimer": 0.153, "Böngeler": 0.148, "Shimizu": 0.20, "Bishop": 0.186, "Kanter": 0.135,
        "Palluel": 0.158, "Wittry": 0.168, "El Gomati": 0.185,
    },
    (5.0, "Si"): {"Hunger": 0.188, "Reimer": 0.206, "Bishop": 0.197, "Wittry": 0.184},
    (5.0, "Cu"): {
        "Hunger": 0.323, "Reimer": 0.311, "Moncrieff": 0.325, "Shimizu": 0.384, "Bishop": 0.352,
        "Koshikawa": 0.398, "Wittry": 0.298, "El Gomati": 0.319,
    },
    (5.0, "Au"): {
        "Hunger": 0.469, "Reimer": 0.448, "Böngeler": 0.459, "Bishop": 0.489, "Cosslett": 0.43,
        "Wittry": 0.432, "El Gomati": 0.461,
    },
    (10.0, "Si"): {"Reimer": 0.200},
    (20.0, "Si"): {"Reimer": 0.194},
    (30.0, "Si"): {"Reimer": 0.190},
    (10.0, "Cu"): {"Reimer": 0.311, "Heinrich": 0.318},
    (20.0, "Cu"): {"Reimer": 0.311, "Heinrich": 0.309},
    (30.0, "Cu"): {"Reimer": 0.311, "Heinrich": 0.306},
    (10.0, "Au"): {"Reimer": 0.471},
    (20.0, "Au"): {"Reimer": 0.482},
    (30.0, "Au"): {"Reimer": 0.482},
}  # fmt: skip
