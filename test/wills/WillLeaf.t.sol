// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Test} from "../utils/Test.sol";
import {WillAcceptance, WillState} from "../../contracts/wills/interfaces/IWillRegistry.sol";
import {WillHeir, WillLeaf} from "../../contracts/wills/libraries/WillLeaf.sol";
import {Seal, WillSeal} from "../../contracts/wills/libraries/WillSeal.sol";
import {WillSignatures} from "../../contracts/wills/libraries/WillSignatures.sol";

/// @notice What wills write in assembly, or as one word, beside the plain twin of each.
contract WillLeafTest is Test {
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function rootOf(bytes32 leaf, bytes32[] calldata proof) external pure returns (bytes29) {
        return WillLeaf.rootOf(leaf, proof);
    }

    function heirsLeaf(WillHeir[] calldata list) external pure returns (bytes32) {
        return WillLeaf.heirs(list);
    }

    function signerOf(bytes32 digest, bytes calldata signature) external view returns (address) {
        return WillSignatures.signerOf(digest, signature);
    }

    function signersOf(bytes32 digest, WillAcceptance calldata acceptance) external view returns (address, address) {
        return WillSignatures.signersOf(digest, acceptance);
    }

    function testFuzz_rootOfAgreesWithThePlainTwin(bytes32 leaf, bytes32[] memory proof) external view {
        bytes29 expected = bytes29(MerkleProof.processProof(proof, leaf));
        assertEq(bytes32(this.rootOf(leaf, proof)), bytes32(expected), "root");
    }

    function testFuzz_leavesAgreeWithThePlainTwins(WillHeir[] memory list, uint8 index, address share) external view {
        bytes32 expected = keccak256(abi.encode(WillLeaf.HEIRS, list.length, keccak256(abi.encode(list))));
        assertEq(this.heirsLeaf(list), expected, "heirs");
        expected = keccak256(abi.encode(WillLeaf.GUARDIAN_SHARE, index, share));
        assertEq(WillLeaf.guardianShare(index, share), expected, "guardian's share");
    }

    function testFuzz_digestOfAgreesWithThePlainTwin(bytes32 domain, bytes32[6] memory message) external pure {
        bytes32 expected = MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(message)));
        assertEq(WillSignatures.digestOf(domain, message), expected, "digest");
    }

    /// @dev Honest signatures in 65 bytes, their malleated twins, other recovery numbers, other lengths and noise.
    function testFuzz_signerAgreesWithOpenZeppelin(
        uint256 key,
        bytes32 digest,
        uint8 kind,
        bytes32 noise
    ) external view {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(bound(key, 1, ORDER - 1), digest);
        if (kind % 5 == 1) (v, s) = (v ^ 7, bytes32(ORDER - uint256(s)));
        if (kind % 5 == 2) (v, r) = (uint8(uint256(noise)), noise);
        if (kind % 5 == 3) s = noise;
        bytes memory signature = abi.encodePacked(r, s, v);
        if (kind % 5 == 4) signature = bytes.concat(signature, noise);
        (address expected, ECDSA.RecoverError problem, ) = ECDSA.tryRecover(digest, signature);
        if (problem != ECDSA.RecoverError.NoError) expected = address(0);
        assertEq(this.signerOf(digest, signature), expected, "65 bytes");
    }

    /// @dev The same in EIP-2098's form, where only the half order and noise can be wrong; alone and as half of a pair.
    function testFuzz_shortSignersAgreeWithOpenZeppelin(
        uint256 key,
        bytes32 digest,
        uint8 kind,
        bytes32 other
    ) external view {
        (uint8 v, bytes32 r, bytes32 vs) = vm.sign(bound(key, 1, ORDER - 1), digest);
        if (kind % 4 == 1) vs = bytes32(ORDER - uint256(vs));
        if (v == 28) vs |= bytes32(uint256(1) << 255);
        if (kind % 4 == 2) vs = other;
        if (kind % 4 == 3) r = other;
        address expected = shortSigner(digest, r, vs);
        assertEq(WillSignatures.signerOf(digest, r, vs), expected, "EIP-2098");
        address second = shortSigner(digest, other, digest);
        checkPair(digest, WillAcceptance(r, vs, other, digest), expected, second);
        checkPair(digest, WillAcceptance(other, digest, r, vs), second, expected);
    }

    function shortSigner(bytes32 digest, bytes32 r, bytes32 vs) private pure returns (address) {
        (address signer, ECDSA.RecoverError problem, ) = ECDSA.tryRecover(digest, r, vs);
        return problem == ECDSA.RecoverError.NoError ? signer : address(0);
    }

    function checkPair(bytes32 digest, WillAcceptance memory pair, address first, address second) private view {
        (address wallet, address share) = this.signersOf(digest, pair);
        assertEq(wallet, first, "wallet");
        assertEq(share, second, "share");
    }

    function testFuzz_sealIsItsParts(bytes29 root, uint8 stage, uint16 first, uint16 second) external pure {
        WillState state = WillState(stage % 9);
        Seal seal = WillSeal.sealed_(root);
        assertTrue(seal.stage() == WillState.None && seal.published() == 0, "fresh");
        seal = seal.withPublished(first).withStage(WillState.Opened).withStage(state).withPublished(second);
        assertEq(bytes32(seal.root()), bytes32(root), "root");
        assertTrue(seal.stage() == state, "stage");
        assertEq(uint256(seal.published()), first | second, "published");
        assertTrue(seal.isPublished(first) == (first != 0), "is published");
        bool publishing = state == WillState.Released || state == WillState.Opened;
        assertTrue(seal.isPublishing() == publishing, "is publishing");
    }
}
