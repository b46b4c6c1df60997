import type { FeedId } from "@publica/sdk/foundation";
import type { HttpReply, HttpRequest, Routes } from "../../runtime/http.ts";
import { reasonOf } from "../../runtime/problem.ts";
import type { Intake, Outcome } from "../intake.ts";
import { toShared } from "../peers.ts";
import type { Registry } from "../registry.ts";
import type { Rounds } from "../rounds.ts";

/** `POST /v1/messages` takes messages (one envelope, or JSON lines of them); `GET /v1/attestations` answers peers. */
export function oracleRoutes(intake: Intake, registry: Registry, rounds: Rounds): Routes {
  return {
    "POST /v1/messages": async ({ body, contentType }: HttpRequest): Promise<HttpReply> => {
      const messages = contentType.includes("ndjson") ? splitLines(body) : [body];
      try {
        const outcomes = await Promise.all(messages.map((bytes) => intake.offer({ source: "http", bytes })));
        return { status: 200, body: { outcomes: outcomes.map(describe) } };
      } catch (error) {
        return { status: 503, body: { error: `not stored, send it again: ${reasonOf(error)}` } };
      }
    },
    "GET /v1/attestations": ({ url }: HttpRequest): HttpReply => {
      const state = registry.feed(String(url.searchParams.get("feed")).toLowerCase() as FeedId);
      const after = Number(url.searchParams.get("after") ?? 0);
      if (state === undefined || !Number.isSafeInteger(after)) return { status: 404, body: { attestations: [] } };
      if (Number(url.searchParams.get("epoch")) !== state.config.epoch)
        return { status: 200, body: { attestations: [] } };
      return { status: 200, body: toShared(rounds.share(state, after)) };
    },
  };
}

function describe(outcome: Outcome): unknown {
  if (outcome.kind === "stored") return { stored: true, refused: outcome.refused };
  if (outcome.kind === "duplicate") return { stored: true, duplicate: true };
  return { stored: true, quarantined: outcome.reason, detail: outcome.detail };
}

function splitLines(body: Buffer): Buffer[] {
  return body
    .toString("utf8")
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => Buffer.from(line));
}
