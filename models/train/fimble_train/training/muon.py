"""Muon: momentum whose update of a matrix is made orthogonal (Jordan et al. 2024), with AdamW's scale (Liu et al. 2025).

PyTorch has it too, a matrix at a time; here matrices of one shape go through together, which two cores and large accelerators
alike do several times faster.
"""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer

from device import HAS_BF16

MOMENTUM = 0.95
STEPS = 5
# A polynomial that takes singular values between 0 and 1 to about 1 in few steps.
COEFFICIENTS = (3.4445, -4.775, 2.0315)


class Muon(Optimizer):
    def __init__(self, matrices: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            shapes: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                shapes[matrix.shape].append(matrix)
            for shape, matrices in shapes.items():
                directions = torch.stack([self.direction(matrix) for matrix in matrices])
                # Orthogonal updates are small in each element, the smaller the larger the matrix; AdamW's are about 0.2.
                updates = orthogonal(directions) * (0.2 * max(shape) ** 0.5)
                for matrix, update in zip(matrices, updates, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update, alpha=group["lr"])

    def direction(self, matrix: Tensor) -> Tensor:
        """The gradient with Nesterov's momentum."""
        state = self.state[matrix]
        momentum = state.setdefault("momentum", torch.zeros_like(matrix))
        momentum.lerp_(matrix.grad, 1 - MOMENTUM)
        return matrix.grad.lerp(momentum, MOMENTUM)


def orthogonal(matrices: Tensor) -> Tensor:
    """The nearest orthogonal matrices, roughly, by Newton and Schulz's iteration; N×rows×columns."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if tall else matrices).contiguous()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    # Where there is hardware for it, half the digits are enough for a direction.
    x = x.bfloat16() if HAS_BF16 else x
    for _ in range(STEPS):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if tall else x).type_as(matrices)
