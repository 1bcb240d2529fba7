"""The rasteriser, a file for each step, compiled by Numba.

`place.py` poses what moves; `draw.py` runs cull → clip → fill; then `paint.py` colours a robot's picture, in words of
four bytes (`words.py`), and `light.py` with `develop.py` one for people, from the texels of `texture.py`. `snap.py`
does it in one call, with arrays that it is handed once (`kept.py`). `arrays.py` has what they pass on, `vectors.py`
and `pixel.py` what all of them compute with.
"""
