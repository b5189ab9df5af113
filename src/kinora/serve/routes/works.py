"""What is made of videos: /remix, /edits, /extensions, and ours: /blends, /loops, /stories."""

from __future__ import annotations

from fastapi import APIRouter, Request

from kinora.serve.ordering import orders, stories
from kinora.serve.routes.describing import TAKES, body_of
from kinora.serve.routes.parts import Asking, AtReception, VideoId, visiting
from kinora.serve.routes.views import video
from kinora.serve.schemas.answers import Video
from kinora.serve.schemas.videos import BlendVideos, EditVideo, ExtendVideo, LoopVideo, RemixVideo, TellStory

router = APIRouter(prefix="/v1/videos", tags=["Videos"])


@router.post("/edits", responses=TAKES, openapi_extra=body_of(EditVideo))
async def edit_video(request: Request, reception: AtReception, asking: Asking) -> Video:
    """Make a video again under other words; with a mask only where that is white."""
    async with visiting(request, reception, asking, EditVideo) as (visit, asked):
        return video(await orders.edit(reception, visit, asked))


@router.post("/extensions", responses=TAKES, openapi_extra=body_of(ExtendVideo))
async def extend_video(request: Request, reception: AtReception, asking: Asking) -> Video:
    """Add seconds of new video to a video's end, or before its beginning."""
    async with visiting(request, reception, asking, ExtendVideo) as (visit, asked):
        return video(await orders.extend(reception, visit, asked))


@router.post("/blends", responses=TAKES, openapi_extra=body_of(BlendVideos))
async def blend_videos(request: Request, reception: AtReception, asking: Asking) -> Video:
    """Let one video turn into another. Ours, not OpenAI's."""
    async with visiting(request, reception, asking, BlendVideos) as (visit, asked):
        return video(await orders.blend(reception, visit, asked))


@router.post("/loops", responses=TAKES, openapi_extra=body_of(LoopVideo))
async def loop_video(request: Request, reception: AtReception, asking: Asking) -> Video:
    """Lead a video back to its start, or make a clip of words that runs into its own. Ours, not OpenAI's."""
    async with visiting(request, reception, asking, LoopVideo) as (visit, asked):
        return video(await orders.loop(reception, visit, asked))


@router.post("/stories", responses=TAKES, openapi_extra=body_of(TellStory))
async def tell_story(request: Request, reception: AtReception, asking: Asking) -> Video:
    """Make several shots one video. Ours, not OpenAI's."""
    async with visiting(request, reception, asking, TellStory) as (visit, asked):
        return video(await stories.story(reception, visit, asked))


@router.post("/{video_id}/remix", responses=TAKES, openapi_extra=body_of(RemixVideo))
async def remix_video(video_id: VideoId, request: Request, reception: AtReception, asking: Asking) -> Video:
    """Make a finished video again under other words; /edits does the same and more."""
    async with visiting(request, reception, asking, RemixVideo) as (visit, asked):
        return video(await orders.remix(reception, visit, video_id, asked))
