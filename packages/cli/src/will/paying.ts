import { randomBytes } from "node:crypto";
import { assentToPayout, getPaymentNumber, getVault, releasePayment, willTypedData } from "@publica/sdk/wills";
import { type Address, bytesToHex, concat, type Hex, keccak256, zeroAddress } from "viem";
import { z } from "zod";
import { CliError, UsageError } from "../lib/errors.ts";
import type { Io, Report } from "../lib/io.ts";
import { pairs, utc } from "../lib/text.ts";
import type { Wallet } from "../lib/wallet.ts";
import {
  hex,
  type LoadedWill,
  type Office,
  placeOf,
  type Prepared,
  readBytes,
  readSignedOf,
  requireFree,
  sign,
  signedSchema,
  step,
  writeSigned,
} from "./office.ts";
import { amountOf } from "./payout.ts";

const paymentSchema = z.object({
  fee: z.boolean(),
  asset: hex,
  to: hex,
  amount: z.string().regex(/^\d+$/),
  invoice: hex,
  number: z.int(),
});
const releaseSchema = signedSchema("publica/release/1", {
  /** Left out: executors assent that heirs are paid now. */
  payment: paymentSchema.optional(),
  /** Unix seconds. */
  deadline: z.int(),
  /** Opens the invoice's hash to whoever has the invoice; never goes on chain. */
  salt: hex.optional(),
  executor: hex,
  signature: hex,
});
type Release = z.infer<typeof releaseSchema>;

const readRelease = (io: Io, { manifest }: LoadedWill, file: string): Release =>
  readSignedOf(manifest, io, file, releaseSchema, "signed release", "the executor");

export interface NewRelease {
  readonly out: string;
  /** Another executor's file: the same is signed. */
  readonly as?: string | undefined;
  readonly assent?: true | undefined;
  readonly fee?: true | undefined;
  readonly asset?: Address | undefined;
  readonly to?: Address | undefined;
  readonly amount?: bigint | undefined;
  readonly invoice?: string | undefined;
  readonly deadline?: number | undefined;
}

/** An executor signs a payment, or that heirs are paid now; for somebody to send with the others' signatures. */
export async function signRelease(
  io: Io,
  office: Office,
  wallet: Wallet,
  loaded: LoadedWill,
  options: NewRelease,
): Promise<Report> {
  const { manifest } = loaded;
  requireFree(io, options.out);
  placeOf(manifest.executors, wallet.address, "executor");
  const vault = await madeVault(office, manifest.willId);
  const content =
    options.as === undefined ? await newRelease(io, office, vault, options) : readRelease(io, loaded, options.as);
  const { payment, deadline } = content;
  const typedData =
    payment === undefined
      ? willTypedData(manifest.chainId, vault, "Assent", { deadline: BigInt(deadline) })
      : willTypedData(manifest.chainId, vault, "Payment", {
          ...payment,
          amount: BigInt(payment.amount),
          deadline: BigInt(deadline),
        });
  const signature = await sign(wallet, typedData);
  const { willId, version } = manifest;
  const signed = { format: "publica/release/1", willId, version, ...content, executor: wallet.address, signature };
  writeSigned(io, options.out, signed);
  return {
    data: { file: options.out, executor: wallet.address, payment, deadline },
    text: pairs([
      ["signed", releaseText(content)],
      ["until", utc(deadline)],
      ["written to", `${options.out}: the others sign with --as ${options.out}, then somebody sends all`],
    ]),
  };
}

async function madeVault({ context, registry }: Office, willId: Hex): Promise<Address> {
  const { vault, exists } = await getVault(context.client, { registry, willId });
  if (!exists)
    throw new CliError("the vault is not made yet", "publica will payout makes it, and begins the settlement.");
  return vault;
}

type Content = Pick<Release, "payment" | "deadline" | "salt">;

async function newRelease(io: Io, office: Office, vault: Address, options: NewRelease): Promise<Content> {
  const { assent, fee, asset = zeroAddress, to, amount, invoice, deadline } = options;
  if (deadline === undefined) throw new UsageError("name --deadline TIME");
  if (assent) return { deadline };
  if (to === undefined || amount === undefined || invoice === undefined)
    throw new UsageError("name --to ADDRESS, --amount UNITS and --invoice FILE; or --assent, or --as FILE");
  const salt = bytesToHex(randomBytes(32));
  const invoiceHash = keccak256(concat([salt, keccak256(readBytes(io, invoice, "invoice"))]));
  const number = await getPaymentNumber(office.context.client, { vault, asset });
  const payment = { fee: fee ?? false, asset, to, amount: String(amount), invoice: invoiceHash, number };
  return { payment, deadline, salt };
}

const releaseText = ({ payment }: Content): string =>
  payment === undefined
    ? "heirs are paid now; executors pay nothing more"
    : `pay ${payment.fee ? "the fee of " : ""}${amountOf(BigInt(payment.amount), payment.asset as Address)} to ${payment.to}`;

/** Sends what enough executors signed, in one transaction. */
export async function planRelease(
  io: Io,
  office: Office,
  sender: Address,
  loaded: LoadedWill,
  files: readonly string[],
): Promise<Prepared> {
  const { manifest } = loaded;
  const releases = files.map((file) => readRelease(io, loaded, file));
  const [first] = releases;
  if (first === undefined) throw new UsageError("name the signed files");
  const signatures = new Map<number, Hex>();
  for (const [at, release] of releases.entries()) {
    if (JSON.stringify([release.payment, release.deadline]) !== JSON.stringify([first.payment, first.deadline]))
      throw new CliError(`${files[at]} is about something else than ${files[0]}`, "Sign the same with --as.");
    const position = placeOf(manifest.executors, release.executor as Address, "executor") - 1;
    signatures.set(position, release.signature);
  }
  const { payment, deadline } = first;
  const vault = await madeVault(office, manifest.willId);
  const common = { vault, manifest, signatures };
  return {
    plan: {
      facts: [
        ["will", manifest.willId],
        ["executors", `${signatures.size}, ${manifest.plan.executorThreshold} needed`],
      ],
      data: { willId: manifest.willId, vault, payment, deadline, executors: [...signatures.keys()] },
      steps: [
        step(office, sender, releaseText(first), (from) =>
          payment === undefined
            ? assentToPayout(from, { ...common, deadline: BigInt(deadline) })
            : releasePayment(from, {
                ...common,
                payment: {
                  fee: payment.fee,
                  asset: payment.asset as Address,
                  to: payment.to as Address,
                  amount: BigInt(payment.amount),
                  invoice: payment.invoice,
                  deadline: BigInt(deadline),
                },
              }),
        ),
      ],
    },
  };
}
