import type { Account, Chain, Client, Transport } from "viem";

/** Any viem client; enough to read. */
export type ReadClient = Client<Transport, Chain | undefined>;

/** A viem client with an account; enough to send transactions and sign. */
export type WriteClient = Client<Transport, Chain | undefined, Account>;
