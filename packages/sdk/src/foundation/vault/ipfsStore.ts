import { PublicaError } from "../errors.ts";
import { cidOf, type CiphertextStore, notStored, verifiedStore } from "./store.ts";

export interface IpfsStoreParameters {
  /** The node's RPC interface, such as `http://127.0.0.1:5001`. */
  readonly url: string;
  readonly fetch?: typeof fetch;
}

export type IpfsStoreErrorType = PublicaError;

/**
 * A store on an IPFS node, over Kubo's HTTP RPC: each file is one raw block, pinned. Blocks above 2 MiB stay on the node
 * that took them, as the network does not pass them on: pin larger files on each node that should have them. Deleting
 * unpins and removes the block from this node; copies elsewhere remain.
 */
export function ipfsStore({ url, fetch: request = fetch }: IpfsStoreParameters): CiphertextStore {
  const call = async (path: string, query: Record<string, string>, body?: FormData): Promise<Response> => {
    const target = new URL(`/api/v0/${path}`, url);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    return answered(target, () => request(target, { method: "POST", ...(body === undefined ? {} : { body }) }));
  };
  const known = async (cid: string): Promise<boolean> => {
    const response = await call("block/stat", { arg: cid, offline: "true" });
    await response.body?.cancel();
    return response.ok;
  };
  return verifiedStore({
    async put(bytes) {
      const form = new FormData();
      form.append("data", new Blob([Uint8Array.from(bytes)]));
      const query = { "cid-codec": "raw", mhtype: "sha2-256", pin: "true", "allow-big-block": "true" };
      const response = await call("block/put", query, form);
      if (!response.ok) throw await refused(response, "put", cidOf(bytes));
      const { Key } = (await response.json()) as { Key?: string };
      return Key ?? "";
    },
    async get(cid) {
      const response = await call("block/get", { arg: cid });
      if (!response.ok) throw (await known(cid)) ? await refused(response, "get", cid) : notStored(cid);
      return new Uint8Array(await response.arrayBuffer());
    },
    has: known,
    async delete(cid) {
      for (const path of ["pin/rm", "block/rm"]) {
        const response = await call(path, { arg: cid });
        await response.body?.cancel();
      }
      if (await known(cid))
        throw new PublicaError("SdkStoreRefused", `The node keeps ${cid}.`, "Remove its other pins first.", [cid]);
    },
    async pinStatus(cid) {
      const response = await call("pin/ls", { arg: cid, type: "all" });
      await response.body?.cancel();
      return response.ok ? "pinned" : "missing";
    },
  });
}

/** The answer, or an error that names the host and nothing secret of the address. */
export async function answered(target: URL, send: () => Promise<Response>): Promise<Response> {
  try {
    return await send();
  } catch (cause) {
    throw new PublicaError(
      "SdkStoreUnreachable",
      `The store at ${target.host} does not answer.`,
      "Check that it runs and that its address is right; another store can take its place.",
      [target.host],
      cause,
    );
  }
}

/** A store's refusal. */
export async function refused(response: Response, what: string, cid: string): Promise<PublicaError> {
  await response.body?.cancel();
  return new PublicaError(
    "SdkStoreRefused",
    `The store refused to ${what} ${cid} (HTTP ${response.status}).`,
    "Check its credentials and its free space.",
    [cid, response.status],
  );
}
