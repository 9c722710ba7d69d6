"""The device that training runs on, and whether it computes in bf16."""

import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# A processor without bf16 instructions emulates bf16, many times slower than f32.
HAS_BF16: bool = DEVICE.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
