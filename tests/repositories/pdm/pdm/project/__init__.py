from pdm.project.config import Config, ConfigItem
from pdm.project.core import Project

__all__ = ["Config", "ConfigItem", "Project"]
