"""Video and image files to arrays and back (the only package that imports PyAV).

    write_clip("ball.mp4", frames, fps=8)       # or .gif, .webp, .png, .jpg
    frames, info = read_video("ball.mp4")

Frames are uint8 T H W C in sRGB on both sides, upright, whatever the file does inside.
"""

from kinora.media.fit import Fit, check_fit, fitted
from kinora.media.image import contact_sheet
from kinora.media.ingest import Given, check_picture, check_video, load_frames, load_image, native_size
from kinora.media.read import VideoInfo, probe, read_frames, read_video
from kinora.media.recode import as_gif, as_jpeg, recoded
from kinora.media.said import texts_in
from kinora.media.still import read_image
from kinora.media.target import EXTENSIONS, Written, check_target, replacing
from kinora.media.write import write_clip, write_video

__all__ = [
    "EXTENSIONS",
    "Fit",
    "Given",
    "VideoInfo",
    "Written",
    "as_gif",
    "as_jpeg",
    "check_fit",
    "check_picture",
    "check_target",
    "check_video",
    "contact_sheet",
    "fitted",
    "load_frames",
    "load_image",
    "native_size",
    "probe",
    "read_frames",
    "read_image",
    "read_video",
    "recoded",
    "replacing",
    "texts_in",
    "write_clip",
    "write_video",
]
