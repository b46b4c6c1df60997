// @publica/sdk/crypto: what wills, medical records and shipments need to keep a secret among several hands.
export * from "./envelope/index.ts";
export * from "./threshold/index.ts";
export * from "./vault/index.ts";
