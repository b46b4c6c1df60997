import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import Foundation from "./Foundation.ts";

const ONE_ETHER = 10n ** 18n;
const TEN_FINNEY = 10n ** 16n;

/**
 * Community equipment: register, gateways, residents, service contracts and work orders. No roles: nobody administers it.
 *
 * Parameters: `gatewayBond` and `disputeBond` (wei), `confirmations` (residents who must agree).
 */
export default buildModule("Community", (m) => {
  const { accessManager, credentialRegistry } = m.useModule(Foundation);
  const equipmentRegister = m.contract("EquipmentRegister", [credentialRegistry]);
  const gatewaySweeps = m.contract("GatewaySweeps", [equipmentRegister, m.getParameter("gatewayBond", ONE_ETHER)]);
  const residentForum = m.contract("ResidentForum", [
    credentialRegistry,
    equipmentRegister,
    m.getParameter("confirmations", 3),
    m.getParameter("disputeBond", TEN_FINNEY),
  ]);
  const serviceContract = m.contract("ServiceContract", [equipmentRegister]);
  const workOrders = m.contract("WorkOrders", [equipmentRegister, residentForum, serviceContract, credentialRegistry]);
  return { accessManager, equipmentRegister, gatewaySweeps, residentForum, serviceContract, workOrders };
});
