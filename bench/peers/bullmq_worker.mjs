// Fastify and BullMQ, the worker: an event is written down, its text posted to the provider, and the answer recorded.
import { Worker } from "bullmq";
import Redis from "ioredis";
import { Agent, request } from "undici";
import { SEEN_FOR, commands, redis, text } from "./bullmq_job.mjs";

const store = new Redis(redis), dispatcher = new Agent({ connections: 64 });
const headers = { "content-type": "application/x-www-form-urlencoded" };

async function handle({ data: { id, event } }) {
  if (!(await store.set(`seen:${id}`, 1, "EX", SEEN_FOR, "NX"))) return;
  const words = text(event.data), stored = await store.get(`order:${event.data.order_id}`);
  await commands(store.multi(), id, event, stored, words).exec();
  const form = new URLSearchParams({ receptor: event.data.customer.phone, message: words, sender: "2000" }).toString();
  const { body } = await request(process.env.PROVIDER, { method: "POST", dispatcher, headers, body: form });
  const said = await body.json();
  await store.multi().set(`message:${id}:result`, JSON.stringify(said.entries[0])).zadd("sent", Date.now(), id).exec();
}

new Worker("shop", handle, { connection: redis, concurrency: 64 });
