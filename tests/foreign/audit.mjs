// Holds a server to the GraphQL over HTTP specification, with the audits that its working group refers to.
// URL and TOKEN say which server, and in whose name. Prints one line of JSON for each audit.
import { serverAudits } from "graphql-http";

const { URL: url, TOKEN: token } = process.env;

function signed(address, options = {}) {
  const headers = new Headers(options.headers);
  headers.set("authorization", `Bearer ${token}`);
  return fetch(address, { ...options, headers });
}

for (const audit of serverAudits({ url, fetchFn: signed })) {
  const result = await audit.fn();
  console.log(JSON.stringify({ id: audit.id, name: audit.name, status: result.status, reason: result.reason ?? "" }));
}
