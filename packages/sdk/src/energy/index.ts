export * from "./balancing.ts";
export * from "./clearing.ts";
export * from "./errors.ts";
export * from "./meters.ts";
export * from "./operator.ts";
export * from "./orders.ts";
export * from "./settlement.ts";
