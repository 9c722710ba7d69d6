from pdm.builders.editable import EditableBuilder
from pdm.builders.sdist import SdistBuilder
from pdm.builders.wheel import WheelBuilder

__all__ = ["EditableBuilder", "SdistBuilder", "WheelBuilder"]
