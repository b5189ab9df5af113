"""What a program of October 2025 did with OpenAI's client of then; prints what it got for test_old_client.py."""

import io
import json
import pathlib
import sys
import warnings

import openai

warnings.simplefilter("ignore", DeprecationWarning)
client = openai.OpenAI()
video = client.videos.create_and_poll(
    model="sora-2", prompt="a red ball bounces", seconds="2", size="64x64", poll_interval_ms=50
)
with pathlib.Path(sys.argv[1]).open("rb") as picture:
    animated = client.videos.create(prompt="it moves", input_reference=picture, seconds="1", size="64x64")
remixed = client.videos.remix(video.id, prompt="a blue ball")
content = {name: len(client.videos.download_content(video.id, variant=name).read()) for name in sys.argv[2:]}
listed = [one.id for one in client.videos.list(limit=1, order="asc")]
try:
    client.videos.retrieve("video_none")
except openai.NotFoundError as error:
    missing = error.code
judged = client.moderations.create(input="a red ball").results[0].flagged
drawn = client.images.generate(prompt="a red ball", size="64x64")
gone = client.videos.delete(video.id)
print(
    json.dumps(
        {
            "version": openai.__version__,
            "video": video.model_dump(mode="json"),
            "animated": client.videos.poll(animated.id).status,
            "remixed": client.videos.poll(remixed.id).model_dump(mode="json"),
            "content": content,
            "listed": listed,
            "missing": missing,
            "judged": judged,
            "drawn": len(drawn.data),
            "deleted": gone.deleted,
        }
    ),
    file=io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8"),
)
