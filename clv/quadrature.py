"""The mean of a function over a beta distribution."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@lru_cache(maxsize=4_096)
def beta_rule(size: int, a: float, b: float) -> tuple[Array, Array]:
    """`size` points in (0, 1) and their weights: Gauss-Jacobi quadrature for Beta(a, b).

    The weighted sum of a polynomial of a degree below 2 `size` is its mean over the distribution.
    By Golub & Welsch (1969) the points are the eigenvalues of the recurrence's matrix, and the
    weights the squares of the first components of its eigenvectors; they add up to 1, so that
    nothing overflows, however large b is.
    """
    from scipy.linalg import eigh_tridiagonal  # noqa: PLC0415 - see clv/__init__.py

    right, left = b - 1.0, a - 1.0
    n = np.arange(1.0, size)
    degree = 2 * n + right + left
    diagonal = np.empty(size)
    diagonal[0] = (left - right) / (left + right + 2)
    diagonal[1:] = (left - right) * (left + right) / (degree * (degree + 2))
    beside = 4 * n * (n + right) * (n + left) / (degree * degree * (degree + 1))
    # (n + right + left) / (degree - 1) is 1 for n = 1, where both may be zero.
    beside[1:] *= (n[1:] + right + left) / (degree[1:] - 1)
    values, vectors = eigh_tridiagonal(diagonal, np.sqrt(beside))
    points = np.maximum((1 + values) / 2, np.finfo(float).tiny)
    return points, vectors[0] ** 2
