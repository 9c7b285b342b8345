// A bare graphql-ws server on ws, which pushes the same answers as the gateway, from memory: what live streams are compared with.
//
// POST /emit?events=N&every=MS tells every stream N things, MS milliseconds apart, and answers when the last has been handed over.
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { buildSchema } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const schema = buildSchema(`
  type Country { code: String! name: String! }
  type Alert {
    id: ID! revision: Int! number: String! status: String! view: String!
    createdAt: String changedAt: String broadcastAt: String country: Country
  }
  type InboxEntry { id: ID! kind: String! at: String alert: Alert }
  type AlertStreamItem { cursor: String! at: String entry: InboxEntry }
  type Query { viewer: String }
  type Subscription { alertStream(after: String): AlertStreamItem! }
`);

// One listener's queue, as an async iterator.
class Stream {
  #waiting = [{ alertStream: { cursor: cursor(0), at: "2026-01-01T00:00:00Z", entry: null } }];
  #wake = null;

  push(item) {
    this.#waiting.push(item);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator]() {
    streams.add(this);
    try {
      while (true) {
        while (this.#waiting.length > 0) yield this.#waiting.shift();
        await new Promise((resolve) => (this.#wake = resolve));
        this.#wake = null;
      }
    } finally {
      streams.delete(this);
    }
  }
}

const streams = new Set();
let told = 0;

function cursor(number) {
  return `WyJhbGVydHMiLCJhdXRfaHVfYWxlcnRzIiwg${String(number).padStart(8, "0")}`;
}

function tell() {
  told += 1;
  const at = "2026-01-01T00:00:00Z";
  const number = String(told).padStart(8, "0");
  const alert = {
    id: `alt_${number}`, revision: 3, number: `AL-2026-${number}`, status: "BROADCAST", view: "FULL",
    createdAt: at, changedAt: at, broadcastAt: at, country: { code: "IT", name: "Olaszország" },
  };
  const item = { cursor: cursor(told), at, entry: { id: `ent_${number}`, kind: "BROADCAST", at, alert } };
  for (const stream of streams) stream.push({ alertStream: item });
}

const server = createServer(async (request, response) => {
  const asked = new URL(request.url, "http://localhost").searchParams;
  for (let left = Number(asked.get("events") ?? 0); left > 0; left -= 1) {
    tell();
    if (left > 1) await pause(Number(asked.get("every") ?? 0));
  }
  response.end("told");
});
const sockets = new WebSocketServer({ server, path: "/graphql" });
useServer({ schema, roots: { subscription: { alertStream: () => new Stream()[Symbol.asyncIterator]() } } }, sockets);
server.listen(Number(process.env.PORT), "127.0.0.1", 16384, () => console.log("listening"));
