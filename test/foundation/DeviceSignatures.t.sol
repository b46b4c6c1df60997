// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Test} from "../utils/Test.sol";
import {Curve, DeviceSignatures} from "../../contracts/foundation/libraries/DeviceSignatures.sol";

contract DeviceSignaturesTest is Test {
    uint256 private constant SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;

    function compact(uint256 key, bytes32 digest) private pure returns (bytes32 r, bytes32 vs) {
        uint8 v;
        bytes32 s;
        (v, r, s) = vm.sign(key, digest);
        vs = bytes32(uint256(s) | (uint256(v - 27) << 255));
    }

    function testFuzz_secp256k1SignatureIsAccepted(uint256 key, bytes32 digest) external view {
        key = bound(key, 1, SECP256K1_N - 1);
        (bytes32 r, bytes32 vs) = compact(key, digest);
        assertTrue(
            DeviceSignatures.verify(Curve.Secp256k1, bytes32(uint256(uint160(vm.addr(key)))), 0, digest, r, vs),
            "own signature"
        );
    }

    function testFuzz_p256SignatureIsAcceptedOnlyInItsLowForm(uint256 key, bytes32 digest) external view {
        key = bound(key, 1, P256_N - 1);
        (uint256 x, uint256 y) = vm.publicKeyP256(key);
        (bytes32 r, bytes32 s) = vm.signP256(key, digest);
        bytes32 other = bytes32(P256_N - uint256(s));
        (bytes32 low, bytes32 high) = uint256(s) <= P256_N / 2 ? (s, other) : (other, s);
        assertTrue(DeviceSignatures.verify(Curve.P256, bytes32(x), bytes32(y), digest, r, low), "low form");
        assertFalse(DeviceSignatures.verify(Curve.P256, bytes32(x), bytes32(y), digest, r, high), "high form");
    }

    function testFuzz_anotherDigestIsRejected(uint256 key, bytes32 digest, bytes32 otherDigest) external view {
        vm.assume(digest != otherDigest);
        key = bound(key, 1, SECP256K1_N - 1);
        (bytes32 r, bytes32 vs) = compact(key, digest);
        assertFalse(
            DeviceSignatures.verify(Curve.Secp256k1, bytes32(uint256(uint160(vm.addr(key)))), 0, otherDigest, r, vs),
            "other digest"
        );
    }
}
