import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { type CiphertextStore, cidOf, ipfsStore, s3Store, signAwsRequest } from "../src/foundation/vault/index.ts";

const credentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};
const now = (): Date => new Date("2013-05-24T00:00:00Z");

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function code(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "nothing was thrown";
}

/** An S3 bucket that checks every signature by signing the request itself. */
function bucket(files: Map<string, Buffer>): Server {
  return createServer(async (request, response) => {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? "", `http://${request.headers.host}`);
    const expected = signAwsRequest({
      method: request.method ?? "",
      url,
      headers: {},
      body,
      credentials,
      region: "eu-central-1",
      now: now(),
    });
    const status = ((): number => {
      if (request.headers.authorization !== expected.authorization) return 403;
      if (request.method === "PUT") files.set(url.pathname, body);
      if (request.method === "DELETE") return files.delete(url.pathname) ? 204 : 404;
      return files.has(url.pathname) ? 200 : 404;
    })();
    response.writeHead(status);
    response.end(request.method === "GET" && status === 200 ? files.get(url.pathname) : undefined);
  });
}

/** The part of Kubo's RPC the store uses. */
function kubo(files: Map<string, Buffer>, pins: Set<string>): Server {
  return createServer(async (request, response) => {
    const body = await bodyOf(request);
    const url = new URL(request.url ?? "", "http://kubo");
    const cid = url.searchParams.get("arg") ?? "";
    const say = (status: number, value: unknown): void => {
      response.writeHead(status);
      response.end(value instanceof Buffer ? value : JSON.stringify(value));
    };
    if (request.method !== "POST") return say(405, {});
    if (url.pathname === "/api/v0/block/put") {
      const form = await new Response(Uint8Array.from(body), {
        headers: { "content-type": request.headers["content-type"] ?? "" },
      }).formData();
      const bytes = Buffer.from(await (form.get("data") as File).arrayBuffer());
      files.set(cidOf(bytes), bytes);
      if (url.searchParams.get("pin") === "true") pins.add(cidOf(bytes));
      return say(200, { Key: cidOf(bytes), Size: bytes.length });
    }
    const held = files.get(cid);
    if (url.pathname === "/api/v0/pin/ls") return say(pins.has(cid) ? 200 : 500, {});
    if (url.pathname === "/api/v0/pin/rm") return say(pins.delete(cid) ? 200 : 500, {});
    if (held === undefined) return say(500, { Message: "block was not found" });
    if (url.pathname === "/api/v0/block/rm") return say(files.delete(cid) ? 200 : 500, {});
    return say(200, url.pathname === "/api/v0/block/get" ? held : { Key: cid });
  });
}

describe("ciphertext stores over HTTP", () => {
  const files = new Map<string, Buffer>();
  const pins = new Set<string>();
  const servers = [bucket(files), kubo(files, pins)];
  let stores: Record<string, CiphertextStore> = {};
  let urls: string[] = [];

  before(async () => {
    urls = await Promise.all(servers.map(listening));
    stores = {
      s3: s3Store({ url: `${urls[0]}/our-wills/`, region: "eu-central-1", credentials, now }),
      ipfs: ipfsStore({ url: urls[1] as string }),
    };
  });
  beforeEach(() => {
    files.clear();
    pins.clear();
  });
  after(() => {
    for (const server of servers) server.close();
  });

  const sealed = crypto.getRandomValues(new Uint8Array(5_000));

  for (const kind of ["s3", "ipfs"])
    it(`${kind}: what is put comes back, is named by its CID, and is deleted`, async () => {
      const store = stores[kind] as CiphertextStore;
      const cid = await store.put(sealed);
      expect(cid).to.equal(cidOf(sealed));
      expect(await store.put(sealed)).to.equal(cid);
      expect(await store.get(cid)).to.deep.equal(sealed);
      expect(await store.has(cid)).to.equal(true);
      await store.delete?.(cid);
      expect(await store.has(cid)).to.equal(false);
      expect(await code(() => store.get(cid))).to.equal("SdkStoreMissing");
    });

  for (const kind of ["s3", "ipfs"])
    it(`${kind}: a store that lies, or cuts a file short, is found out on reading`, async () => {
      const store = stores[kind] as CiphertextStore;
      const cid = await store.put(sealed);
      for (const [name, bytes] of files) files.set(name, bytes.subarray(0, -1));
      expect(await code(() => store.get(cid))).to.equal("SdkStoreAltered");
      for (const name of files.keys()) files.set(name, Buffer.from("something else"));
      expect(await code(() => store.get(cid))).to.equal("SdkStoreAltered");
    });

  it("ipfs: says whether the node keeps the file", async () => {
    const cid = await (stores.ipfs as CiphertextStore).put(sealed);
    expect(await stores.ipfs?.pinStatus?.(cid)).to.equal("pinned");
    pins.clear();
    expect(await stores.ipfs?.pinStatus?.(cid)).to.equal("missing");
  });

  it("s3: wrong credentials are refused, and the error does not repeat them", async () => {
    const wrong = { ...credentials, secretAccessKey: "guess" };
    const store = s3Store({ url: `${urls[0]}/our-wills`, region: "eu-central-1", credentials: wrong, now });
    for (const action of [() => store.put(sealed), () => store.get(cidOf(sealed)), () => store.has(cidOf(sealed))])
      expect(await code(action)).to.equal("SdkStoreRefused");
    const error = await store.put(sealed).catch((thrown: Error) => thrown);
    expect(JSON.stringify(error) + String(error)).not.to.contain("guess");
  });

  it("a store that does not answer is named", async () => {
    const store = ipfsStore({ url: "http://127.0.0.1:9" });
    expect(await code(() => store.get(cidOf(sealed)))).to.equal("SdkStoreUnreachable");
  });

  it("signs requests as the examples of Amazon's S3 API reference do", () => {
    const sign = (method: string, path: string, headers: Record<string, string>, body = ""): string | undefined =>
      signAwsRequest({
        method,
        url: new URL(`https://examplebucket.s3.amazonaws.com${path}`),
        headers,
        body: new TextEncoder().encode(body),
        credentials,
        region: "us-east-1",
        now: now(),
      }).authorization?.split("Signature=")[1];
    expect(sign("GET", "/test.txt", { range: "bytes=0-9" })).to.equal(
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
    expect(
      sign(
        "PUT",
        "/test$file.text",
        { date: "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY" },
        "Welcome to Amazon S3.",
      ),
    ).to.equal("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    expect(sign("GET", "/?lifecycle", {})).to.equal("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    expect(sign("GET", "/?max-keys=2&prefix=J", {})).to.equal(
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
  });
});
