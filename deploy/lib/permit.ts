import type {
  AccountRuntimeValue,
  Future as IgnitionFuture,
  IgnitionModuleBuilder,
  NamedArtifactContractAtFuture,
  NamedArtifactContractDeploymentFuture,
} from "@nomicfoundation/ignition-core";
import { type Abi, type AbiFunction, getAbiItem, toFunctionSelector } from "viem";

/** A contract of a module, deployed by it or by another. */
export type Target = NamedArtifactContractDeploymentFuture<string> | NamedArtifactContractAtFuture<string>;

/** One role of a scenario and the only functions it may call. */
export interface Permission {
  /** Number of the role in the AccessManager; unique in the suite. */
  readonly role: bigint;
  /** Name of the role and of the module parameter that says who holds it (by default the deploying account). */
  readonly name: string;
  readonly target: Target;
  readonly abi: Abi;
  readonly functions: readonly string[];
  /** True for what only takes power away (dismiss, pause, cancel): it must not wait for the module's delay. */
  readonly immediate?: boolean;
}

/** Roles of the modules loaded so far that act at once; the hand-over to a multisig keeps them quick. */
const immediateRoles = new Set<bigint>();

/** Whether `role` only takes power away and therefore acts without delay. */
export function isImmediate(role: bigint): boolean {
  return immediateRoles.has(role);
}

/**
 * Gives each role exactly its functions, labels it and grants it to the account the parameters name, with the execution
 * delay of the module's parameter `delay` (seconds between announcing an administrative call and making it); roles that
 * only take power away act at once.
 */
export function permit(
  m: IgnitionModuleBuilder,
  manager: Target,
  permissions: readonly Permission[],
  after: IgnitionFuture[] = [],
): void {
  const deployer: AccountRuntimeValue = m.getAccount(0);
  const delay = m.getParameter("delay", 0);
  for (const { role, name, target, abi, functions, immediate } of permissions) {
    if (immediate) immediateRoles.add(role);
    const selectors = functions.map((item) => toFunctionSelector(getAbiItem({ abi, name: item }) as AbiFunction));
    m.call(manager, "setTargetFunctionRole", [target, selectors, role], { id: `${name}_functions`, after });
    m.call(manager, "labelRole", [role, name], { id: `${name}_label` });
    m.call(manager, "grantRole", [role, m.getParameter(name, deployer), immediate ? 0 : delay], {
      id: `${name}_grant`,
    });
  }
}
