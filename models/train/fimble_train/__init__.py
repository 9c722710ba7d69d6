"""The recipe that trains fimble's embedded model. `python -m fimble_train --help` lists its commands."""
