import type { Bench } from "../harness.ts";

/**
 * Etherisc GIF v3 cannot run beside the others: an instance takes 19,645,877 gas to create, and a transaction may use
 * 16,777,216 (EIP-7825) here as on Ethereum. Cited is what its own flight tests report (`forge test --isolate --gas-report`,
 * gif-next 495114db of 2024-10-22, solc 0.8.37, optimizer 200 runs).
 */
const FIGURES = {
  "insurance.deposit.next": ["createBundle", 983_578],
  "insurance.buy.first": ["createPolicy, the first on a risk", 3_217_705],
  "insurance.buy.repeat": ["createPolicy", 2_223_656],
  "insurance.triggerAndPay.1": ["oracle callback with one payout", 2_158_078],
  "insurance.settle.perPolicy": ["each further payout", 1_181_008],
} as const;

/** Puts the cited figures beside the measured ones. */
export function citeGif(bench: Bench): void {
  for (const [id, [what, value]] of Object.entries(FIGURES))
    bench.record({ id, value, unit: "gas", peer: `GIF v3 ${what} (cited)` });
}
