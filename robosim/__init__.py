"""robosim: robots in PyBullet as Gymnasium environments. Importing it registers their ids.

Only what makes the package whole belongs here.
"""

from pathlib import Path

__version__ = "0.1.0"

# In a checkout `robosim.envs`, `.agents`, `.configs` and `.scripts` lie beside this folder: look there too.
_here = Path(__file__).resolve().parent
if not (_here / "envs").is_dir():  # an installed package has them inside
    __path__.append(str(_here.parent))

# Gymnasium 1 finds no plugins by itself. As every module of robosim passes here first, workers know the ids too.
import robosim.envs  # noqa: E402, F401
