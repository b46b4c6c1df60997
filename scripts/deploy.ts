// npm run deploy -- --network NAME: deploys the suite with Ignition, resumes what was interrupted, records addresses.
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { recordDeployment } from "./lib/addresses.ts";
import { ChainProblem, connectNetwork } from "./lib/chain.ts";
import { table } from "./lib/console.ts";
import { command, UsageError } from "./lib/usage.ts";

const USAGE = `Usage: npm run deploy -- --network NAME [--as ID] [--record] [--json]

Deploys the production build to a network of hardhat.config.ts. Parameters come from deploy/parameters/NAME.json (or
default.json), the account from the network's configuration: a variable of the environment or of Hardhat's keystore
(npx hardhat keystore set SEPOLIA_PRIVATE_KEY). Interrupted? Run it again: it resumes, and a finished deployment is left
as it is. --as names the deployment, where a network is to have more than one. --record also writes the addresses to deploy/addresses.json, which the repository and the package carry.

Example: npm run deploy -- --network sepolia`;

await command(USAGE, async () => {
  const { values } = parseArgs({
    options: {
      network: { type: "string" },
      as: { type: "string" },
      record: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (values.network === undefined) throw new UsageError("which network?");
  // Before the build, which takes minutes on a fresh clone: whatever is wrong with the network is said at once.
  const connection = await connectNetwork(values.network);
  await build("production");
  // The modules read the generated ABIs, which a fresh clone has only now.
  const { addressesPath, deploymentName, deploySuite } = await import("./lib/deployment.ts");
  const chainId = Number(await connection.provider.request({ method: "eth_chainId" }));
  const deploymentId = values.as ?? deploymentName(values.network, chainId);
  const deployment = await deploySuite({ connection, network: values.network, deploymentId, displayUi: !values.json });
  if (values.record) await recordDeployment(deployment);
  if (values.json) console.log(JSON.stringify(deployment, null, 2));
  else {
    const rows = Object.entries(deployment.contracts).map(([name, { address }]) => [name, address]);
    console.log(table(["contract", `address on ${values.network} (chain ${chainId})`], rows));
    console.log(`${pc.green("✔")} recorded in ${addressesPath(deploymentId)}`);
    console.log(`  verify the sources with: npx hardhat ignition verify ${deploymentId}`);
  }
  return 0;
}, [ChainProblem]);
