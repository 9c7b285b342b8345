import type { TypedDocumentString } from "./generated.js";
import { type GraphQLErrorEntry, Refusal, refusalOf } from "./refusal.js";
import { following, type Streaming } from "./stream.js";

export interface Options {
  /** Where the gateway is, such as `https://imi.example`, without `/graphql`. */
  readonly url: string;
  /** The bearer token to send now; asked for anew for each request and each connection, so that it can be renewed. */
  readonly token: () => string | Promise<string>;
  /** How often a request is sent that the network or a service that is away keeps from being answered. */
  readonly attempts?: number;
}

export interface UploadedFile {
  readonly id: string;
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Whoever is to wait for longer is told so by the refusal, and not kept waiting. */
const LONGEST_WAIT_S = 60;

/** One person's access to one system. */
export class ImiClient {
  readonly #url: string;
  readonly #token: Options["token"];
  readonly #attempts: number;

  constructor(options: Options) {
    this.#url = options.url.replace(/\/$/, "");
    this.#token = options.token;
    this.#attempts = options.attempts ?? 4;
  }

  /**
   * The data of a query or mutation; throws a `Refusal` if any part of it was refused.
   *
   * What is not answered is sent again. A mutation is safe to repeat because of its `idempotencyKey`: make one for each intended
   * effect (`key()`), not for each call.
   */
  async execute<Result, Variables>(
    document: TypedDocumentString<Result, Variables>,
    ...[variables]: Record<string, never> extends Variables ? [variables?: Variables] : [variables: Variables]
  ): Promise<Result> {
    const body = JSON.stringify({ query: document.toString(), variables });
    return await this.#again(async () => {
      const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
      const answer = (await this.#sent("/graphql", { method: "POST", body, headers })) as {
        data?: Result;
        errors?: GraphQLErrorEntry[];
      };
      if (answer.errors !== undefined) {
        throw refusalOf(answer.errors);
      }
      return answer.data as Result;
    });
  }

  /** Send a file; its id is what inputs take. The language is that of its content, if it has one. */
  async upload(content: Blob, name: string, language?: string): Promise<UploadedFile> {
    const headers: Record<string, string> = {
      "content-type": content.type || "application/octet-stream",
      "x-requested-with": "imi-client",
    };
    const form = new FormData();
    if (language !== undefined) {
      form.append("language", language);
    }
    form.append("file", content, name);
    delete headers["content-type"];
    return await this.#again(
      async () => (await this.#sent("/files", { method: "POST", body: form, headers })) as UploadedFile,
    );
  }

  /**
   * The items of a subscription, for ever, without a gap: after whatever interrupts it, it resumes after the last cursor.
   *
   * What comes twice, because a connection broke before it was known to have arrived, is given once. Throws a `Refusal` that does
   * not pass, such as `CURSOR_EXPIRED`. End it with `break`, or with *streaming*'s signal.
   */
  stream<Result, Variables extends { after?: string | null }, Item extends { cursor: string }>(
    document: TypedDocumentString<Result, Variables>,
    item: (result: Result) => Item,
    streaming: Streaming<Variables> = {},
  ): AsyncGenerator<Item, void, void> {
    return following(`${this.#url.replace(/^http/, "ws")}/graphql`, this.#token, document.toString(), item, streaming);
  }

  async #sent(path: string, request: RequestInit): Promise<unknown> {
    const headers = { ...request.headers, authorization: `Bearer ${await this.#token()}` };
    const response = await fetch(`${this.#url}${path}`, { ...request, headers });
    const answer: unknown = await response.json().catch(() => undefined);
    if (response.ok && answer !== undefined) {
      return answer;
    }
    const errors = (answer as { errors?: GraphQLErrorEntry[] } | undefined)?.errors;
    if (errors !== undefined) {
      throw refusalOf(errors);
    }
    // A proxy in between has answered.
    const code = response.status >= 500 ? "UNAVAILABLE" : "INVALID";
    throw new Refusal(`the answer has status ${response.status} and is not the system's`, { code });
  }

  async #again<Found>(work: () => Promise<Found>): Promise<Found> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const passes = error instanceof Refusal ? error.passes : error instanceof TypeError;
        const asked = error instanceof Refusal ? error.retryAfter : undefined;
        if (!passes || attempt >= this.#attempts || (asked ?? 0) > LONGEST_WAIT_S) {
          throw error;
        }
        await pause(asked ?? Math.random() * 0.25 * 2 ** attempt);
      }
    }
  }
}

/** A new idempotency key. */
export function key(): string {
  return crypto.randomUUID();
}

/** Wait for so many seconds, or until *signal* ends it. */
export async function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) {
    return;
  }
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", done);
  });
}
