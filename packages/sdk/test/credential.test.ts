import { expect } from "chai";
import { hashTypedData, recoverTypedDataAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  type CredentialGrant,
  credentialGrantTypedData,
  credentialType,
  grantChannel,
  PublicaError,
  signCredentialGrant,
} from "../src/foundation/index.ts";

const issuer = privateKeyToAccount(`0x${"11".repeat(32)}`);
const registry = { address: "0x0000000000000000000000000000000000000011", chainId: 31337 } as const;
const subject = "0x0000000000000000000000000000000000000022";

const grant: CredentialGrant = {
  credentialType: credentialType("publica.technician"),
  subject,
  from: 1_000,
  until: 2_000,
  attributes: 7n,
  issuer: issuer.address,
  epoch: 0,
  channel: grantChannel(subject),
  nonce: 0n,
  deadline: 1_500,
};

describe("credential grants", () => {
  it("are signed by any viem account over the registry's typed data", async () => {
    const signature = await signCredentialGrant(issuer, { ...registry, grant });
    const signer = await recoverTypedDataAddress({ ...credentialGrantTypedData(registry, grant), signature });
    expect(signer).to.equal(issuer.address);
  });

  it("differ in digest by chain, registry and each of their words", () => {
    const digests = [
      credentialGrantTypedData(registry, grant),
      credentialGrantTypedData({ ...registry, chainId: 1 }, grant),
      credentialGrantTypedData({ ...registry, address: subject }, grant),
      ...(
        [
          { credentialType: credentialType("publica.physician") },
          { subject: issuer.address },
          { from: 999 },
          { until: 2_001 },
          { attributes: 8n },
          { issuer: subject },
          { epoch: 1 },
          { channel: 0n },
          { nonce: 1n },
          { deadline: 1_501 },
        ] as const
      ).map((change) => credentialGrantTypedData(registry, { ...grant, ...change })),
    ].map((typedData) => hashTypedData(typedData));
    expect(new Set(digests).size).to.equal(13);
  });

  it("come from a remote signer, whose failure keeps its words", async () => {
    const remote = { signTypedData: () => Promise.reject(new Error("the HSM is locked")) };
    const failure = await signCredentialGrant(remote, { ...registry, grant }).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(PublicaError);
    expect((failure as PublicaError).message).to.equal("the HSM is locked");
  });

  it("are refused with the field that is wrong", () => {
    for (const [change, field] of [
      [{ subject: "0x0000000000000000000000000000000000000000" }, "subject"],
      [{ subject: "0x12" }, "subject"],
      [{ from: -1 }, "from"],
      [{ from: 1.5 }, "from"],
      [{ until: 2 ** 40 }, "until"],
      [{ until: 1_000 }, "until"],
      [{ attributes: 2n ** 64n }, "attributes"],
      [{ attributes: -1n }, "attributes"],
    ] as const) {
      expect(() => credentialGrantTypedData(registry, { ...grant, ...change }))
        .to.throw(PublicaError, `${field}:`)
        .with.property("code", "SdkInvalidInput");
    }
  });

  it("run in one channel a subject", () => {
    expect(grantChannel(subject)).to.equal(0x22n);
  });
});
