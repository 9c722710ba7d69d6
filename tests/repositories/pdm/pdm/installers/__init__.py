from pdm.installers.base import BaseSynchronizer
from pdm.installers.manager import InstallManager
from pdm.installers.synchronizers import Synchronizer
from pdm.installers.uv import UvSynchronizer

__all__ = ["BaseSynchronizer", "InstallManager", "Synchronizer", "UvSynchronizer"]
