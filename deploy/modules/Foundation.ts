import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { credentialRegistryAbi, sensorFeedsAbi } from "@publica/sdk/abi";
import { permit } from "../lib/permit.ts";

const TWO_DAYS = 172_800;

/**
 * The ground floor: one AccessManager for the whole deployment, the credential registry and the sensor feeds.
 *
 * Parameters: `activationDelay` (seconds between announcing a feed's next sensor set and its coming into force),
 * `delay` (execution delay of the roles, seconds), and who holds the roles: `registrar`, `credentialGuard`, `feedKeeper`,
 * `feedGuard`.
 */
export default buildModule("Foundation", (m) => {
  const accessManager = m.contract("AccessManager", [m.getAccount(0)]);
  const credentialRegistry = m.contract("CredentialRegistry", [accessManager]);
  const sensorFeeds = m.contract("SensorFeeds", [accessManager, m.getParameter("activationDelay", TWO_DAYS)]);
  const credentials = { target: credentialRegistry, abi: credentialRegistryAbi } as const;
  const feeds = { target: sensorFeeds, abi: sensorFeedsAbi } as const;
  permit(m, accessManager, [
    { ...credentials, role: 101n, name: "registrar", functions: ["appoint"] },
    { ...credentials, role: 102n, name: "credentialGuard", functions: ["dismiss"], immediate: true },
    { ...feeds, role: 103n, name: "feedKeeper", functions: ["createFeed", "scheduleSensors"] },
    { ...feeds, role: 104n, name: "feedGuard", functions: ["cancelSensors"], immediate: true },
  ]);
  return { accessManager, credentialRegistry, sensorFeeds };
});
