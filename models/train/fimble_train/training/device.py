"""Where training runs, and whether it can run there with half the digits."""

import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# Where a processor has no instructions for it, bf16 is emulated, many times slower than f32.
HAS_BF16 = DEVICE.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
