// A page of another origin that uses the TypeScript client in a real browser: node browser.mjs BUNDLE
// PORT is where the page is, URL the gateway, ITALY and HUNGARY the tokens of two people, RESPONDER and SET what a request needs.
// Each thing that happens in the page is printed as a line of JSON.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

const { PORT: port, URL: url, ITALY: italy, HUNGARY: hungary, RESPONDER: responder, SET: set } = process.env;
const bundle = await readFile(process.argv[2]);
const site = createServer((request, response) => {
  const script = request.url === "/client.js";
  response.writeHead(200, { "content-type": script ? "text/javascript" : "text/html" });
  response.end(script ? bundle : "<!doctype html><title>Client</title>");
});
await new Promise((resolve) => site.listen(Number(port), "127.0.0.1", resolve));

const browser = await puppeteer.launch({
  executablePath: await chromium.executablePath(),
  args: chromium.args,
  headless: "shell",
});
const page = await browser.newPage();
await page.exposeFunction("tell", (what) => console.log(JSON.stringify(what)));
page.on("pageerror", (error) => console.error(error));
await page.goto(`http://127.0.0.1:${port}/`);
await page.evaluate(
  async ({ url, italy, hungary, responder, set }) => {
    const imi = await import("/client.js");
    const requester = new imi.ImiClient({ url, token: () => italy });
    await tell({ viewer: (await requester.execute(imi.ViewerDocument)).viewer });
    const found = await requester.execute(imi.SearchAuthoritiesDocument, { text: "medici", language: "IT", first: 3 });
    await tell({ found: found.searchAuthorities.edges.length });
    const content = new Blob(["%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n%%EOF\n"], { type: "application/pdf" });
    const file = await requester.upload(content, "laurea.pdf");
    const draft = {
      questionSetId: set,
      responderId: responder,
      subject: { person: { givenName: "Eszter", familyName: "Mintás", birthDate: "1988-03-14" } },
      justification: { text: "Verifica del titolo", language: "IT" },
      questions: [{ code: "PQ1" }],
      fileIds: [file.id],
    };
    const input = { idempotencyKey: imi.key(), draft };
    for (let time = 0; time < 2; time++) {
      const { createRequest } = await requester.execute(imi.CreateRequestDocument, { input });
      await tell({ request: createRequest.request });
    }
    const wrong = { idempotencyKey: imi.key(), draft: { ...draft, questionSetId: "no such set" } };
    await requester.execute(imi.CreateRequestDocument, { input: wrong }).catch(async (error) => {
      await tell({ refused: error instanceof imi.Refusal, code: error.code, field: error.field });
    });
    const reader = new imi.ImiClient({ url, token: () => hungary });
    const onConnection = (state) => void tell({ connection: state });
    const items = reader.stream(imi.AlertStreamDocument, (result) => result.alertStream, { onConnection });
    for await (const item of items) {
      await tell({ cursor: item.cursor, entry: item.entry && item.entry.alert.id });
    }
  },
  { url, italy, hungary, responder, set },
);
