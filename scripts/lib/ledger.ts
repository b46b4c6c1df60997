import type { Hash, PublicClient } from "viem";

/** Gas of one kind of step, over all the times it was done. */
export interface StepCost {
  readonly step: string;
  readonly times: number;
  readonly least: number;
  readonly median: number;
  readonly most: number;
  readonly total: number;
}

export interface Ledger {
  /** Waits until the transaction is mined, notes its gas under `step`, throws when it reverted. */
  done(step: string, hash: Hash): Promise<Hash>;
  costs(): StepCost[];
}

/** Keeps account of what each kind of step cost. */
export function createLedger(client: PublicClient): Ledger {
  const gas = new Map<string, number[]>();
  return {
    async done(step, hash) {
      const receipt = await client.waitForTransactionReceipt({ hash, pollingInterval: 20 });
      if (receipt.status !== "success") throw new Error(`${step}: transaction ${hash} reverted`);
      gas.set(step, [...(gas.get(step) ?? []), Number(receipt.gasUsed)]);
      return hash;
    },
    costs: () =>
      [...gas.entries()].map(([step, values]) => {
        const sorted = [...values].sort((a, b) => a - b);
        const at = (index: number): number => sorted[index] ?? 0;
        return {
          step,
          times: sorted.length,
          least: at(0),
          median: at(Math.floor(sorted.length / 2)),
          most: at(sorted.length - 1),
          total: sorted.reduce((sum, value) => sum + value, 0),
        };
      }),
  };
}
