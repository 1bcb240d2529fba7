"""Pictures into an MP4 or GIF file, by the ffmpeg that comes with imageio-ffmpeg; whole or not at all."""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

import imageio_ffmpeg

from robosim.errors import RobosimError
from robosim.render.overlay import Picture

# Even sides, because yuv420p, which every player and browser knows, has half as many colour samples along each. The
# colour matrix is said, because players guess it by the picture's size.
_MP4 = [
    "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv,"
    "setparams=color_primaries=bt709:color_trc=bt709",
    "-c:v", "libx264", "-preset", "veryfast", "-crf", "22", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
    "-f", "mp4",
]  # fmt: skip
# A GIF keeps no more than 256 colours and compresses badly: smaller, with half the frames, and a palette for each
# frame, since one for all would hold the whole film in memory.
_GIF = [
    "-filter_complex",
    "fps=12.5,scale='min(480,iw)':-1:flags=area,split[a][b];[a]palettegen=stats_mode=single:max_colors=128[p];"
    "[b][p]paletteuse=new=1:dither=none",
    "-loop", "0", "-f", "gif",
]  # fmt: skip
FORMATS = {".mp4": _MP4, ".gif": _GIF}


class VideoError(RobosimError):
    """A video that cannot be written."""


def check_video(path: Path, *, overwrite: bool = False) -> None:
    """Learn before the work is done whether a video can be written.

    Args:
        path: Where.
        overwrite: Whether a file may be there already.

    Raises:
        VideoError: The ending is not known, the folder is missing or read-only, or the file is there.
    """
    if path.suffix.lower() not in FORMATS:
        raise VideoError(f"{path}: a video's name ends in {' or '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise VideoError(f"{path}: cannot be written, there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise VideoError(f"{path}: cannot be written, the folder is read-only")
    if path.is_dir():
        raise VideoError(f"{path}: is a folder")
    if path.exists() and not overwrite:
        raise VideoError(f"{path}: is already there, and is kept; give another name, or --overwrite")


class Video:
    """A video that is being written, under a temporary name beside its own; closed by ``with``.

    A `KeyboardInterrupt` inside the block ends the video early, and it is kept unless it would replace a file. After
    any other exception, or without a picture, there is no file, and what was there before stays.

    Args:
        path: Where; its ending decides the format.
        fps: Pictures per second.
        overwrite: Whether to replace a file that is there already.

    Attributes:
        pictures: How many it has.
        written: Whether there is a file now.

    Raises:
        VideoError: See `check_video`.
    """

    def __init__(self, path: Path, fps: float, *, overwrite: bool = False) -> None:
        """Starts nothing yet; see the class."""
        check_video(path, overwrite=overwrite)
        self.path, self.fps = path, fps
        self.pictures, self.written = 0, False
        self._shape: tuple[int, ...] = ()
        self._partial = path.with_name(f".{path.stem}.{os.getpid()}.partial")
        self._ffmpeg: subprocess.Popen[bytes] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # ffmpeg's words; a pipe that nobody reads could fill up

    def __enter__(self) -> "Video":
        """Gives itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finishes the file, or removes what there is of it."""
        try:
            if kind is None or (issubclass(kind, KeyboardInterrupt) and not self.path.exists()):
                self._finish()
        finally:
            self._abandon()

    def add(self, picture: Picture) -> None:
        """Appends a picture.

        Args:
            picture: RGB, of the same shape as those before.

        Raises:
            ValueError: It is of another shape.
            VideoError: ffmpeg failed.
        """
        if self._ffmpeg is None:
            self._shape = picture.shape
            self._ffmpeg = self._start()
        if picture.shape != self._shape:
            raise ValueError(f"a picture of shape {picture.shape} in a video of {self._shape}")
        assert self._ffmpeg.stdin is not None
        try:
            self._ffmpeg.stdin.write(picture.tobytes())
        except OSError:
            raise self._failed() from None
        self.pictures += 1

    def _start(self) -> "subprocess.Popen[bytes]":
        height, width = self._shape[:2]
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
            "-s", f"{width}x{height}", "-r", str(self.fps), "-i", "-", *FORMATS[self.path.suffix.lower()],
            str(self._partial.absolute()),
        ]  # fmt: skip
        # A session of its own: Ctrl-C reaches every process of ours, and ffmpeg is to go on until its input ends.
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said, start_new_session=True
        )

    def _finish(self) -> None:
        if self._ffmpeg is None:
            return
        self._hang_up()
        if self._ffmpeg.wait() != 0:
            raise self._failed()
        os.replace(self._partial, self.path)
        self.written = True

    def _abandon(self) -> None:
        if self._ffmpeg is not None:
            self._ffmpeg.kill()  # which does nothing to one that has ended
            self._hang_up()
            self._ffmpeg.wait()
        self._said.close()
        self._partial.unlink(missing_ok=True)

    def _hang_up(self) -> None:
        assert self._ffmpeg is not None
        assert self._ffmpeg.stdin is not None
        with contextlib.suppress(OSError):  # where it has died, what is left in the buffer cannot be written
            self._ffmpeg.stdin.close()

    def _failed(self) -> VideoError:
        assert self._ffmpeg is not None
        self._hang_up()
        code = self._ffmpeg.wait()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").strip()
        return VideoError(f"{self.path}: ffmpeg could not write it (exit code {code}): {said or 'it said nothing'}")
