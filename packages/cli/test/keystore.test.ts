import { expect } from "chai";
import { encryptKeystoreJsonSync } from "ethers";
import { decryptKeystore, keystoreAddress, parseKeystore } from "../src/lib/keystore.ts";

/** The vectors of the Web3 Secret Storage definition. */
const SECRET = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const ADDRESS = "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b";
const PBKDF2 = {
  address: "008aeeda4d805471df9b2a5b0f38a0c3bcba786b",
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "6087dab2f9fdbbfaddc31a909735c1e6" },
    ciphertext: "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
    kdf: "pbkdf2",
    kdfparams: {
      c: 262144,
      dklen: 32,
      prf: "hmac-sha256",
      salt: "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd",
    },
    mac: "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};
const SCRYPT = {
  crypto: {
    cipher: "aes-128-ctr",
    cipherparams: { iv: "83dbcc02d8ccb40e466191a123791e0e" },
    ciphertext: "d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
    kdf: "scrypt",
    kdfparams: {
      dklen: 32,
      n: 262144,
      p: 8,
      r: 1,
      salt: "ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19",
    },
    mac: "2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097",
  },
  id: "3198bc9c-6672-5ab3-d995-4942343ae5b6",
  version: 3,
};

describe("keystore", () => {
  for (const [kdf, file] of Object.entries({ pbkdf2: PBKDF2, scrypt: SCRYPT })) {
    it(`opens the published ${kdf} vector`, async () => {
      const keystore = parseKeystore(JSON.stringify(file));
      expect(await decryptKeystore(keystore, "testpassword")).to.equal(SECRET);
    });
  }

  it("knows a wrong password by the checksum", async () => {
    const keystore = parseKeystore(JSON.stringify(PBKDF2));
    await rejected(decryptKeystore(keystore, "testpasswore"), /password does not open/);
  });

  it("opens what ethers wrote, with a password beyond ASCII", async () => {
    const json = encryptKeystoreJsonSync({ address: ADDRESS, privateKey: SECRET }, "pässwörd ½", {
      scrypt: { N: 1024, r: 8, p: 1 },
    });
    const keystore = parseKeystore(json);
    expect(keystoreAddress(keystore)).to.equal(ADDRESS);
    expect(await decryptKeystore(keystore, "pässwörd ½")).to.equal(SECRET);
  });

  it("refuses a file whose key is not the address's", async () => {
    const keystore = parseKeystore(JSON.stringify({ ...PBKDF2, address: `${"00".repeat(19)}01` }));
    await rejected(decryptKeystore(keystore, "testpassword"), /another account/);
  });

  const wrong: [what: string, json: string, says: RegExp][] = [
    ["what is not JSON", "not json", /not JSON/],
    ["another version", JSON.stringify({ ...PBKDF2, version: 1 }), /at version/],
    ["another cipher", JSON.stringify({ ...PBKDF2, crypto: { ...PBKDF2.crypto, cipher: "rot13" } }), /crypto.cipher/],
    ["a short checksum", JSON.stringify({ ...PBKDF2, crypto: { ...PBKDF2.crypto, mac: "00" } }), /crypto.mac/],
    ["an unknown key derivation", JSON.stringify({ ...PBKDF2, crypto: { ...PBKDF2.crypto, kdf: "md5" } }), /crypto/],
  ];
  for (const [what, json, says] of wrong) {
    it(`refuses ${what}`, () => {
      expect(() => parseKeystore(json)).to.throw(says);
    });
  }

  for (const [what, parameters] of Object.entries({
    "more memory than honest": { n: 2 ** 28, r: 8 },
    "a cost that is no power of two": { n: 262143 },
  })) {
    it(`refuses ${what}`, async () => {
      const kdfparams = { ...SCRYPT.crypto.kdfparams, ...parameters };
      const keystore = parseKeystore(JSON.stringify({ ...SCRYPT, crypto: { ...SCRYPT.crypto, kdfparams } }));
      await rejected(decryptKeystore(keystore, "testpassword"), /scrypt parameters/);
    });
  }
});

async function rejected(promise: Promise<unknown>, says: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(Error);
  expect((error as Error).message).to.match(says);
}
