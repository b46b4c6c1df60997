import type { Logger } from "./log.ts";
import { reasonOf } from "./problem.ts";

export interface Loop {
  /** Runs the work soon instead of waiting for the next turn. */
  wake(): void;
  /** Waits for the turn under way, then no more. */
  stop(): Promise<void>;
}

const REPEAT_MS = 60_000;

/** Runs `work` again and again, `everyMs` after it last ended. A failure is logged and does not end the loop. */
export function startLoop(name: string, everyMs: number, work: () => Promise<unknown>, log: Logger): Loop {
  let stopped = false;
  let wake: () => void = () => {};
  /** What is said already; a lasting failure is told once a minute. */
  let said: { reason: string; at: number } | undefined;
  const turns = async (): Promise<void> => {
    while (!stopped) {
      try {
        await work();
        if (said !== undefined) log.info({ loop: name }, "works again");
        said = undefined;
      } catch (error) {
        const reason = reasonOf(error);
        if (said?.reason !== reason || Date.now() - said.at >= REPEAT_MS) {
          said = { reason, at: Date.now() };
          log.warn({ loop: name, reason }, "failed, tried again");
        }
      }
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  const done = turns();
  return {
    wake: () => wake(),
    async stop() {
      stopped = true;
      wake();
      await done;
    },
  };
}
