import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { credentialRegistryAbi, sensorFeedsAbi } from "@publica/sdk/abi";
import { permit } from "../lib/permit.ts";

const TWO_DAYS = 172_800;

/**
 * The ground floor: one AccessManager for the whole deployment, the credential registry and the sensor feeds.
 *
 * Parameters: `activationDelay` (seconds between announcing a feed's next sensor set and its coming into force),
 * `delay` (execution delay of the roles, seconds), `registrar` and `feedKeeper` (who holds the roles).
 */
export default buildModule("Foundation", (m) => {
  const accessManager = m.contract("AccessManager", [m.getAccount(0)]);
  const credentialRegistry = m.contract("CredentialRegistry", [accessManager]);
  const sensorFeeds = m.contract("SensorFeeds", [accessManager, m.getParameter("activationDelay", TWO_DAYS)]);
  permit(m, accessManager, [
    {
      role: 101n,
      name: "registrar",
      target: credentialRegistry,
      abi: credentialRegistryAbi,
      functions: ["appoint", "dismiss"],
    },
    {
      role: 102n,
      name: "feedKeeper",
      target: sensorFeeds,
      abi: sensorFeedsAbi,
      functions: ["createFeed", "scheduleSensors", "cancelSensors"],
    },
  ]);
  return { accessManager, credentialRegistry, sensorFeeds };
});
