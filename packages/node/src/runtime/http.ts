import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { problem, reasonOf } from "./problem.ts";

export interface HttpReply {
  readonly status: number;
  readonly body?: unknown;
  readonly type?: string;
}

export interface HttpRequest {
  readonly url: URL;
  readonly contentType: string;
  readonly body: Buffer;
}

/** `METHOD /path` → what answers it. */
export type Routes = Readonly<Record<string, (request: HttpRequest) => Promise<HttpReply> | HttpReply>>;

export interface HttpOptions {
  readonly host: string;
  readonly port: number;
  readonly routes?: Routes;
  readonly metrics: Metrics;
  /** Why the node is not ready; empty when it is. */
  readonly notReady: () => readonly string[];
  readonly log: Logger;
  readonly maxBodyBytes?: number;
}

export interface HttpServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `/metrics`, `/healthz`, `/readyz` and an operator's own routes. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { metrics, notReady, log, maxBodyBytes = 1 << 20 } = options;
  const routes: Routes = {
    "GET /healthz": () => ({ status: 200, body: "ok", type: "text/plain" }),
    "GET /readyz": () => {
      const reasons = notReady();
      return { status: reasons.length === 0 ? 200 : 503, body: { ready: reasons.length === 0, reasons } };
    },
    "GET /metrics": async () => ({ status: 200, body: await metrics.text(), type: "text/plain; version=0.0.4" }),
    ...options.routes,
  };

  async function answer(request: IncomingMessage): Promise<HttpReply> {
    const url = new URL(request.url ?? "/", "http://node");
    const handler = routes[`${request.method} ${url.pathname}`];
    if (handler === undefined) return { status: 404, body: { error: `there is no ${request.method} ${url.pathname}` } };
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBodyBytes) return { status: 413, body: { error: `more than ${maxBodyBytes} bytes` } };
      chunks.push(chunk);
    }
    return handler({ url, contentType: request.headers["content-type"] ?? "", body: Buffer.concat(chunks) });
  }

  function reply(response: ServerResponse, { status, body, type = "application/json" }: HttpReply): void {
    const text = type === "application/json" ? `${JSON.stringify(body ?? {})}\n` : String(body ?? "");
    response.writeHead(status, { "content-type": type }).end(text);
  }

  const server = createServer((request, response) => {
    answer(request).then(
      (result) => reply(response, result),
      (error: unknown) => {
        log.error({ reason: reasonOf(error), path: request.url }, "request failed");
        reply(response, { status: 500, body: { error: "failed; see the node's log" } });
      },
    );
  });
  server.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        problem(
          "NodePortTaken",
          `cannot listen on ${options.host}:${options.port} (${reasonOf(error)})`,
          "Choose another http.port, or stop what uses it.",
        ),
      ),
    );
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
