import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { attestedFeedAbi, credentialRegistryAbi, sensorFeedsAbi } from "@publica/sdk/abi";
import { permit } from "../lib/permit.ts";

const TWO_DAYS = 172_800;
const WEEK = 604_800;

/**
 * The ground floor: one AccessManager for the whole deployment, the credential registry, the sensor feeds and their
 * committee lane.
 *
 * Parameters: `activationDelay` (seconds between announcing a feed's next sensor set or committee and its coming into
 * force), `disputeWindow` (seconds an attested value can be corrected and a leaving member's bond is held), `delay`
 * (execution delay of the roles, seconds), and who holds the roles: `registrar`, `credentialGuard`, `feedKeeper`,
 * `feedGuard`, `committeeKeeper`, `committeeGuard`.
 */
export default buildModule("Foundation", (m) => {
  const accessManager = m.contract("AccessManager", [m.getAccount(0)]);
  const credentialRegistry = m.contract("CredentialRegistry", [accessManager]);
  const activationDelay = m.getParameter("activationDelay", TWO_DAYS);
  const sensorFeeds = m.contract("SensorFeeds", [accessManager, activationDelay]);
  const attestedFeed = m.contract("AttestedFeed", [
    accessManager,
    sensorFeeds,
    activationDelay,
    m.getParameter("disputeWindow", WEEK),
  ]);
  const credentials = { target: credentialRegistry, abi: credentialRegistryAbi } as const;
  const feeds = { target: sensorFeeds, abi: sensorFeedsAbi } as const;
  const committees = { target: attestedFeed, abi: attestedFeedAbi } as const;
  permit(m, accessManager, [
    { ...credentials, role: 101n, name: "registrar", functions: ["appoint"] },
    { ...credentials, role: 102n, name: "credentialGuard", functions: ["dismiss"], immediate: true },
    { ...feeds, role: 103n, name: "feedKeeper", functions: ["createFeed", "scheduleSensors"] },
    { ...feeds, role: 104n, name: "feedGuard", functions: ["cancelSensors"], immediate: true },
    { ...committees, role: 105n, name: "committeeKeeper", functions: ["openFeed", "scheduleCommittee"] },
    { ...committees, role: 106n, name: "committeeGuard", functions: ["cancelCommittee"], immediate: true },
  ]);
  return { accessManager, credentialRegistry, sensorFeeds, attestedFeed };
});
