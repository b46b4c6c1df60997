import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

/**
 * One energy market: ledger, bonded operator, exchange, meters, balancing, and a tick book beside it.
 * Accounts 1 to 3 are the network operator's, the balance-responsible party's and the one penalties go to; they are
 * opened here so that the exchange and the balancing can name them for ever.
 */
export default buildModule("Energy", (m) => {
  const deployer = m.getAccount(0);
  const token = m.getParameter<string>("token");
  const manager = m.getParameter<string>("manager");
  const operatorAddress = m.getParameter<string>("operator", deployer as unknown as string);
  const networkOwner = m.getParameter<string>("networkOwner", deployer as unknown as string);
  const balanceOwner = m.getParameter<string>("balanceOwner", deployer as unknown as string);
  const penaltyOwner = m.getParameter<string>("penaltyOwner", deployer as unknown as string);

  const accounts = m.contract("EnergyAccounts", [
    token,
    manager,
    m.getParameter("gateLeadSeconds", 300),
    m.getParameter("withdrawalDelaySeconds", 432_000),
    m.getParameter("minimumPostWh", 100),
  ]);
  const operator = m.contract("MarketOperator", [
    accounts,
    operatorAddress,
    m.getParameter("slashMicro", 50_000_000),
    m.getParameter("challengeSeconds", 432_000),
  ]);
  const exchange = m.contract("EnergyExchange", [
    {
      accounts,
      operator,
      networkAccount: 1,
      priceShare: m.getParameter("priceShare", 5_000),
      fallbackDelay: m.getParameter("fallbackDelaySeconds", 21_600),
      voidDelay: m.getParameter("voidDelaySeconds", 259_200),
    },
    m.getParameter("links", [{ parent: 0, feeTicks: 0, exportCapWh: 0, importCapWh: 0 }]),
  ]);
  const meters = m.contract("MeterRegistry", [manager]);
  const balancing = m.contract("EnergyBalancing", [accounts, exchange, meters, 2, 3, manager]);
  const tickBook = m.contract("TickBook", [
    token,
    m.getParameter("tickLevels", 128),
    m.getParameter("tickBase", -60),
    m.getParameter("tickWidth", 4),
    m.getParameter("gateLeadSeconds", 300),
    m.getParameter("priceShare", 5_000),
    m.getParameter("minimumPostWh", 100),
  ]);

  const first = m.call(accounts, "register", [networkOwner, 0, 0], { id: "networkAccount" });
  const second = m.call(accounts, "register", [balanceOwner, 0, 0], { id: "balanceAccount", after: [first] });
  const third = m.call(accounts, "register", [penaltyOwner, 0, 0], { id: "penaltyAccount", after: [second] });
  m.call(accounts, "connect", [exchange, balancing], { after: [third] });
  return { accounts, operator, exchange, meters, balancing, tickBook };
});
