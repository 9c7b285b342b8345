// The alert stream as a system in JavaScript reads it, with the clients that most use: node listen.mjs ws|sse
// URL, TOKEN and AFTER come from the environment. Each item is printed as a line of JSON.
import { createClient as overSse } from "graphql-sse";
import { createClient as overWebSocket } from "graphql-ws";
import WebSocket from "ws";

const { URL: url, TOKEN: token, AFTER: after } = process.env;
const authorization = `Bearer ${token}`;

const client =
  process.argv[2] === "ws"
    ? overWebSocket({
        url: url.replace("http", "ws"),
        webSocketImpl: WebSocket,
        connectionParams: { authorization },
        retryAttempts: 0,
      })
    : overSse({ url, headers: { authorization }, retryAttempts: 0 });

const query = `subscription ($after: String) {
  alertStream(after: $after, language: HU) {
    cursor entry { id kind alert { id number country { name } type { title } } } } }`;

for await (const answer of client.iterate({ query, variables: { after: after || null } })) {
  if (answer.errors) {
    console.error(JSON.stringify(answer.errors));
    process.exit(1);
  }
  console.log(JSON.stringify(answer.data.alertStream));
}
