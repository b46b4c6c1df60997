import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { energyAccountsAbi, energyBalancingAbi, meterRegistryAbi } from "@publica/sdk/abi";
import { permit } from "../lib/permit.ts";
import Foundation from "./Foundation.ts";

/**
 * One energy market in one currency: ledger, bonded operator, exchange, meters, balancing, and a tick book beside it.
 * Accounts 1 to 3 are the network operator's, the balance-responsible party's and the one penalties go to; they are
 * opened here so that the exchange and the balancing can name them for ever.
 *
 * Parameters: `token` (required, 6 decimals make a tick 0.1 ct/kWh), `operator`, `networkOwner`, `balanceOwner`,
 * `penaltyOwner` (addresses, by default the deploying account), `links` (zones, parents first), the times in seconds, and
 * who holds the roles: `energyRegistrar`, `measurementBody`, `energyTariff`.
 */
export default buildModule("Energy", (m) => {
  const { accessManager } = m.useModule(Foundation);
  const deployer = m.getAccount(0);
  const token = m.getParameter("token");
  const gateLead = m.getParameter("gateLeadSeconds", 300);
  const minimumWh = m.getParameter("minimumPostWh", 100);
  const priceShare = m.getParameter("priceShare", 5_000);

  const accounts = m.contract("EnergyAccounts", [
    token,
    accessManager,
    gateLead,
    m.getParameter("withdrawalDelaySeconds", 432_000),
    minimumWh,
  ]);
  const marketOperator = m.contract("MarketOperator", [
    accounts,
    m.getParameter("operator", deployer),
    m.getParameter("slashMicro", 50_000_000),
    m.getParameter("challengeSeconds", 432_000),
  ]);
  const terms = {
    accounts,
    operator: marketOperator,
    networkAccount: 1,
    priceShare,
    fallbackDelay: m.getParameter("fallbackDelaySeconds", 21_600),
    voidDelay: m.getParameter("voidDelaySeconds", 259_200),
  };
  const links = m.getParameter("links", [{ parent: 0, feeTicks: 0, exportCapWh: 0, importCapWh: 0 }]);
  const energyExchange = m.contract("EnergyExchange", [terms, links]);
  const meterRegistry = m.contract("MeterRegistry", [accessManager]);
  const energyBalancing = m.contract("EnergyBalancing", [accounts, energyExchange, meterRegistry, 2, 3, accessManager]);
  const tickBook = m.contract("TickBook", [
    token,
    m.getParameter("tickLevels", 128),
    m.getParameter("tickBase", -60),
    m.getParameter("tickWidth", 4),
    gateLead,
    priceShare,
    minimumWh,
  ]);

  // One after the other, so that the numbers are 1, 2 and 3; roles come last, when nothing is left for the deployer.
  const owner = (name: string) => m.getParameter(name, deployer);
  const first = m.call(accounts, "register", [owner("networkOwner"), 0, 0], { id: "network_account" });
  const second = m.call(accounts, "register", [owner("balanceOwner"), 0, 0], { id: "balance_account", after: [first] });
  const third = m.call(accounts, "register", [owner("penaltyOwner"), 0, 0], { id: "penalty_account", after: [second] });
  const connected = m.call(accounts, "connect", [energyExchange, energyBalancing], { after: [third] });
  const ready = m.contractAt("EnergyAccounts", accounts, { id: "EnergyAccountsReady", after: [connected] });
  const meters = { role: 502n, name: "measurementBody", target: meterRegistry, abi: meterRegistryAbi } as const;
  permit(m, accessManager, [
    { role: 501n, name: "energyRegistrar", target: ready, abi: energyAccountsAbi, functions: ["register"] },
    { ...meters, functions: ["register", "correct"] },
    { role: 503n, name: "energyTariff", target: energyBalancing, abi: energyBalancingAbi, functions: ["setTariff"] },
  ]);
  return { accounts, marketOperator, energyExchange, meterRegistry, energyBalancing, tickBook };
});
