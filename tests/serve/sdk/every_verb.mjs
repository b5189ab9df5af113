// Every verb of OpenAI's Node client on the server named in OPENAI_BASE_URL; prints what it got, for test_every_verb.py.
//
//     node every_verb.mjs clip.mp4 picture.png
//
// This client has no create_and_poll, so a video is retrieved until it has ended. What an older release has no method
// for goes through the client's own `post`.
import fs from "node:fs";
import http from "node:http";
import OpenAI, { toFile } from "openai";
import { VERSION } from "openai/version";

const client = new OpenAI();
const [clip, picture] = process.argv.slice(2);
const quick = { steps: 1, seed: 7 };
const here = { seconds: "1", size: "64x64", ...quick }; // the least that the shipped model makes

async function ended(video) {
  for (;;) {
    const found = await client.videos.retrieve(video.id);
    if (!["queued", "in_progress"].includes(found.status)) return found;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function refused(ask) {
  try {
    return { given: JSON.stringify(await ask()) };
  } catch (error) {
    return { status: error.status, code: error.code, param: error.param, kind: error.constructor.name };
  }
}

const deliveries = [];
let heard = () => {};
const receiver = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    deliveries.push([Buffer.concat(parts).toString(), request.headers]);
    response.writeHead(204).end();
    heard();
  });
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));

async function listening(url) {
  const asked = { name: "mine", url, event_types: ["video.completed", "video.failed"] };
  return client.webhooks.create ? client.webhooks.create(asked) : client.post("/webhook_endpoints", { body: asked });
}

async function delivered(video, secret) {
  for (;;) {
    while (deliveries.length === 0) await new Promise((resolve) => (heard = resolve));
    const [body, headers] = deliveries.shift();
    const event = await client.webhooks.unwrap(body, headers, secret);
    if (event.data.id !== video) continue;
    const changed = await client.webhooks.unwrap(body.replace("completed", "failed"), headers, secret).then(
      () => "taken",
      (error) => (error instanceof OpenAI.InvalidWebhookSignatureError ? "refused" : String(error)),
    );
    return { type: event.type, id: event.data.id, changed };
  }
}

async function checked(data) {
  const file = await toFile(data, "a.mp4");
  if (client.contentProvenanceChecks) return client.contentProvenanceChecks.create({ file });
  const form = new FormData();
  form.append("file", file);
  return client.post("/content_provenance_checks", { body: form });
}

const endpoint = await listening(`http://127.0.0.1:${receiver.address().port}/`);
const created = await ended(await client.videos.create({ prompt: "a red ball bounces", model: "sora-2", ...here }));
const animated = await client.videos.create({ prompt: "it moves", input_reference: fs.createReadStream(picture), ...here });
const remixed = await client.videos.remix(created.id, { prompt: "a blue ball", ...quick });
const edited = await client.videos.edit({ prompt: "a green ball", video: { id: created.id }, ...quick });
const extended = await client.videos.extend({ prompt: "it stops", seconds: "1", video: fs.createReadStream(clip), ...quick });
const character = await client.videos.createCharacter({ name: "Bobo", video: fs.createReadStream(clip) });
const cast = await client.videos.create({ prompt: "Bobo walks on a beach", characters: [{ id: character.id }], ...here });

const content = {};
for (const variant of ["video", "thumbnail", "spritesheet"]) {
  const answer = await client.videos.downloadContent(created.id, { variant });
  content[variant] = [answer.headers.get("content-type"), Buffer.from(await answer.arrayBuffer())];
}
const pieces = [];
for await (const piece of (await client.videos.downloadContent(created.id)).body) pieces.push(piece);

const words = ["a red ball bounces", "a man beats a dog to death, blood everywhere"];
const listed = [];
for await (const video of client.videos.list({ limit: 60 })) listed.push(video.id);
const found = await client.videos.getCharacter(character.id);

const told = {
  version: VERSION,
  created,
  retrieved: await client.videos.retrieve(created.id),
  animated: await ended(animated),
  remixed: await ended(remixed),
  edited: await ended(edited),
  extended: await ended(extended),
  cast: await ended(cast),
  listed,
  first_page: (await client.videos.list({ limit: 7, order: "asc" })).data.length,
  content: Object.fromEntries(Object.entries(content).map(([name, [kind, data]]) => [name, [kind, data.toString("base64")]])),
  streamed: Buffer.concat(pieces).equals(content.video[1]),
  character: [character.id, character.name],
  found: [found.id, found.name],
  image: (await client.images.generate({ prompt: "a red ball", size: "64x64", ...quick })).data[0].b64_json,
  moderation: (await client.moderations.create({ input: words })).results.map((one) => one.flagged),
  provenance: await checked(content.video[1]),
  event: await delivered(created.id, endpoint.signing_secret),
  deleted: await client.videos.delete(created.id),
  gone: await refused(() => client.videos.retrieve(created.id)),
  blocked: await refused(() => client.videos.create({ prompt: words[1] })),
};
await client.delete(`/webhook_endpoints/${endpoint.id}`);
receiver.close();
console.log(JSON.stringify(told));
