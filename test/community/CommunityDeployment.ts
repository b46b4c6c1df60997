import { expect } from "chai";
import hre from "hardhat";
import Community from "../../deploy/modules/Community.ts";

describe("the community's deployment", () => {
  it("wires the contracts to each other and to the foundation", async () => {
    const { ignition } = await hre.network.create();
    const deployed = await ignition.deploy(Community);
    const register = await deployed.equipmentRegister.getAddress();
    expect(await deployed.workOrders.getFunction("REGISTER")()).to.equal(register);
    expect(await deployed.workOrders.getFunction("FORUM")()).to.equal(await deployed.residentForum.getAddress());
    expect(await deployed.workOrders.getFunction("SERVICE")()).to.equal(await deployed.serviceContract.getAddress());
    expect(await deployed.gatewaySweeps.getFunction("REGISTER")()).to.equal(register);
    expect(await deployed.residentForum.getFunction("REGISTER")()).to.equal(register);
    expect(await deployed.serviceContract.getFunction("REGISTER")()).to.equal(register);
    const credentials = await deployed.equipmentRegister.getFunction("CREDENTIALS")();
    for (const contract of [deployed.residentForum, deployed.workOrders])
      expect(await contract.getFunction("CREDENTIALS")()).to.equal(credentials);
  });
});
