// OpenAI's Node client against the server named in OPENAI_BASE_URL: what it got, as JSON, for test_node.py to judge.
import fs from "node:fs";
import OpenAI, { toFile } from "openai";

const client = new OpenAI();
const [clip, picture, secret, body, headers] = process.argv.slice(2);
const file = () => fs.createReadStream(clip);

async function ended(video) {
  for (;;) {
    const found = await client.videos.retrieve(video.id);
    if (!["queued", "in_progress"].includes(found.status)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const short = { seconds: "1", size: "64x64" };
const created = await ended(await client.videos.create({ prompt: "a red ball bounces", model: "sora-2", seconds: "2", size: "64x64" }));
const animated = await ended(await client.videos.create({ prompt: "it moves", input_reference: fs.createReadStream(picture), ...short }));
const remixed = await ended(await client.videos.remix(created.id, { prompt: "a blue ball" }));
const edited = await ended(await client.videos.edit({ prompt: "a green ball", video: { id: created.id } }));
const extended = await ended(await client.videos.extend({ prompt: "it stops", seconds: "1", video: await toFile(file()) }));
const character = await client.videos.createCharacter({ name: "Bobo", video: file() });
const cast = await ended(await client.videos.create({ prompt: "Bobo walks", characters: [{ id: character.id }], ...short }));

const listed = [];
for await (const video of client.videos.list({ limit: 2, order: "asc" })) listed.push(video.id);

const bytes = {};
for (const variant of ["video", "thumbnail", "spritesheet"]) {
  const answer = await client.videos.downloadContent(created.id, { variant });
  let count = 0;
  for await (const chunk of answer.body) count += chunk.length;
  bytes[variant] = [answer.headers.get("content-type"), count];
}

let missing;
try {
  await client.videos.retrieve("video_none");
} catch (error) {
  missing = { status: error.status, code: error.code, param: error.param, kind: error.constructor.name };
}

console.log(
  JSON.stringify({
    created, animated, remixed, edited, extended, cast, listed, bytes, missing,
    character: await client.videos.getCharacter(character.id),
    moderation: await client.moderations.create({ input: "a nude woman on a bed" }),
    images: (await client.images.generate({ prompt: "a red ball", size: "64x64" })).data.length,
    models: (await client.models.list()).data.map((model) => model.id),
    provenance: client.contentProvenanceChecks && (await client.contentProvenanceChecks.create({ file: file() })),
    event: await client.webhooks.unwrap(body, JSON.parse(headers), secret),
    deleted: await client.videos.delete(created.id),
  }),
);
