export * from "./clearing.ts";
