/** The system said no: `code` is the class of refusal, `reason` the exact rule, `field` the input at fault. Nothing was done. */
export class Refusal extends Error {
  readonly code: string;
  readonly reason: string;
  readonly field: string;
  /** Everything the error says besides its message, such as `limit` and `found`. */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(message: string, extensions: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = "Refusal";
    this.code = said(extensions, "code");
    this.reason = said(extensions, "reason");
    this.field = said(extensions, "field");
    this.extensions = extensions;
  }

  /** Whether the same may be answered later. */
  get passes(): boolean {
    return this.code === "UNAVAILABLE" || this.code === "RATE_LIMITED";
  }

  /** Seconds after which to ask again, where the system has said so. */
  get retryAfter(): number | undefined {
    const seconds = this.extensions["retryAfter"];
    return typeof seconds === "number" ? seconds : undefined;
  }
}

/** An entry of a GraphQL response's `errors`. */
export interface GraphQLErrorEntry {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The first of *errors* as a refusal. */
export function refusalOf(errors: readonly GraphQLErrorEntry[]): Refusal {
  const [first] = errors;
  return new Refusal(first?.message ?? "refused without a reason", first?.extensions);
}

function said(extensions: Readonly<Record<string, unknown>>, name: string): string {
  const value = extensions[name];
  return typeof value === "string" ? value : "";
}
