// The foundation's figures: one file a contract, composed here.
import { benchCredentials, credentialBudgets } from "./foundation/credentials.ts";
import type { Area } from "./harness.ts";

export const area: Area = {
  name: "foundation",
  budgets: { ...credentialBudgets },
  async run(bench) {
    await benchCredentials(bench);
  },
};
