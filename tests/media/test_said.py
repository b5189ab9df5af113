"""What files say in words is found wherever it stands, and who made them is not taken for it."""

import av
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kinora.errors import BadInputFile
from kinora.media import texts_in, write_video

FRAMES = np.full((2, 32, 32, 3), 90, np.uint8)
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description photoshop:Headline="a harbour">'
    "<dc:creator>Jo Doe</dc:creator><dc:description><rdf:Alt><rdf:li>two &amp; three boats</rdf:li></rdf:Alt>"
    "</dc:description></rdf:Description></x:xmpmeta>"
)


@pytest.fixture
def picture():
    return Image.fromarray(FRAMES[0])


def test_text_of_a_png_and_not_its_software(picture, tmp_path):
    info = PngInfo()
    info.add_text("Title", "boats")
    info.add_itxt("Comment", "at anchor")
    info.add_text("Software", "a painting program")
    info.add_text("XML:com.adobe.xmp", XMP)
    picture.save(tmp_path / "a.png", pnginfo=info)
    found = texts_in(tmp_path / "a.png")
    assert set(found.values()) >= {"boats", "at anchor", "two & three boats", "a harbour"}
    assert not any("program" in text or "Doe" in text for text in found.values())


def test_exif_and_comment_of_a_jpeg(picture, tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "boats at anchor"
    exif[0x9C9B] = "a harbour".encode("utf-16-le")
    exif[0x013B] = "Jo Doe"
    picture.save(tmp_path / "a.jpg", exif=exif, comment="seen at dawn")
    assert set(texts_in(tmp_path / "a.jpg").values()) == {"boats at anchor", "a harbour", "seen at dawn"}


@pytest.mark.parametrize("packet", [XMP.replace("<x:", "<!-- --><x:"), XMP.removesuffix("</x:xmpmeta>")])
def test_a_malformed_packet_is_read_all_the_same(packet, picture, tmp_path):
    info = PngInfo()
    info.add_text("XML:com.adobe.xmp", packet)
    picture.save(tmp_path / "a.png", pnginfo=info)
    assert "two & three boats" in texts_in(tmp_path / "a.png").values()


def test_the_tags_of_a_video(tmp_path):
    write_video(tmp_path / "plain.mp4", FRAMES, fps=8)
    with av.open(tmp_path / "plain.mp4") as given, av.open(tmp_path / "a.mp4", "w") as out:
        out.metadata["comment"], out.metadata["artist"] = "two boats at anchor", "Jo Doe"
        stream = out.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    assert texts_in(tmp_path / "plain.mp4") == {}
    assert texts_in(tmp_path / "a.mp4") == {"comment": "two boats at anchor"}


def test_what_is_no_file_is_said_so(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"nothing")
    for name in ("a.mp4", "b.mp4"):
        with pytest.raises(BadInputFile):
            texts_in(tmp_path / name)
