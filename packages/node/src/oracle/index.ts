export { type Attestation, encodeAttestation, roundAt } from "./attestation.ts";
export { type OracleConfig, oracleConfigSchema } from "./config.ts";
export { type DeviceId, type DeviceKey, deviceIdOf, openDeviceKey, parseEnvelope, sealEnvelope } from "./envelope.ts";
export { type NodeStatus, type OracleNode, startOracleNode } from "./node.ts";
export {
  act,
  BEHAVIOURS,
  type Behaviour,
  connectHttp,
  connectMqtt,
  createFleet,
  type Link,
  runSimulation,
  type VirtualDevice,
} from "./simulate.ts";
export { encodeSenml, parseSenml, type SenmlEntry, type SenmlRecord } from "./senml.ts";
