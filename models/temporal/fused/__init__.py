"""The passes' costly parts in C++ with hand-written gradients, for training on a CPU: what torch does in hundreds of
walks over the picture is one here. Optional: without a compiler the torch twins do the same, slower."""

from models.temporal.fused.kernels import Kernels, load_kernels

__all__ = ["Kernels", "load_kernels"]
