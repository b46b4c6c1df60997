import { expect } from "chai";
import { network } from "hardhat";
import Energy from "../../deploy/modules/Energy.ts";

const { ignition, ethers } = await network.create();

describe("the deployment of an energy market", () => {
  it("opens the three named accounts, fixes the markets, and gives each role only its functions", async () => {
    const token = await ethers.deployContract("TestToken", ["Energy Euro", "EEUR", 6]);
    const [deployer, registrar] = await ethers.getSigners();
    if (deployer === undefined || registrar === undefined) throw new Error("no accounts");
    const parameters = { Energy: { token: await token.getAddress(), energyRegistrar: registrar.address } };
    const { energyAccounts: accounts, energyExchange, energyBalancing } = await ignition.deploy(Energy, { parameters });
    expect(await accounts.getFunction("accountCount")()).to.equal(3n);
    expect((await energyExchange.getFunction("terms")()).networkAccount).to.equal(1n);
    expect([
      await energyBalancing.getFunction("BALANCE_ACCOUNT")(),
      await energyBalancing.getFunction("PENALTY_ACCOUNT")(),
    ]).to.deep.equal([2n, 3n]);
    await expect(
      accounts.connect(deployer).getFunction("connect")(deployer.address, deployer.address, deployer.address),
    ).to.be.revert(ethers);
    await expect(accounts.connect(deployer).getFunction("register")(deployer.address, 0, 0)).to.be.revert(ethers);
    await accounts.connect(registrar).getFunction("register")(deployer.address, 0, 1);
    expect(await accounts.getFunction("accountCount")()).to.equal(4n);
  });
});
