from pdm.environments.base import BareEnvironment, BaseEnvironment
from pdm.environments.local import PythonLocalEnvironment
from pdm.environments.python import PythonEnvironment

__all__ = [
    "BareEnvironment",
    "BaseEnvironment",
    "PythonEnvironment",
    "PythonLocalEnvironment",
]
