import { resolve } from "node:path";
import { Option } from "@commander-js/extra-typings";
import { type CiphertextStore, ipfsStore, s3Store } from "@publica/sdk/crypto";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Io } from "../lib/io.ts";
import { folderStore } from "./folderStore.ts";

export const storeOption = new Option(
  "--store <where>",
  "where sealed files are kept: a folder, ipfs+http://HOST:5001, or s3+https://HOST/BUCKET",
).default("ciphertexts");

/** The store `where` names. Credentials of S3 come from the environment only. */
export function openStore(io: Io, where: string): CiphertextStore {
  const url = /^(ipfs|s3)\+(https?:\/\/.+)$/.exec(where);
  if (url === null) {
    if (/^[a-z0-9+]+:\/\//i.test(where))
      throw new UsageError(`${where.split(":")[0]} is no kind of store: name a folder, ipfs+http://… or s3+https://…`);
    return folderStore(resolve(io.cwd, where));
  }
  const [, kind, address] = url as unknown as [string, "ipfs" | "s3", string];
  if (!URL.canParse(address)) throw new UsageError(`the address of the ${kind} store is not a URL`);
  if (kind === "ipfs") return ipfsStore({ url: address });
  const variable = (name: string): string => {
    const value = io.env[name];
    if (!value) throw new CliError(`the environment variable ${name} is not set`, "Set it to use an S3 store.");
    return value;
  };
  const sessionToken = io.env.AWS_SESSION_TOKEN;
  return s3Store({
    url: address,
    region: io.env.AWS_REGION || "us-east-1",
    credentials: {
      accessKeyId: variable("AWS_ACCESS_KEY_ID"),
      secretAccessKey: variable("AWS_SECRET_ACCESS_KEY"),
      ...(sessionToken ? { sessionToken } : {}),
    },
  });
}
