import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { type Abi, type AbiFunction, getAbiItem, toFunctionSelector } from "viem";
import { policyBookAbi, underwritingPoolAbi } from "../../packages/sdk/src/generated/abi.ts";

/** Roles of this scenario in the deployment's AccessManager. None can move money or stop a payout. */
export const INSURANCE_ROLES = {
  /** Opens series of cover. */
  opener: 401n,
  /** Appoints quote keys and their daily limits. */
  pricing: 402n,
  /** Pauses and resumes sales. */
  pauser: 403n,
  /** Sets the caps of pool and zones. */
  caps: 404n,
} as const;

const WEEK = 604_800;

const selector = (abi: Abi, name: string): string => toFunctionSelector(getAbiItem({ abi, name }) as AbiFunction);

/**
 * The policy book, its settlement and one pool.
 *
 * Parameters: `manager` (the AccessManager), `asset` (the money), `poolName`, `poolSymbol`, `cooldown` (seconds), and
 * `opener`, `pricing`, `pauser`, `caps`: the accounts that get the roles, each the deploying account unless told otherwise.
 */
export default buildModule("Insurance", (m) => {
  const deployer = m.getAccount(0);
  const manager = m.contractAt("AccessManager", m.getParameter("manager"));

  const book = m.contract("PolicyBook", [manager]);
  const settlement = m.contract("PolicySettlement", [book]);
  const tower = m.contract("ReinsuranceTower", [manager]);
  const pool = m.contract("UnderwritingPool", [
    m.getParameter("asset"),
    m.getParameter("poolName", "Publica Underwriting"),
    m.getParameter("poolSymbol", "pUW"),
    manager,
    book,
    settlement,
    tower,
    m.getParameter("cooldown", WEEK),
  ]);

  const functions = [
    { role: "opener", target: book, names: ["openSeries"], abi: policyBookAbi },
    { role: "pricing", target: book, names: ["setQuoteKey"], abi: policyBookAbi },
    { role: "pauser", target: book, names: ["setSalesPaused"], abi: policyBookAbi },
    { role: "caps", target: pool, names: ["setPoolCap", "setZoneCap"], abi: underwritingPoolAbi },
  ] as const;
  for (const { role, target, names, abi } of functions) {
    const selectors = names.map((name) => selector(abi, name));
    m.call(manager, "setTargetFunctionRole", [target, selectors, INSURANCE_ROLES[role]], { id: `${role}Functions` });
    m.call(manager, "grantRole", [INSURANCE_ROLES[role], m.getParameter(role, deployer), 0], { id: `${role}Grant` });
  }
  return { book, settlement, tower, pool };
});
