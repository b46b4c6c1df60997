import { expect } from "chai";
import hre from "hardhat";
import Demonstration from "../../deploy/modules/Demonstration.ts";

describe("the composed deployment", () => {
  it("stands on one foundation, with every role given exactly its functions", async () => {
    const { ignition, ethers } = await hre.network.create();
    const deployed = await ignition.deploy(Demonstration);
    const manager = await deployed.accessManager.getAddress();
    for (const contract of [
      deployed.credentialRegistry,
      deployed.sensorFeeds,
      deployed.attestedFeed,
      deployed.policyBook,
      deployed.underwritingPool,
    ]) {
      expect(await contract.getFunction("authority")()).to.equal(manager);
    }
    const [deployer, stranger] = await ethers.getSigners();
    const roles: [contract: keyof typeof deployed, name: string, role: bigint][] = [
      ["credentialRegistry", "appoint", 101n],
      ["credentialRegistry", "dismiss", 102n],
      ["sensorFeeds", "createFeed", 103n],
      ["sensorFeeds", "scheduleSensors", 103n],
      ["sensorFeeds", "cancelSensors", 104n],
      ["attestedFeed", "openFeed", 105n],
      ["attestedFeed", "scheduleCommittee", 105n],
      ["attestedFeed", "cancelCommittee", 106n],
      ["seriesRegistry", "openSeries", 401n],
      ["policyBook", "setQuoteKey", 402n],
      ["underwritingPool", "setSalesPaused", 403n],
      ["underwritingPool", "setPoolCap", 404n],
      ["underwritingPool", "setZoneCap", 404n],
      ["energyAccounts", "register", 501n],
      ["meterRegistry", "register", 502n],
      ["meterRegistry", "correct", 502n],
      ["energyBalancing", "setTariff", 503n],
    ];
    for (const [key, name, role] of roles) {
      const contract = deployed[key];
      const { selector } = contract.getFunction(name).fragment;
      const target = await contract.getAddress();
      expect(
        await deployed.accessManager.getFunction("getTargetFunctionRole")(target, selector),
        `${key}.${name}`,
      ).to.equal(role);
      const canCall = deployed.accessManager.getFunction("canCall");
      expect((await canCall(deployer?.address, target, selector))[0], `${key}.${name} by the holder`).to.equal(true);
      expect((await canCall(stranger?.address, target, selector))[0], `${key}.${name} by a stranger`).to.equal(false);
    }
  });
});
