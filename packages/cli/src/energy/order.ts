import { type Curve, curveTypedData, encodeStep, type Step as EnergyStep, worstCaseMicro } from "@publica/sdk/energy";
import { energyAccountsAbi, energyExchangeAbi } from "@publica/sdk/abi";
import { isAddressEqual, parseSignature, signatureToCompactSignature } from "viem";
import { signTypedData } from "viem/actions";
import { chainNow } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import { type Io, type Report, toJson } from "../lib/io.ts";
import type { Plan } from "../lib/sending.ts";
import { pairs, relative, utc } from "../lib/text.ts";
import { money } from "../lib/tokens.ts";
import type { Wallet } from "../lib/wallet.ts";
import { call, slotName } from "./account.ts";
import { accountState, firstSlotOf, type Market, showStep, slotOf } from "./market.ts";
import { readCurve, writeOrderFile } from "./orderFile.ts";

export interface OrderOptions {
  readonly account: number;
  readonly day: string;
  readonly curve: string;
  readonly yes: boolean | undefined;
  readonly out: string | undefined;
}

/** Shows what a day's curve would commit to, and signs it when told to. */
export async function signOrder(
  io: Io,
  market: Market,
  wallet: Wallet | undefined,
  options: OrderOptions,
): Promise<Report> {
  const { client, chainId } = market.context;
  const firstSlot = firstSlotOf(options.day);
  const steps = readCurve(io, options.curve, options.day, market.token);
  const [state, times, now] = await Promise.all([
    accountState(market, options.account),
    client.readContract({
      ...{ address: market.exchange, abi: energyExchangeAbi, functionName: "timesOf", args: [firstSlot, 96n] },
    } as const),
    chainNow(client),
  ]);
  const [gate] = times;
  if (BigInt(now) >= gate)
    throw new CliError(`the gate of ${options.day} closed ${relative(Number(gate), now)}`, "Sign for a later day.");
  const worst = steps.reduce((sum, step) => sum + worstCaseMicro(step), 0n);
  const reserved = await client.readContract({
    ...{
      address: market.accounts,
      abi: energyAccountsAbi,
      functionName: "reservedMicro",
      args: [options.account, gate],
    },
  } as const);
  if (worst > state.balanceMicro - reserved)
    throw new CliError(
      `the day can cost ${money(worst, market.token)}, the account has ${money(state.balanceMicro - reserved, market.token)}`,
      "Deposit more, or ask for less: an order that is not covered counts as absent.",
    );
  const facts: [string, string][] = [
    ["account", String(options.account)],
    ["day", `${options.day}, gate closes ${utc(gate)}, ${relative(Number(gate), now)}`],
    ["steps", `${steps.filter(({ energyWh }) => energyWh > 0).length} of 96`],
    ["costs at most", money(worst, market.token)],
  ];
  const curve: Curve = { account: options.account, nonce: state.nonce, firstSlot, steps };
  const data = { chainId, exchange: market.exchange, ...curve };
  if (wallet === undefined || !options.yes) {
    const next = wallet === undefined ? "Name the account's key (--keystore …) and add --yes" : "Add --yes";
    return {
      data: { signed: false, worstMicro: worst, ...data },
      text: `${pairs(facts)}\n\nNot signed. ${next} to sign.`,
    };
  }
  if (!isAddressEqual(wallet.address, state.owner)) {
    const maySign = await client.readContract({
      ...{ address: market.accounts, abi: energyAccountsAbi, functionName: "wasSessionKey" },
      args: [options.account, wallet.address, BigInt(gate)],
    } as const);
    if (!maySign)
      throw new CliError(
        `${wallet.address} may not sign for account ${options.account} until the gate`,
        "Sign as its owner, or have the owner set a session key.",
      );
  }
  const signer = await wallet.unlock();
  const signature = await signTypedData(signer, {
    account: signer.account,
    ...curveTypedData({ chainId, exchange: market.exchange }, curve),
  });
  const { r, yParityAndS: vs } = signatureToCompactSignature(parseSignature(signature));
  const order = { ...data, r, vs };
  if (options.out === undefined) return { data: { signed: true, ...order }, text: toJson(order) };
  writeOrderFile(io, options.out, order);
  return { data: { signed: true, file: options.out, ...order }, text: pairs([...facts, ["signed", options.out]]) };
}

/** Posts one order on chain. */
export async function planPost(
  market: Market,
  sender: `0x${string}`,
  account: number,
  day: string,
  time: string,
  step: EnergyStep,
): Promise<Plan> {
  const slot = slotOf(day, time);
  const state = await accountState(market, account);
  if (!isAddressEqual(state.owner, sender))
    throw new CliError(`account ${account} belongs to ${state.owner}, not to ${sender}`, "Send from its owner.");
  const worst = worstCaseMicro(step);
  const now = await chainNow(market.context.client);
  return {
    facts: [
      ["account", String(account)],
      ["slot", slotName(slot, now)],
      ["order", showStep(step)],
      ["costs at most", `${money(worst, market.token)} of ${money(state.balanceMicro, market.token)}`],
    ],
    data: { account, slot, ...step, worstMicro: worst },
    steps: [
      call(market, sender, `post ${showStep(step)}; whoever settles must include it`, "post", [
        slot,
        account,
        Number(BigInt(encodeStep(step))),
      ]),
    ],
  };
}
