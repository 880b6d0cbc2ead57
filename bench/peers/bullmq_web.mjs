// Fastify and BullMQ, the door: a webhook is verified, validated and put into the queue.
import { createHmac, timingSafeEqual } from "node:crypto";
import Ajv from "ajv";
import { Queue } from "bullmq";
import Fastify from "fastify";
import { redis } from "./bullmq_job.mjs";

const key = Buffer.from(process.env.SECRET.replace("whsec_", ""), "base64");
const queue = new Queue("shop", { connection: redis });
const short = { type: "string", minLength: 1, maxLength: 200 };
const object = (properties, required = []) => ({ type: "object", properties, required });
const mobile = { type: "string", pattern: "^(?:(?:\\+|00)?98)?0?9[0-39][0-9]{8}$" };
const valid = new Ajv({ allErrors: true }).compile(
  object(
    {
      type: { enum: ["order.registered", "payment.succeeded", "order.shipped"] },
      timestamp: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT.*([+-]\\d\\d:\\d\\d|Z)$" },
      data: object(
        {
          order_id: short,
          customer: object({ name: short, phone: mobile, city: short, province: short }, ["phone"]),
          payment: object({
            method: { enum: ["cash", "online", "phone", "bank_transfer"] },
            amount: { type: "integer" },
            currency: { enum: ["IRR", "IRT"] },
            reference: short,
          }),
          items: { type: "array", items: object({ name: short, quantity: { type: "integer", minimum: 1 } }, ["name"]) },
        },
        ["order_id", "customer"],
      ),
    },
    ["type", "timestamp", "data"],
  ),
);

function verified({ headers, body }) {
  const id = headers["webhook-id"], at = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - at) < 300)) return false;
  const wanted = createHmac("sha256", key).update(`${id}.${at}.`).update(body).digest();
  const given = Buffer.from(String(headers["webhook-signature"]).split(",")[1] ?? "", "base64");
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

const app = Fastify();
app.removeAllContentTypeParsers();
app.addContentTypeParser("application/json", { parseAs: "buffer" }, (_, body, done) => done(null, body));
app.post("/webhooks/shop", async (request, reply) => {
  if (!verified(request)) return reply.code(401).send({});
  const id = request.headers["webhook-id"], event = JSON.parse(request.body);
  if (!valid(event)) return reply.code(422).send(valid.errors);
  await queue.add("event", { id, event }, { jobId: id, removeOnComplete: true });
  return reply.code(202).send({});
});
await app.listen({ port: Number(process.argv[2]), host: "127.0.0.1" });
