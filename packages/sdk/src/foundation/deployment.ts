import { getAddress, type Address } from "viem";
import { z } from "zod";
import { PublicaError } from "./errors.ts";

const hex = (bytes: number) => z.templateLiteral(["0x", z.string().regex(new RegExp(`^[0-9a-fA-F]{${bytes * 2}}$`))]);

const deployedContract = z.object({
  address: hex(20).transform((value) => getAddress(value)),
  codeHash: hex(32),
  block: z.number().int().nonnegative().optional(),
});

const deploymentSchema = z.object({
  chainId: z.number().int().positive(),
  network: z.string().min(1),
  contracts: z.record(z.string(), deployedContract),
});

/** One contract of a deployment. */
export interface DeployedContract {
  readonly address: Address;
  /** keccak256 of the code that stands there. */
  readonly codeHash: `0x${string}`;
  /** Block it was deployed in, from which its events are worth reading. */
  readonly block?: number;
}

/** Where one deployment of the suite lives. */
export interface Deployment {
  readonly chainId: number;
  readonly network: string;
  readonly contracts: Readonly<Record<string, DeployedContract>>;
}

/**
 * Reads a deployment's `addresses.json`.
 * @throws {PublicaError} `SdkInvalidDeployment` naming the field that is wrong.
 */
export function parseDeployment(json: string): Deployment {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new PublicaError(
      "SdkInvalidDeployment",
      "the addresses file is not JSON",
      "Deploy again, or restore the file.",
      [],
      error,
    );
  }
  const parsed = deploymentSchema.safeParse(value);
  if (parsed.success) return parsed.data as Deployment;
  const issue = parsed.error.issues[0];
  throw new PublicaError(
    "SdkInvalidDeployment",
    `the addresses file is wrong at ${issue?.path.join(".") || "the top"}: ${issue?.message ?? "unknown"}`,
    "Deploy again, or restore the file.",
  );
}

/**
 * The address of a contract in a deployment.
 * @throws {PublicaError} `SdkContractNotDeployed` when the deployment does not hold it.
 */
export function addressOf(deployment: Deployment, contract: string): Address {
  const entry = deployment.contracts[contract];
  if (entry !== undefined) return entry.address;
  throw new PublicaError(
    "SdkContractNotDeployed",
    `${contract} is not part of the deployment on chain ${deployment.chainId} (${deployment.network})`,
    `Deploy it with npm run deploy -- --network ${deployment.network}.`,
    [contract],
  );
}
