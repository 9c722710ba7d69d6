from .base import Resolver
from .resolvelib import RLResolver
from .uv import UvResolver

__all__ = ["RLResolver", "Resolver", "UvResolver"]
