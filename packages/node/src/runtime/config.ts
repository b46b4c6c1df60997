import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { z } from "zod";
import { problem, reasonOf } from "./problem.ts";

/** Reads a YAML file and checks it; every error names the place and how to mend it. */
export function loadConfig<T extends z.ZodType>(path: string, schema: T): z.infer<T> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw problem(
      "NodeConfigMissing",
      `cannot read the configuration ${path} (${reasonOf(error)})`,
      "Make one with `publica-node init`, or name it with --config FILE.",
    );
  }
  return parseConfig(text, schema, path);
}

export function parseConfig<T extends z.ZodType>(text: string, schema: T, path = "configuration"): z.infer<T> {
  const document = parseDocument(text, { prettyErrors: true });
  const syntax = document.errors[0];
  if (syntax !== undefined) {
    throw problem("NodeConfigInvalid", `${path}: ${reasonOf(syntax)}`, "Mend the YAML at that line.");
  }
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) => explain(issue)).map(({ at, fix }) => `  ${at}: ${fix}`);
  throw problem(
    "NodeConfigInvalid",
    `${path} has ${lines.length} mistake${lines.length === 1 ? "" : "s"}:\n${lines.join("\n")}`,
    "Mend the lines named.",
  );
}

/** One line a mistake: where, what is expected, and what to do. */
function explain(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): { at: string; fix: string }[] {
  const path = [...above, ...issue.path];
  const at = path.map(String).join(".") || "the top";
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        at: [...path, key].map(String).join("."),
        fix: "is not a setting; remove it or check its spelling",
      }));
    case "invalid_type":
      return [
        {
          at,
          fix: issue.message.includes("undefined")
            ? `is missing; add a ${issue.expected}`
            : `must be a ${issue.expected}`,
        },
      ];
    case "invalid_union": {
      // The alternative that came nearest says best what is missing.
      const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? [];
      return nearest.length === 0
        ? [{ at, fix: "fits none of the allowed forms" }]
        : nearest.flatMap((inner) => explain(inner, path));
    }
    default:
      return [{ at, fix: issue.message }];
  }
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `30s`, `5m`, `12h`, `7d`, or plain seconds; gives seconds. */
export const duration = z
  .union([
    z.number().positive(),
    z.string().regex(/^\d+(\.\d+)?[smhd]$/, "write a duration such as 30s, 5m, 12h or 7d"),
  ])
  .transform((value) =>
    typeof value === "number" ? value : Number(value.slice(0, -1)) * (UNIT_SECONDS[value.slice(-1)] ?? 1),
  );
