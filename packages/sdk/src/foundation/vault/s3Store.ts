import type { PublicaError } from "../errors.ts";
import { type AwsCredentials, signAwsRequest } from "./awsSignature.ts";
import { answered, refused } from "./ipfsStore.ts";
import { cidOf, type CiphertextStore, notStored, verifiedStore } from "./store.ts";

export interface S3StoreParameters {
  /** The endpoint with the bucket in its path, such as `https://s3.eu-central-1.amazonaws.com/our-wills`. */
  readonly url: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  readonly fetch?: typeof fetch;
  /** The time requests are signed with. */
  readonly now?: () => Date;
}

export type S3StoreErrorType = PublicaError;

/** A store in an S3-compatible bucket (path style); objects are named by CID, and deleting really deletes. */
export function s3Store(parameters: S3StoreParameters): CiphertextStore {
  const { url, region, credentials, fetch: request = fetch, now = () => new Date() } = parameters;
  const call = (method: string, cid: string, body: Uint8Array<ArrayBuffer> = new Uint8Array()): Promise<Response> => {
    const target = new URL(`${url.replace(/\/+$/, "")}/${cid}`);
    const headers = signAwsRequest({ method, url: target, headers: {}, body, credentials, region, now: now() });
    return answered(target, () => request(target, { method, headers, ...(method === "PUT" ? { body } : {}) }));
  };
  return verifiedStore({
    async put(bytes) {
      const cid = cidOf(bytes);
      const response = await call("PUT", cid, Uint8Array.from(bytes));
      if (!response.ok) throw await refused(response, "put", cid);
      await response.body?.cancel();
      return cid;
    },
    async get(cid) {
      const response = await call("GET", cid);
      if (response.status === 404) throw notStored(cid);
      if (!response.ok) throw await refused(response, "get", cid);
      return new Uint8Array(await response.arrayBuffer());
    },
    async has(cid) {
      const response = await call("HEAD", cid);
      await response.body?.cancel();
      if (!response.ok && response.status !== 404) throw await refused(response, "look for", cid);
      return response.ok;
    },
    async delete(cid) {
      const response = await call("DELETE", cid);
      if (!response.ok && response.status !== 404) throw await refused(response, "delete", cid);
      await response.body?.cancel();
    },
  });
}
