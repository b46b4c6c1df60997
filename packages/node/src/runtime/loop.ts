import type { Logger } from "./log.ts";
import { reasonOf } from "./problem.ts";

export interface Loop {
  /** Runs the work soon instead of waiting for the next turn. */
  wake(): void;
  /** Waits for the turn under way, then no more. */
  stop(): Promise<void>;
}

/** Runs `work` again and again, `everyMs` after it last ended. A failure is logged and does not end the loop. */
export function startLoop(name: string, everyMs: number, work: () => Promise<unknown>, log: Logger): Loop {
  let stopped = false;
  let wake: () => void = () => {};
  const turns = async (): Promise<void> => {
    while (!stopped) {
      try {
        await work();
      } catch (error) {
        log.warn({ loop: name, reason: reasonOf(error) }, "failed, tried again");
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
