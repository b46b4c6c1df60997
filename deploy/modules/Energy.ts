import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import type { ArgumentType, IgnitionModuleBuilder } from "@nomicfoundation/ignition-core";
import { energyAccountsAbi, energyBalancingAbi, meterRegistryAbi } from "@publica/sdk/abi";
import { permit, type Target } from "../lib/permit.ts";
import Foundation from "./Foundation.ts";

/**
 * One market in one currency: ledger, bonded operator, exchange (and the contract for large books),
 * meters, balancing, and a tick book beside it.
 * Accounts 1 to 3 are the network operator's, the balance-responsible party's and the one penalties go to; they are
 * opened here so that the exchange and the balancing can name them for ever.
 *
 * Parameters: the market's (see the constructors), `operator`, `networkOwner`, `balanceOwner`, `penaltyOwner`, `delay`,
 * and who holds the roles: `energyRegistrar` (accounts), `measurementBody` (meters and corrections), `energyTariff`.
 */
export function energyMarket(m: IgnitionModuleBuilder, manager: Target, token: ArgumentType) {
  const deployer = m.getAccount(0);
  const gateLeadSeconds = m.getParameter("gateLeadSeconds", 300);
  const minimumPostWh = m.getParameter("minimumPostWh", 100);
  const priceShare = m.getParameter("priceShare", 5_000);

  const energyAccounts = m.contract("EnergyAccounts", [
    token,
    manager,
    gateLeadSeconds,
    m.getParameter("withdrawalDelaySeconds", 432_000),
    minimumPostWh,
  ]);
  const marketOperator = m.contract("MarketOperator", [
    energyAccounts,
    m.getParameter("operator", deployer),
    m.getParameter("slashMicro", 50_000_000),
    m.getParameter("challengeSeconds", 432_000),
  ]);
  const energyExchange = m.contract("EnergyExchange", [
    {
      accounts: energyAccounts,
      operator: marketOperator,
      networkAccount: 1,
      priceShare,
      fallbackDelay: m.getParameter("fallbackDelaySeconds", 21_600),
      voidDelay: m.getParameter("voidDelaySeconds", 259_200),
    },
    m.getParameter("links", [{ parent: 0, feeTicks: 0, exportCapWh: 0, importCapWh: 0 }]),
  ]);
  const largeBooks = m.contract("LargeBooks", [energyExchange]);
  const meterRegistry = m.contract("MeterRegistry", [manager]);
  const energyBalancing = m.contract("EnergyBalancing", [energyAccounts, energyExchange, meterRegistry, 2, 3, manager]);
  const tickBook = m.contract("TickBook", [
    token,
    m.getParameter("tickLevels", 128),
    m.getParameter("tickBase", -60),
    m.getParameter("tickWidth", 4),
    gateLeadSeconds,
    priceShare,
    minimumPostWh,
  ]);

  // The deploying account opens the first accounts as administrator; the roles come after.
  const open = (owner: string, after: ReturnType<typeof m.call>[] = []) =>
    m.call(energyAccounts, "register", [m.getParameter(owner, deployer), 0, 0], { id: `${owner}_account`, after });
  const network = open("networkOwner");
  const balance = open("balanceOwner", [network]);
  const penalty = open("penaltyOwner", [balance]);
  const connected = m.call(energyAccounts, "connect", [energyExchange, largeBooks, energyBalancing], {
    after: [penalty],
  });
  permit(
    m,
    manager,
    [
      { role: 501n, name: "energyRegistrar", target: energyAccounts, abi: energyAccountsAbi, functions: ["register"] },
      {
        role: 502n,
        name: "measurementBody",
        target: meterRegistry,
        abi: meterRegistryAbi,
        functions: ["register", "correct"],
      },
      { role: 503n, name: "energyTariff", target: energyBalancing, abi: energyBalancingAbi, functions: ["setTariff"] },
    ],
    [connected],
  );
  return { energyAccounts, marketOperator, energyExchange, largeBooks, meterRegistry, energyBalancing, tickBook };
}

/** A market on its own. Further parameter: `token`, the currency. */
export default buildModule("Energy", (m) => {
  const { accessManager } = m.useModule(Foundation);
  return { accessManager, ...energyMarket(m, accessManager, m.getParameter("token")) };
});
