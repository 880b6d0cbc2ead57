// What the peer in Node does with an event beside its framework: its text, and what is written.
import nunjucks from "nunjucks";

export const redis = { path: process.env.REDIS_SOCKET, maxRetriesPerRequest: null };
export const SEEN_FOR = 7 * 24 * 3600; // seconds

const template = nunjucks.compile(
  `{% if amount %}{{ amount }} برای{% else %}بهای{% endif %} سفارش {{ order }} دریافت شد.
{% if receipt %}شماره قبض: {{ receipt }}
برای ضمانت {{ days }}روزهٔ برگشت و پیگیری نگهش دارید.
{% endif %}{{ shop }}`,
  new nunjucks.Environment(null, { autoescape: false }),
);
const persian = (text) => text.replace(/[0-9]/g, (digit) => "۰۱۲۳۴۵۶۷۸۹"[digit]);

export function text({ order_id, payment }) {
  const amount = payment?.amount ? `${persian((payment.amount / 10).toLocaleString("en"))} تومان` : "";
  return template.render({ amount, order: persian(order_id), receipt: payment?.reference, days: "۷", shop: "شیائومی سیتی" });
}

export function commands(pipe, eventId, event, stored, words) {
  const { data, type, timestamp } = event, now = Date.now(), id = data.order_id, phone = data.customer.phone;
  const order = stored ? JSON.parse(stored) : { id, v: 0, created: now };
  Object.assign(order, { v: order.v + 1, details: data, news: { [type]: timestamp }, updated: now });
  const lines = ["event", "message", "call"].map((kind) => JSON.stringify({ at: now, kind, ref: eventId }));
  const call = { id, phone, due: now + 900000, purpose: "reassurance", created: now };
  return pipe
    .set(`order:${id}`, JSON.stringify(order))
    .zadd("orders", now, id)
    .zadd(`customer:${phone}`, now, id)
    .rpush(`timeline:${id}`, ...lines)
    .set(`call:${phone}`, JSON.stringify(call))
    .zadd("calls", call.due, phone)
    .set(`message:${eventId}`, JSON.stringify({ to: phone, text: words, state: "sending" }));
}
