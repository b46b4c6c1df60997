import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import Foundation from "./Foundation.ts";

/**
 * Wills: the registry (which makes the vaults' factory), its two companions, the ERC-7878 facade, and the registry of encryption keys.
 *
 * Parameters: `claimBond` (what a claim without evidence costs a liar, wei). There are no roles: nobody administers a will.
 */
export default buildModule("Wills", (m) => {
  const { credentialRegistry } = m.useModule(Foundation);
  const claimBond = m.getParameter("claimBond", 10n ** 17n);
  const encryptionKeyRegistry = m.contract("EncryptionKeyRegistry");
  const willRegistry = m.contract("WillRegistry", [credentialRegistry, claimBond]);
  const heirLoss = m.contract("HeirLoss", [willRegistry]);
  const willEvidence = m.contract("WillEvidence", [willRegistry]);
  const willObituaries = m.contract("WillObituaries", [willRegistry]);
  return { encryptionKeyRegistry, willRegistry, heirLoss, willEvidence, willObituaries };
});
