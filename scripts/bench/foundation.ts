// The foundation's figures: one file a contract, composed here.
import { benchCredentials, credentialBudgets } from "./foundation/credentials.ts";
import { benchFeeds, feedBudgets } from "./foundation/feeds.ts";
import type { Area } from "./harness.ts";

export const area: Area = {
  name: "foundation",
  budgets: { ...credentialBudgets, ...feedBudgets },
  async run(bench) {
    await benchCredentials(bench);
    await benchFeeds(bench);
  },
};
