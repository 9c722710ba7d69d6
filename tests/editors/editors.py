"""Where `install` puts the editors. Each is a script that starts the real editor with its libraries."""

import os
from pathlib import Path

HOME = Path(os.environ.get("FIMBLE_EDITORS_HOME") or Path.home() / ".cache/fimble-editors")

NEOVIM = HOME / "bin/nvim"
HELIX = HOME / "bin/hx"
CODE_SERVER = HOME / "bin/code-server"
