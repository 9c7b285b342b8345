import { createClient } from "graphql-ws";
import { pause } from "./client.js";
import { type GraphQLErrorEntry, Refusal, refusalOf } from "./refusal.js";

export interface Streaming<Variables> {
  /** What the subscription takes besides `after`. */
  readonly variables?: Omit<Variables, "after">;
  /** The cursor after which to begin; from now on, without one. */
  readonly after?: string | undefined;
  /** Ends the stream. */
  readonly signal?: AbortSignal;
  /** Told when a connection is lost, with why, and again when there is one. */
  readonly onConnection?: (state: "open" | "lost", why?: unknown) => void;
}

/** Every stream says something at least every 30 s; after so much silence, its connection is dead. */
const SILENCE_S = 75;
const FIRST_PAUSE_S = 0.5;
const LONGEST_PAUSE_S = 30;

/** A connection that ended by itself, and is to be opened again. */
class Lost extends Error {
  constructor(
    readonly why: unknown,
    readonly wait: number | undefined,
  ) {
    super("the connection is lost");
  }
}

export async function* following<Result, Variables, Item extends { cursor: string }>(
  url: string,
  token: () => string | Promise<string>,
  query: string,
  itemOf: (result: Result) => Item,
  streaming: Streaming<Variables>,
): AsyncGenerator<Item, void, void> {
  let after = streaming.after;
  let failures = 0;
  while (!streaming.signal?.aborted) {
    try {
      const variables = { ...streaming.variables, after };
      for await (const result of connection<Result>(url, token, query, variables, streaming.signal)) {
        if (failures > 0) {
          streaming.onConnection?.("open");
        }
        failures = 0;
        const item = itemOf(result);
        // The first item says where the stream begins; resumed, that is where it was.
        if (item.cursor !== after) {
          after = item.cursor;
          yield item;
        }
      }
      // Aborted: what else ends a connection is thrown.
      return;
    } catch (error) {
      if (!(error instanceof Lost)) {
        throw error;
      }
      failures += 1;
      streaming.onConnection?.("lost", error.why);
      const longest = Math.min(FIRST_PAUSE_S * 2 ** failures, LONGEST_PAUSE_S);
      await pause(error.wait ?? Math.random() * longest, streaming.signal);
    }
  }
}

/** The results of one subscription on a connection of its own; throws `Lost` when that ends. */
async function* connection<Result>(
  url: string,
  token: () => string | Promise<string>,
  query: string,
  variables: Record<string, unknown>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Result, void, void> {
  const client = createClient({
    url,
    retryAttempts: 0,
    lazyCloseTimeout: 0,
    connectionParams: async () => ({ authorization: `Bearer ${await token()}` }),
  });
  const results = client.iterate<Result>({ query, variables });
  const stop = () => client.terminate();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    while (true) {
      const next = await heard(results.next());
      if (signal?.aborted) {
        return;
      }
      if (next.done) {
        // No subscription ends of itself.
        throw new Lost("complete", undefined);
      }
      if (next.value.errors !== undefined) {
        throw ended(refusalOf(next.value.errors as unknown as GraphQLErrorEntry[]));
      }
      yield next.value.data as Result;
    }
  } catch (error) {
    if (signal?.aborted) {
      return;
    }
    throw error instanceof Refusal || error instanceof Lost ? error : lost(error);
  } finally {
    signal?.removeEventListener("abort", stop);
    client.terminate();
  }
}

async function heard<Found>(next: Promise<Found>): Promise<Found> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Lost("silence", 0)), SILENCE_S * 1000);
  });
  try {
    return await Promise.race([next, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the system ends a stream with: for good, or until the client comes back with its cursor, as whoever it is now. */
function ended(refusal: Refusal): Error {
  const again = ["TOKEN_EXPIRED", "ACCESS_CHANGED"].includes(refusal.reason);
  const resumes = refusal.passes || refusal.code === "SUBSCRIPTION_OVERFLOW" || again;
  return resumes ? new Lost(refusal, refusal.retryAfter) : refusal;
}

/** How a connection ended, as graphql-ws says it: a close event, a list of errors, or anything else that went wrong. */
function lost(error: unknown): Error {
  if (Array.isArray(error)) {
    return ended(refusalOf(error as GraphQLErrorEntry[]));
  }
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (code === 4403 || code === 4401) {
    return new Refusal("sign in again", { code: "UNAUTHENTICATED" });
  }
  const asked = typeof reason === "string" ? /retry in ([0-9.]+) s/.exec(reason)?.[1] : undefined;
  return new Lost(error, asked === undefined ? undefined : Number(asked));
}
