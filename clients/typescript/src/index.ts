export { ImiClient, key, type Options, type UploadedFile } from "./client.js";
export * from "./generated.js";
export { Refusal } from "./refusal.js";
export type { Streaming } from "./stream.js";
