import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignAwsRequestParameters {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly credentials: AwsCredentials;
  readonly region: string;
  readonly now: Date;
}

/** The headers of a request to S3, signed (AWS Signature Version 4, payload included). */
export function signAwsRequest(parameters: SignAwsRequestParameters): Record<string, string> {
  const { method, url, headers, body, credentials, region, now } = parameters;
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const all: Record<string, string> = {
    ...headers,
    host: url.host,
    "x-amz-content-sha256": bytesToHex(sha256(body)),
    "x-amz-date": time,
    ...(credentials.sessionToken === undefined ? {} : { "x-amz-security-token": credentials.sessionToken }),
  };
  const names = Object.keys(all).sort();
  const signedHeaders = names.join(";");
  const query = [...url.searchParams].map((pair) => pair.map(encode).join("=")).sort();
  const canonical = [
    method,
    url.pathname
      .split("/")
      .map((part) => encode(decodeURIComponent(part)))
      .join("/"),
    query.join("&"),
    ...names.map((name) => `${name}:${all[name]?.trim()}`),
    "",
    signedHeaders,
    all["x-amz-content-sha256"],
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", time, scope, bytesToHex(sha256(utf8(canonical)))].join("\n");
  let key = utf8(`AWS4${credentials.secretAccessKey}`);
  for (const part of [day, region, "s3", "aws4_request"]) key = hmac(sha256, key, utf8(part));
  const signature = bytesToHex(hmac(sha256, key, utf8(toSign)));
  const { host: _, ...sent } = all;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},SignedHeaders=${signedHeaders},Signature=${signature}`;
  return { ...sent, authorization };
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** RFC 3986, as the signature wants it. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);
