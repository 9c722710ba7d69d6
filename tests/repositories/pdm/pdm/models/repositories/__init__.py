from pdm.models.repositories.base import BaseRepository as BaseRepository
from pdm.models.repositories.base import CandidateMetadata as CandidateMetadata
from pdm.models.repositories.lock import LockedRepository as LockedRepository
from pdm.models.repositories.lock import Package as Package
from pdm.models.repositories.pypi import PyPIRepository as PyPIRepository
