// The TypeScript client against a server that ends its streams: node stream.mjs BUNDLE
// What the client does is printed as a line of JSON.
import { WebSocket, WebSocketServer } from "ws";

// Node 20 has none of its own.
globalThis.WebSocket ??= WebSocket;
const { ImiClient } = await import(process.argv[2]);
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "graphql-transport-ws" });
await new Promise((listening) => server.on("listening", listening));
const asked = [];
// Why each of the first streams ends; the last goes on.
const endings = [null, "TOKEN_EXPIRED", "ACCESS_CHANGED"];
server.on("connection", (socket) =>
  socket.on("message", (said) => {
    const message = JSON.parse(said);
    const answer = (type, payload) => socket.send(JSON.stringify({ id: message.id, type, payload }));
    if (message.type === "connection_init") {
      socket.send(JSON.stringify({ type: "connection_ack" }));
    } else if (message.type === "subscribe") {
      asked.push(message.payload.variables.after ?? null);
      answer("next", { data: { stream: { cursor: String(asked.length) } } });
      const why = endings[asked.length - 1];
      if (why !== undefined) {
        if (why !== null) {
          answer("next", { data: null, errors: [{ message: why, extensions: { code: "UNAUTHENTICATED", reason: why } }] });
        }
        answer("complete");
      }
    }
  }),
);
const ending = new AbortController();
let listening = 0;
for (const [name, by] of [["addEventListener", 1], ["removeEventListener", -1]]) {
  const real = ending.signal[name].bind(ending.signal);
  ending.signal[name] = (...given) => ((listening += by), real(...given));
}
const imi = new ImiClient({ url: `http://127.0.0.1:${server.address().port}`, token: () => "token" });
const seen = [];
for await (const item of imi.stream("subscription", (result) => result.stream, { signal: ending.signal })) {
  seen.push(item.cursor);
  if (item.cursor === "4") {
    setTimeout(() => ending.abort());
  }
}
await Promise.all([...server.clients].map((socket) => new Promise((closed) => socket.on("close", closed))));
console.log(JSON.stringify({ asked, seen, listening }));
server.close();
