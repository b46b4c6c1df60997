import { PublicaError } from "@publica/sdk";
import { getPurchases, getSeries, type Quote, quoteTypes, signQuote } from "@publica/sdk/insurance";
import { policyBookAbi } from "@publica/sdk/abi";
import type { Address } from "viem";
import { signTypedData } from "viem/actions";
import { chainNow } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import { type Io, type Report, toJson } from "../lib/io.ts";
import { pairs, relative, utc } from "../lib/text.ts";
import { money, toBaseUnits } from "../lib/tokens.ts";
import type { Wallet } from "../lib/wallet.ts";
import { type Office, openPool } from "./office.ts";
import { type QuoteFile, writeQuoteFile } from "./quoteFile.ts";

export interface QuoteOptions {
  readonly series: bigint;
  readonly buyer: Address;
  /** Amounts as people write them. */
  readonly sum: string;
  readonly premium: string;
  readonly validMinutes: number;
  readonly yes: boolean | undefined;
  readonly out: string | undefined;
}

/** Checks an offer against the series' own terms and, when told to, signs it with the quote key. */
export async function quoteCover(
  io: Io,
  office: Office,
  wallet: Wallet | undefined,
  options: QuoteOptions,
): Promise<Report> {
  const { book, context } = office;
  const { client, chainId } = context;
  const { series, buyer } = options;
  const [{ terms, name, state }, sequence, now] = await Promise.all([
    getSeries(client, { book, series }),
    getPurchases(client, { book, buyer }),
    chainNow(client),
  ]);
  const { token, unit, freeAssets } = await openPool(office, terms.pool);
  const quote: Quote = {
    series,
    buyer,
    sumInsured: toBaseUnits(options.sum, token),
    premium: toBaseUnits(options.premium, token),
    sequence,
    validUntil: now + options.validMinutes * 60,
  };

  const salesEnd = terms.start - terms.leadTime;
  if (state !== "open" || now >= salesEnd)
    throw new CliError(`sales of series ${series} (${name}) ended ${relative(salesEnd, now)}`, "Quote a later series.");
  const floor = (quote.sumInsured * BigInt(terms.floorBps) + 9_999n) / 10_000n;
  if (quote.premium < floor || quote.premium > quote.sumInsured) {
    throw new CliError(
      `the premium must lie between the series' floor of ${money(floor, token)} and the sum insured`,
      "Choose another --premium.",
    );
  }
  if (quote.sumInsured % unit !== 0n || quote.premium % unit !== 0n)
    throw new CliError(`the book counts in units of ${money(unit, token)}`, "Round both amounts to such units.");
  if (quote.sumInsured > freeAssets)
    throw new CliError(`the pool can carry ${money(freeAssets, token)} more`, "Quote a smaller --sum.");

  const facts: [string, string][] = [
    ["series", `${series}  ${name}`],
    ["buyer", buyer],
    ["sum insured", money(quote.sumInsured, token)],
    ["premium", `${money(quote.premium, token)}, floor ${money(floor, token)}`],
    ["valid until", `${utc(quote.validUntil)}, ${relative(quote.validUntil, now)}`],
  ];
  if (wallet === undefined || !options.yes) {
    const next =
      wallet === undefined ? "Name the quote key (--keystore …) and add --yes to sign." : "Add --yes to sign.";
    return { data: { signed: false, chainId, book, quote }, text: `${pairs(facts)}\n\nNot signed. ${next}` };
  }

  const [limit, left] = await client.readContract({
    address: book,
    abi: policyBookAbi,
    functionName: "quoteKeyOf",
    args: [wallet.address],
  });
  if (limit === 0n || left * unit < quote.sumInsured) {
    throw new PublicaError(
      limit === 0n ? "PolicyQuoteInvalid" : "PolicyQuoteLimit",
      limit === 0n
        ? `${wallet.address} is no quote key of this book.`
        : `The key may sell ${money(left * unit, token)} more today.`,
      limit === 0n ? "Sign with an appointed key, or have this one appointed." : "Wait until tomorrow (UTC).",
    );
  }
  const signer = await wallet.unlock();
  const signed = await signQuote(
    {
      address: wallet.address,
      signTypedData: (data) =>
        signTypedData(signer, { ...data, types: quoteTypes, account: signer.account, message: { ...data.message } }),
    },
    { book, chainId, quote },
  );
  const file: QuoteFile = { chainId, book, ...signed };
  if (options.out === undefined) return { data: file, text: toJson(file) };
  writeQuoteFile(io, options.out, file);
  return { data: file, text: `${pairs(facts)}\n\nSigned by ${wallet.address}, written to ${options.out}.` };
}
