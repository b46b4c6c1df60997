import type { Address, Hex, TypedDataDomain } from "viem";
import { z } from "zod";
import { decoded, type PublicaError } from "../foundation/errors.ts";
import { parsed } from "./terms.ts";
import type { Quote, SignedQuote } from "./types.ts";

/** The EIP-712 type of a quote. */
export const quoteTypes = {
  Quote: [
    { name: "series", type: "uint64" },
    { name: "buyer", type: "address" },
    { name: "sumInsured", type: "uint128" },
    { name: "premium", type: "uint128" },
    { name: "sequence", type: "uint32" },
    { name: "validUntil", type: "uint40" },
  ],
} as const;

/** What `signTypedData` of a wallet, an account or a remote signer takes. */
export interface QuoteTypedData {
  readonly domain: TypedDataDomain;
  readonly types: typeof quoteTypes;
  readonly primaryType: "Quote";
  readonly message: Quote;
}

/** Anything that signs typed data: a viem local account, or a remote signer wrapped likewise. */
export interface QuoteSigner {
  readonly address: Address;
  signTypedData(data: QuoteTypedData): Promise<Hex>;
}

const quoteSchema = z.object({
  series: z.bigint().positive(),
  buyer: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  sumInsured: z.bigint().positive(),
  premium: z.bigint().positive(),
  sequence: z.number().int().min(0),
  validUntil: z.number().int().min(0),
});

/** The typed data of a quote, for a book on a chain. */
export function quoteTypedData(book: Address, chainId: number, quote: Quote): QuoteTypedData {
  parsed(quoteSchema, "quote", quote);
  return {
    domain: { name: "Publica PolicyBook", version: "1", chainId, verifyingContract: book },
    types: quoteTypes,
    primaryType: "Quote",
    message: quote,
  };
}

export interface SignQuoteParameters {
  readonly book: Address;
  readonly chainId: number;
  readonly quote: Quote;
}

export type SignQuoteReturnType = SignedQuote;
export type SignQuoteErrorType = PublicaError;

/** Signs an offer of cover with a quote key. */
export function signQuote(signer: QuoteSigner, parameters: SignQuoteParameters): Promise<SignQuoteReturnType> {
  const { book, chainId, quote } = parameters;
  return decoded(async () => ({
    quote,
    key: signer.address,
    signature: await signer.signTypedData(quoteTypedData(book, chainId, quote)),
  }));
}
